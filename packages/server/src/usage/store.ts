/** Counters in the database: one row for each thing counted, so that counting it again changes nothing and a sum is exact. */
import type { Database, Statement } from "../ports.ts";

export type Counted = "sessions_opened" | "uploads" | "uploaded_bytes";

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

/** Sums of each day from the first to the last, both included, and what is stored now; as of one moment. */
export async function readSums(
  database: Database,
  applicationId: string,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<{ readonly sums: readonly UsageSum[]; readonly stored: Stored }> {
  const [sums, stored] = await database.snapshot([
    {
      sql: `SELECT day, what, CAST(sum(amount) AS BIGINT) AS amount FROM usage
        WHERE application_id = ? AND day >= ? AND day <= ? GROUP BY day, what ORDER BY day, what`,
      params: [applicationId, from, to],
    },
    {
      sql: "SELECT count(*) AS documents, CAST(coalesce(sum(byte_size), 0) AS BIGINT) AS bytes FROM documents WHERE application_id = ?",
      params: [applicationId],
    },
  ]);
  return { sums: sums as unknown as UsageSum[], stored: stored![0] as unknown as Stored };
}
