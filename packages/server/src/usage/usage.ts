/** Usage: exact counts per day (UTC) and application, written in the transaction of what they count. */
import { ApiError } from "@lectern/protocol/plain";
import type { Clock, Database, Statement } from "../ports.ts";
import { readSums, usageStatement } from "./store.ts";

const DAY = 86_400_000;
const MOST_DAYS = 366;

export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** A viewer opened a session's document. `loadId` is one opening: counted once however often it is asked for. */
export function usageOfSession(opened: { readonly applicationId: string; readonly loadId: string; readonly now: number }): Statement[] {
  const { applicationId, loadId, now } = opened;
  return [usageStatement({ applicationId, day: dayOf(now), what: "sessions_opened", key: loadId, amount: 1 })];
}

/** A file was stored as a document, or as a new revision of one. */
export function usageOfUpload(upload: {
  readonly applicationId: string;
  readonly documentId: string;
  readonly bytes: number;
  readonly now: number;
}): Statement[] {
  const { applicationId, documentId, bytes, now } = upload;
  const entry = { applicationId, day: dayOf(now), key: `${documentId} ${now}` };
  return [usageStatement({ ...entry, what: "uploads", amount: 1 }), usageStatement({ ...entry, what: "uploaded_bytes", amount: bytes })];
}

export interface UsageOfDay {
  readonly day: string;
  readonly sessions_opened: number;
  readonly uploads: number;
  readonly uploaded_bytes: number;
}

export interface UsageReport {
  /** Days on which something happened, in order. */
  readonly data: UsageOfDay[];
  /** Of the days asked for; `…_stored` is what there is now. */
  readonly totals: Omit<UsageOfDay, "day"> & { readonly documents_stored: number; readonly bytes_stored: number };
}

const NOTHING = { sessions_opened: 0, uploads: 0, uploaded_bytes: 0 };

/** `from`, `to`: first and last day, YYYY-MM-DD; the last 30 days by default. Throws ApiError `invalid_parameters`. */
export async function readUsage(
  database: Database,
  applicationId: string,
  period: { readonly from?: string | undefined; readonly to?: string | undefined },
  clock: Clock,
): Promise<UsageReport> {
  const to = period.to ?? dayOf(clock.now());
  const from = period.from ?? dayOf(timeOf(to, "to") - 29 * DAY);
  const days = (timeOf(to, "to") - timeOf(from, "from")) / DAY + 1;
  if (days < 1) throw invalid("from", "must not be after `to`");
  if (days > MOST_DAYS) throw invalid("from", `at most ${MOST_DAYS} days at once`);

  const { sums, stored } = await readSums(database, applicationId, { from, to });
  const byDay = new Map<string, { -readonly [K in keyof UsageOfDay]: UsageOfDay[K] }>();
  const totals = { ...NOTHING, documents_stored: stored.documents, bytes_stored: stored.bytes };
  for (const { day, what, amount } of sums) {
    const counts = byDay.get(day) ?? { day, ...NOTHING };
    byDay.set(day, counts);
    counts[what] = amount;
    totals[what] += amount;
  }
  return { data: [...byDay.values()], totals };
}

function timeOf(day: string, name: string): number {
  const time = Date.parse(`${day}T00:00:00Z`);
  // the parser takes February 30 for March 2
  if (Number.isNaN(time) || dayOf(time) !== day) throw invalid(name, "must be a day of the calendar, YYYY-MM-DD");
  return time;
}

function invalid(name: string, details: string): ApiError {
  return new ApiError("invalid_parameters", `\`${name}\` ${details}`, { failingPaths: [{ path: `$.${name}`, details }] });
}
