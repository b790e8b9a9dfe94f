/**
 * From `preparing` to `ready`, `locked` or `failed`: what is no PDF becomes one, a worker opens the file and writes its manifest and base records, page 1 is drawn into the
 * cache, then the row changes and everybody who waits is told. Done at least once; doing it twice changes nothing.
 */
import { createReadStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ApiError, newId } from "@lectern/protocol/plain";
import type { PagesRead, PrepareSummary, RenderSource } from "../ports.ts";
import { convertDocument, convertWarnings } from "./convert.ts";
import type { DocumentDeps } from "./deps.ts";
import { prepareWithPictures } from "./pictures.ts";
import { renderSource } from "./password.ts";
import type { PreparePayload } from "./prepare-job.ts";
import { drawPage } from "./stream.ts";
import { applyAttached } from "../interchange/attached.ts";
import { blobUse, changesOfRevision, type DocumentRow, findDocument, markFailed, markLocked, markReady } from "./store.ts";
import { keepBlob } from "./keep-blob.ts";

/** Width of page 1 that is there when a document is `ready`: the rung of a page in a window of ordinary width. */
export const FIRST_WIDTH = 960;
/** Drawn when nobody waits for anything: the thumbnail, and the page for wider windows. */
const LATER_WIDTHS = [320, 1280] as const;

/** The handler of `prepare` jobs. */
export async function prepareDocument(
  deps: DocumentDeps,
  payload: unknown,
  signal: AbortSignal,
  attempt: { readonly last: boolean },
): Promise<void> {
  const { applicationId, documentId, revision, convert } = payload as PreparePayload;
  const key = { applicationId, documentId };
  const document = await findDocument(deps.database, key);
  if (document === null || document.status !== "preparing" || document.revision !== revision) return;
  try {
    const isPdf = convert === undefined || convert.blob !== document.sourceSha256;
    if (!isPdf) deps.readiness.progressed(key, { stage: "converting", pages: null });
    const pdf = isPdf ? document : await convertDocument(deps, document, convert, signal);
    if (pdf !== null) await prepare(deps, pdf, signal);
  } catch (error) {
    const reason = reasonOf(error) ?? (attempt.last ? "It could not be prepared because of an error of the service" : null);
    if (signal.aborted || reason === null) throw error;
    if (isLocked(error)) await markLocked(deps.database, key, deps.clock.now());
    else {
      const failed = { ...document, status: "failed", statusReason: reason } as const;
      await markFailed(deps.database, key, reason, deps.clock.now(), deps.rowsOf("document.failed", failed, null));
    }
    if (attempt.last && reasonOf(error) === null) deps.onError(`preparing document ${documentId}`, error);
  } finally {
    deps.readiness.changed(key);
  }
}

async function prepare(deps: DocumentDeps, document: DocumentRow, signal: AbortSignal): Promise<void> {
  const source = await renderSource(deps, document);
  const key = { applicationId: document.applicationId, documentId: document.id };
  const { summary, base } = await importFile(deps, document, source, signal, (pages) =>
    deps.readiness.progressed(key, { stage: "reading", pages }),
  );
  await drawFirst(deps, document, source, signal);
  const told = await attachedTo(deps, document, base.sha256);
  const { pageCount, encrypted, title, warnings } = summary;
  const ready = await markReady(
    deps.database,
    document,
    { pageCount, encrypted, title, warnings: [...convertWarnings(document), ...warnings, ...told], base },
    deps.clock.now(),
    deps.rowsOf("document.ready", { ...document, status: "ready", pageCount, title: document.title ?? title }, null),
  );
  if (ready !== null) drawLater(deps, ready, source);
}

/** What came with the file is on it before anybody sees it. Sentences about what of that was left out. */
async function attachedTo(deps: DocumentDeps, document: DocumentRow, baseBlob: string): Promise<readonly string[]> {
  const { applicationId, id: documentId, revision: n, sourceSha256: sourceBlob } = document;
  const blob = await changesOfRevision(deps.database, { applicationId, documentId }, n);
  if (blob === null) return [];
  const base = await deps.bases.load(applicationId, { n, sourceBlob, baseBlob, passwordProtected: false, sealedPassword: null });
  return applyAttached(deps, { document, base, blob });
}

export async function drawFirst(deps: DocumentDeps, document: DocumentRow, source: RenderSource, signal: AbortSignal): Promise<void> {
  try {
    await drawPage(deps, document, { source, index: 0, width: FIRST_WIDTH, encoding: "small", priority: "interactive", signal });
  } catch (error) {
    // A page as long as a receipt may only have smaller images; the document can be read all the same.
    if (!(error instanceof ApiError && error.code === "too_large")) throw error;
  }
}

export async function importFile(
  deps: DocumentDeps,
  document: DocumentRow,
  source: RenderSource,
  signal: AbortSignal,
  onProgress?: (pages: PagesRead) => void,
): Promise<{ readonly summary: PrepareSummary; readonly base: { readonly sha256: string; readonly size: number } }> {
  const target = join(deps.tempDir, `${newId(deps.clock.now(), deps.random(10))}.ndjson`);
  try {
    const { applicationId, id: documentId, revision } = document;
    const summary = await prepareWithPictures(deps, { applicationId, documentId }, source, {
      revision,
      target,
      files: true,
      onProgress,
      signal,
    });
    const base = await keepBlob(
      deps,
      applicationId,
      () => deps.blobs.write(applicationId, createReadStream(target), { signal }),
      async (blob) => {
        // Now, not with the document's row: other documents have the same base, and the last of them may be deleted in between.
        await deps.database.transaction(
          blobUse({ applicationId, documentId, ...blob, mediaType: "application/x-ndjson", now: deps.clock.now() }),
        );
        return blob;
      },
    );
    return { summary, base };
  } finally {
    await rm(target, { force: true });
  }
}

export function drawLater(deps: DocumentDeps, document: DocumentRow, source: RenderSource): void {
  for (const width of LATER_WIDTHS) {
    deps.ahead.want(`${document.applicationId}/${source.sha256}/0 ${width}`, (signal) =>
      drawPage(deps, document, { source, index: 0, width, encoding: "small", priority: "ahead", signal }),
    );
  }
}

function isLocked(error: unknown): boolean {
  return error instanceof ApiError && (error.code === "password_required" || error.code === "wrong_password");
}

/** What it says of the document; null when it says something of the service. */
export function reasonOf(error: unknown): string | null {
  const codes = [
    "unsupported_media_type",
    "password_required",
    "wrong_password",
    "invalid_document",
    "document_failed",
    "too_large",
    "not_found",
  ];
  return error instanceof ApiError && codes.includes(error.code) ? error.message : null;
}
