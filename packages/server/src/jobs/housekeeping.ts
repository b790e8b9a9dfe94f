/** Takes away what nobody needs any more: a job that comes back every hour. Blobs without a use are the collector's (documents/collect.ts). */
import { deleteExpired as deleteExpiredSignIns } from "../accounts/store.ts";
import { deleteExpired as deleteExpiredTokens } from "../api-keys/store.ts";
import type { Clock, Database } from "../ports.ts";
import { deleteOldRequests } from "../requests/store.ts";
import { deleteEnded } from "../sessions/store.ts";
import { deleteOldDeliveries } from "../webhooks/store.ts";
import type { JobOutcome } from "./queue.ts";
import { deleteOldAsyncJobs, deleteOldPeers, type NewJob } from "./store.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** A request is repeated within a day. */
const REQUESTS_MS = DAY;
/** A browser that was away for longer has its unsent changes refused as `unknown_peer`. */
const BROWSERS_MS = 400 * DAY;
const DELIVERIES_MS = 30 * DAY;
const ASYNC_JOBS_MS = 30 * DAY;
/** For so long after its end a session is shown in lists; its token says itself that it has expired. */
const SESSIONS_MS = 30 * DAY;
/** For so long after its end an access token is told that it has expired. */
const TOKENS_MS = 7 * DAY;
const BATCH = 1000;

export const housekeepingJob: Omit<NewJob, "dueAt"> = { kind: "housekeeping", key: "all", payload: {} };

export async function keepHouse(
  {
    database,
    clock,
    also = [],
  }: { readonly database: Database; readonly clock: Clock; readonly also?: readonly ((signal: AbortSignal) => Promise<void>)[] },
  signal: AbortSignal,
): Promise<JobOutcome> {
  const now = clock.now();
  await database.transaction([
    ...deleteOldPeers({ requests: now - REQUESTS_MS, browsers: now - BROWSERS_MS }),
    deleteOldRequests(now - REQUESTS_MS),
    deleteOldAsyncJobs(now - ASYNC_JOBS_MS),
    deleteExpiredTokens(now - TOKENS_MS),
    deleteExpiredSignIns(now),
  ]);
  while ((await deleteOldDeliveries(database, now - DELIVERIES_MS, BATCH)) === BATCH) signal.throwIfAborted();
  while ((await deleteEnded(database, now - SESSIONS_MS, BATCH)) === BATCH) signal.throwIfAborted();
  for (const clean of also) await clean(signal);
  return { againIn: HOUR };
}
