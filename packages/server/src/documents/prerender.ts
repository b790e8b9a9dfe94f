/** Pages drawn on request before somebody looks at them: as the viewer asks for them, so that its first look finds them made. */
import { ApiError, imageWidth, newId } from "@lectern/protocol/plain";
import { insertAsyncJob, setAsyncJob } from "../jobs/store.ts";
import type { LayerPages } from "../layers/pages.ts";
import type { DocumentDeps } from "./deps.ts";
import { renderSource } from "./password.ts";
import { noticingQuarantine } from "./quarantine.ts";
import { drawPage } from "./stream.ts";
import { type DocumentRow, findDocument } from "./store.ts";

interface PrerenderPayload {
  readonly jobId: string;
  readonly applicationId: string;
  readonly documentId: string;
  /** Blob, index and width of each image. */
  readonly images: readonly (readonly [blob: string, index: number, width: number])[];
}

export interface PrerenderRequest {
  readonly document: DocumentRow;
  readonly pages: LayerPages;
  /** Pixels a point. */
  readonly scales: readonly number[];
  /** First and last, both included; the document may end before the last. */
  readonly first: number;
  readonly last: number;
}

const MOST_IMAGES = 20_000;
/** The state is written after so many images. */
const NOTED_IMAGES = 25;

/** Answers the job's id. Throws ApiError `unprocessable`, `limit_exceeded`. */
export async function startPrerender(deps: DocumentDeps, { document, pages, scales, first, last }: PrerenderRequest): Promise<string> {
  if (last < first) throw new ApiError("unprocessable", "$.end_page: comes before start_page");
  if (first >= pages.count) throw new ApiError("unprocessable", `$.start_page: the document has ${pages.count} pages`);
  const images: (readonly [string, number, number])[] = [];
  for (let index = first; index <= Math.min(last, pages.count - 1); index++) {
    const page = pages.at(index);
    if (page === null || page.data.content === null) continue;
    const { source, sourceIndex } = page.data.content;
    const { width, height, rotation } = page.shown;
    // Images are of the page as its file has it: the viewer turns it when the layer does.
    const shown = (rotation - page.data.rotation) % 180 === 0 ? width : height;
    for (const rung of new Set(scales.map((scale) => imageWidth(Math.round(shown * scale))))) images.push([source, sourceIndex, rung]);
    if (images.length > MOST_IMAGES) throw new ApiError("limit_exceeded", `At most ${MOST_IMAGES} images at once: ask for fewer pages`);
  }
  const now = deps.clock.now();
  const jobId = newId(now, deps.random(10));
  const { applicationId, id: documentId } = document;
  const payload: PrerenderPayload = { jobId, applicationId, documentId, images };
  await deps.database.transaction([
    insertAsyncJob(
      { id: jobId, applicationId, documentId, kind: "prerender", status: "not_started", details: counts(images.length, 0, 0) },
      now,
    ),
    deps.jobs.statement({ kind: "prerender", key: jobId, payload }),
  ]);
  deps.jobs.wake();
  return jobId;
}

/** The handler of `prerender` jobs. What is drawn already is found in the cache, so doing it again costs little. */
export async function prerenderPages(
  deps: DocumentDeps,
  payload: unknown,
  signal: AbortSignal,
  attempt: { readonly last: boolean },
): Promise<void> {
  const { jobId, applicationId, documentId, images } = payload as PrerenderPayload;
  let done = 0;
  let failed = 0;
  const note = (status: "in_progress" | "completed" | "failed" | "cancelled", reason?: string): Promise<void> =>
    setAsyncJob(deps.database, jobId, {
      status,
      details: { ...counts(images.length, done, failed), ...(reason === undefined ? {} : { reason }) },
      now: deps.clock.now(),
    });
  try {
    for (const [blob, index, width] of images) {
      signal.throwIfAborted();
      if (done % NOTED_IMAGES === 0) await note("in_progress");
      const document = await findDocument(deps.database, { applicationId, documentId });
      if (document === null) return await note("cancelled", "The document has been deleted");
      if (!(await isDrawn(deps, document, { blob, index, width, signal }))) failed++;
      done++;
    }
    await note(failed > 0 && failed === images.length ? "failed" : "completed");
  } catch (error) {
    if (attempt.last && !signal.aborted) await note("failed", "An error of the service");
    throw error;
  }
}

/** False: this page cannot be drawn. */
async function isDrawn(
  deps: DocumentDeps,
  document: DocumentRow,
  { blob, index, width, signal }: { readonly blob: string; readonly index: number; readonly width: number; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    const source = await renderSource(deps, document, blob);
    await noticingQuarantine(deps, document, () =>
      drawPage(deps, document, { source, index, width, encoding: "fast", priority: "ahead", signal }),
    );
    return true;
  } catch (error) {
    // Too busy: later.
    if (!(error instanceof ApiError) || error.code === "unavailable") throw error;
    return false;
  }
}

function counts(images: number, done: number, failed: number): Record<string, number> {
  return { images, done, failed };
}
