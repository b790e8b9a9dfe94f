/** Usage: exact counts per day (UTC) and application, written in the transaction of what they count. */
import { ApiError } from "@lectern/protocol/plain";
import type { Clock, Database, Statement } from "../ports.ts";
import { type Counted, readSums, usageStatement } from "./store.ts";

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

/** A file was stored as a document, or as a new revision of one. `revision`: two of a document may come within one millisecond. */
export function usageOfUpload(upload: {
  readonly applicationId: string;
  readonly documentId: string;
  readonly revision: number;
  readonly bytes: number;
  readonly now: number;
}): Statement[] {
  const { applicationId, documentId, revision, bytes, now } = upload;
  const entry = { applicationId, day: dayOf(now), key: `${documentId} ${now} ${revision}` };
  return [usageStatement({ ...entry, what: "uploads", amount: 1 }), usageStatement({ ...entry, what: "uploaded_bytes", amount: bytes })];
}

/** A document was deleted. */
export function usageOfDeletion(gone: {
  readonly applicationId: string;
  readonly documentId: string;
  readonly createdAt: number;
  readonly now: number;
}): Statement[] {
  const { applicationId, documentId, createdAt, now } = gone;
  const entry = { applicationId, key: `${documentId} ${createdAt}`, amount: 1 };
  return [
    usageStatement({ ...entry, day: dayOf(createdAt), what: "gone_made" }),
    usageStatement({ ...entry, day: dayOf(now), what: "gone_deleted" }),
  ];
}

export interface UsageOfDay {
  readonly day: string;
  readonly sessions_opened: number;
  readonly uploads: number;
  readonly uploaded_bytes: number;
  /** At the end of the day, or now. */
  readonly documents_stored: number;
}

export interface UsageReport {
  /** Each of the days asked for, in order. */
  readonly data: UsageOfDay[];
  /** Of the days asked for; `…_stored` is what there is now. */
  readonly totals: Omit<UsageOfDay, "day"> & { readonly bytes_stored: number };
}

const HAPPENS = ["sessions_opened", "uploads", "uploaded_bytes"] as const;

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

  const first = timeOf(from, "from");
  const { sums, stored, made } = await readSums(database, applicationId, { from, since: first });
  const amounts = new Map(sums.map(({ day, what, amount }) => [`${day} ${what}`, amount]));
  const madeOn = new Map(made.map(({ day, documents }) => [dayOf(day * DAY), documents]));
  const amount = (day: string, what: Counted): number => amounts.get(`${day} ${what}`) ?? 0;
  /** How many more there were at the end of the day than before it. */
  const more = (day: string): number => (madeOn.get(day) ?? 0) + amount(day, "gone_made") - amount(day, "gone_deleted");

  const later = [...new Set([...sums.map(({ day }) => day), ...madeOn.keys()])].filter((day) => day > to);
  let documents = later.reduce((count, day) => count - more(day), stored.documents);
  const data: UsageOfDay[] = [];
  // Backwards: what there is now is known, and what happened since.
  for (let n = days - 1; n >= 0; n--) {
    const day = dayOf(first + n * DAY);
    const [sessions_opened, uploads, uploaded_bytes] = HAPPENS.map((what) => amount(day, what)) as [number, number, number];
    data.unshift({ day, sessions_opened, uploads, uploaded_bytes, documents_stored: documents });
    documents -= more(day);
  }
  const total = (what: (typeof HAPPENS)[number]): number => data.reduce((sum, day) => sum + day[what], 0);
  return {
    data,
    totals: {
      sessions_opened: total("sessions_opened"),
      uploads: total("uploads"),
      uploaded_bytes: total("uploaded_bytes"),
      documents_stored: stored.documents,
      bytes_stored: stored.bytes,
    },
  };
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
