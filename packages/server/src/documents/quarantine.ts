/** A file that has cost too many workers is not tried any more, and its document says why. */
import { ApiError } from "@lectern/protocol/plain";
import type { DocumentDeps } from "./deps.ts";
import { type DocumentRow, markFailed } from "./store.ts";

/** Does work on the document's file; when that puts the file into quarantine, the document becomes `failed`. */
export async function noticingQuarantine<T>(deps: DocumentDeps, document: DocumentRow, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError && error.extra?.quarantined === true && document.status === "ready") {
      const key = { applicationId: document.applicationId, documentId: document.id };
      const failed = { ...document, status: "failed", statusReason: error.message } as const;
      await markFailed(deps.database, key, error.message, deps.clock.now(), deps.rowsOf("document.failed", failed, null));
      deps.readiness.changed(key);
    }
    throw error;
  }
}
