/** An upload that takes the place of a document's file: kept beside it, with the job that prepares it, until it is ready. Called by the upload. */
import type { Making } from "../requests/once.ts";
import { requestMade } from "../requests/store.ts";
import { type Actor, SERVICE } from "../audit/audit.ts";
import { ApiError } from "@lectern/protocol/plain";
import type { UploadedKind } from "../convert/kinds.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { documentPasswordContext } from "../documents/password.ts";
import { noSuchDocument } from "../documents/status.ts";
import { type DocumentKey, type DocumentMetadata, usedBlobs } from "../documents/store.ts";
import { Conflict, type StoredBlob, UniqueViolation } from "../ports.ts";
import { overwriteJob } from "./overwrite-job.ts";
import { findOverwrite, insertOverwrite, nextRevision, type OverwriteRow } from "./store.ts";

export interface Overwrite {
  readonly key: DocumentKey;
  /** Stored, and held against the collector. */
  readonly blob: StoredBlob & {
    readonly kind: UploadedKind;
    readonly changes: StoredBlob | null;
    /** That made it, when it may be repeated. */
    readonly request: string | null;
  };
  /** Left out: the document's own stays. */
  readonly title: string | null;
  readonly metadata: DocumentMetadata | null;
  readonly password: string | null;
  readonly keepAnnotations: boolean;
  readonly by: Actor | undefined;
  readonly making: Making | undefined;
}

/** Uploads of the same document at the same moment. */
const TRIES = 20;

/** The revision that it will be. Throws ApiError `conflict` when the document is deleted meanwhile. */
export async function overwriteDocument(deps: DocumentDeps, { key, blob, by = SERVICE, making, ...given }: Overwrite): Promise<number> {
  const { title, metadata, password, keepAnnotations } = given;
  const sealedPassword = password === null ? null : deps.secret.seal(password, documentPasswordContext(key));
  for (let tries = 1; ; tries++) {
    const n = await nextRevision(deps.database, key);
    const now = deps.clock.now();
    const beganUse = (await usedBlobs(deps.database, key, [blob.sha256])).size === 0;
    const row = {
      n,
      sourceBlob: blob.sha256,
      byteSize: blob.size,
      title,
      metadata,
      sealedPassword,
      keepAnnotations,
      changes: blob.changes,
      beganUse,
    };
    try {
      await insertOverwrite(deps.database, key, { ...row, mediaType: blob.kind.mediaType, now }, [
        ...deps.usageOfUpload({ ...key, revision: n, bytes: blob.size, now }),
        ...(blob.request === null
          ? []
          : [requestMade({ applicationId: key.applicationId, request: blob.request, made: key.documentId, now })]),
        ...(making?.made(key.documentId) ?? []),
        deps.jobs.statement(overwriteJob(key, { n, by, blob: blob.sha256, kind: blob.kind })),
      ]);
      deps.jobs.wake();
      return n;
    } catch (error) {
      if (error instanceof Conflict) throw new ApiError("conflict", "The document was deleted while it was overwritten", { cause: error });
      if (!(error instanceof UniqueViolation) || tries >= TRIES) throw error;
    }
  }
}

/**
 * Waits until the new file has taken the document's place, at the latest for `seconds` (then it is still `preparing`). Throws ApiError
 * `unprocessable` when it cannot: the document is as it was.
 */
export async function waitForOverwrite(
  deps: DocumentDeps,
  key: DocumentKey,
  n: number,
  { seconds, signal }: { readonly seconds: number; readonly signal?: AbortSignal },
): Promise<OverwriteRow> {
  const end = deps.clock.now() + seconds * 1000;
  for (;;) {
    const left = Math.max(0, end - deps.clock.now());
    // Listening begins before the look, so that a change between the two is not missed.
    const next = deps.readiness.next(key, Math.min(left, LOOK_MS), signal);
    const row = await findOverwrite(deps.database, key, n).catch((error: unknown) => {
      next.stop();
      throw error;
    });
    if (row?.status === "preparing" && left > 0 && signal?.aborted !== true) {
      await next.changed;
      continue;
    }
    next.stop();
    if (row === null) throw noSuchDocument();
    if (row.status === "failed") throw new ApiError("unprocessable", `The document stays as it was: ${row.reason ?? ""}`);
    return row;
  }
}

/** Another node may have done it, and its word of that been lost. */
const LOOK_MS = 1000;
