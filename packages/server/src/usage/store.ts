/** Counters in the database: one row for each thing counted, so that counting it again changes nothing and a sum is exact. */
import type { Database, Statement } from "../ports.ts";

/** The last two are of documents that are gone, under the day on which they were made, and under that of their end. */
export type Counted = "sessions_opened" | "uploads" | "uploaded_bytes" | "gone_made" | "gone_deleted";

export interface UsageEntry {
  readonly applicationId: string;
  /** YYYY-MM-DD in UTC. */
  readonly day: string;
  readonly what: Counted;
  /** What makes this one thing different from all others counted that day. */
  readonly key: string;
  readonly amount: number;
}

/** For the transaction that does what is counted. */
export function usageStatement({ applicationId, day, what, key, amount }: UsageEntry): Statement {
  return {
    sql: `INSERT INTO usage (application_id, day, what, key, amount) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT (application_id, day, what, key) DO NOTHING`,
    params: [applicationId, day, what, key, amount],
  };
}

export interface UsageSum {
  readonly day: string;
  readonly what: Counted;
  readonly amount: number;
}

export interface Stored {
  readonly documents: number;
  readonly bytes: number;
}

/** Of the documents that there are: how many were made on that day. */
export interface Made {
  /** Since 1970. */
  readonly day: number;
  readonly documents: number;
}

/** Sums of each day since the first, and what is stored now; as of one moment. `since`: when that day begins. */
export async function readSums(
  database: Database,
  applicationId: string,
  { from, since }: { readonly from: string; readonly since: number },
): Promise<{ readonly sums: readonly UsageSum[]; readonly stored: Stored; readonly made: readonly Made[] }> {
  const [sums, stored, made] = await database.snapshot([
    {
      sql: `SELECT day, what, CAST(sum(amount) AS BIGINT) AS amount FROM usage
        WHERE application_id = ? AND day >= ? GROUP BY day, what ORDER BY day, what`,
      params: [applicationId, from],
    },
    {
      sql: "SELECT count(*) AS documents, CAST(coalesce(sum(byte_size), 0) AS BIGINT) AS bytes FROM documents WHERE application_id = ?",
      params: [applicationId],
    },
    {
      sql: `SELECT created_at / 86400000 AS day, count(*) AS documents FROM documents WHERE application_id = ? AND created_at >= ?
        GROUP BY created_at / 86400000`,
      params: [applicationId, since],
    },
  ]);
  return { sums: sums as unknown as UsageSum[], stored: stored![0] as unknown as Stored, made: made as unknown as Made[] };
}
