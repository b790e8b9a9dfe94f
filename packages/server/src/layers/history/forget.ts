/** Housekeeping of the log: changes older than the service is told to keep are forgotten. The layers themselves stay as they are. */
import type { JobOutcome } from "../../jobs/queue.ts";
import type { NewJob } from "../../jobs/store.ts";
import type { Clock, Database } from "../../ports.ts";
import { forgetChanges, layersWithOldChanges } from "./store.ts";

export const forgetJob: Omit<NewJob, "dueAt"> = { kind: "forget", key: "changes", payload: {} };

const PAUSE_MS = 3_600_000;
const BATCH = 200;

/** `keepMs` null: nothing is ever forgotten, and the job is done. */
export async function forgetOldChanges(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  keepMs: number | null,
  signal: AbortSignal,
): Promise<JobOutcome> {
  if (keepMs === null) return;
  for (;;) {
    const found = await layersWithOldChanges(database, clock.now() - keepMs, BATCH);
    for (const { layerId, seq } of found) {
      signal.throwIfAborted();
      await database.transaction(forgetChanges(layerId, seq));
    }
    if (found.length < BATCH) return { againIn: PAUSE_MS };
  }
}
