/** Waiting for a document to be prepared, and what it means when it is not. */
import { ApiError } from "@lectern/protocol/plain";
import type { DocumentDeps } from "./deps.ts";
import { type Preparation, preparationShown } from "./readiness.ts";
import { type DocumentKey, type DocumentRow, findDocument } from "./store.ts";

/** Seconds, unless it is said otherwise. */
export const DEFAULT_WAIT = 10;
/** Another node may have prepared it, and its word of that been lost: then it is looked for so often. */
const LOOK_MS = 1000;

/**
 * The document as soon as it has left `preparing`, at the latest after `wait` seconds (then it may still be `preparing`).
 * Throws ApiError `not_found`, also when it is deleted meanwhile.
 */
export async function waitForReady(
  deps: Pick<DocumentDeps, "database" | "readiness" | "clock">,
  key: DocumentKey,
  options: { readonly wait?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
): Promise<DocumentRow> {
  // Nearly always it is ready: that costs one look, and nothing to listen with.
  const first = await findDocument(deps.database, key);
  if (first === null) throw noSuchDocument();
  if (first.status !== "preparing") return first;
  const end = deps.clock.now() + (options.wait ?? DEFAULT_WAIT) * 1000;
  for (;;) {
    const left = Math.max(0, end - deps.clock.now());
    // Listening begins before the look, so that a change between the two is not missed.
    const next = deps.readiness.next(key, deps.database.shared ? Math.min(left, LOOK_MS) : left, options.signal);
    const row = await findDocument(deps.database, key).catch((error: unknown) => {
      next.stop();
      throw error;
    });
    if (row === null || row.status !== "preparing" || left === 0 || options.signal?.aborted === true) {
      next.stop();
      if (row === null) throw noSuchDocument();
      return row;
    }
    await next.changed;
  }
}

/**
 * Throws what stands in the way of reading the document: ApiError `preparing`, `document_failed`, `password_required`. `preparation`: how far it
 * is, where that is known.
 */
export function requireReady(document: DocumentRow, preparation: Preparation | null = null): void {
  switch (document.status) {
    case "ready":
      return;
    case "preparing":
      throw new ApiError("preparing", undefined, {
        retryAfter: 1,
        ...(preparation === null ? {} : { extra: { ...preparationShown(preparation) } }),
      });
    case "locked":
      throw new ApiError("password_required", "The document is encrypted and nobody has given its password yet");
    case "failed":
      throw new ApiError("document_failed", document.statusReason ?? undefined);
  }
}

export function noSuchDocument(): ApiError {
  return new ApiError("not_found", "There is no such document");
}
