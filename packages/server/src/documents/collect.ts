/** The collector: takes away bytes that no document has used for a day, and what was drawn of them. A job that comes back every hour. */
import type { JobOutcome } from "../jobs/queue.ts";
import type { NewJob } from "../jobs/store.ts";
import type { DocumentDeps } from "./deps.ts";
import { deleteUnusedBlob, unusedBlobs } from "./store.ts";

export const UNUSED_MS = 24 * 3_600_000;
const PAUSE_MS = 3_600_000;
const BATCH = 500;

export const collectJob: Omit<NewJob, "dueAt"> = { kind: "collect", key: "blobs", payload: {} };

type CollectDeps = Pick<DocumentDeps, "database" | "blobs" | "cache" | "locks" | "clock">;

export async function collectBlobs(deps: CollectDeps, signal: AbortSignal): Promise<JobOutcome> {
  for (;;) {
    const found = await unusedBlobs(deps.database, deps.clock.now() - UNUSED_MS, BATCH);
    for (const { applicationId, sha256 } of found) {
      signal.throwIfAborted();
      await removeUnused(deps, applicationId, sha256);
    }
    if (found.length < BATCH) return { againIn: PAUSE_MS };
  }
}

/** The bytes, if no document uses them any more, and what was drawn and read of them. */
export async function removeUnused(
  deps: Pick<DocumentDeps, "database" | "blobs" | "cache" | "locks">,
  applicationId: string,
  sha256: string,
): Promise<void> {
  await deps.locks.hold(applicationId, sha256, async () => {
    if (!(await deleteUnusedBlob(deps.database, applicationId, sha256))) return;
    await deps.blobs.delete(applicationId, sha256);
    await deps.cache.drop(applicationId, sha256);
  });
}
