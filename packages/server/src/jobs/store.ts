/** Jobs as rows: the only SQL of this folder, beside `claimJobs` of the database. */
import type { AsyncJobState } from "@lectern/protocol";
import type { Database, Row, Statement } from "../ports.ts";

export interface Job {
  readonly id: string;
  readonly kind: string;
  readonly payload: unknown;
  /** This one included. */
  readonly attempts: number;
}

export function jobOf(row: Row): Job {
  return {
    id: row.id as string,
    kind: row.kind as string,
    payload: JSON.parse(row.payload as string) as unknown,
    attempts: row.attempts as number,
  };
}

export interface NewJob {
  readonly kind: string;
  /** There is one job of a kind and key at a time; a second one is not made. */
  readonly key: string;
  readonly payload: unknown;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

export function insertJob(id: string, job: NewJob, now: number): Statement {
  return {
    sql: "INSERT INTO jobs (id, kind, key, payload, due_at, attempts, leased_by, leased_until, created_at) VALUES (?, ?, ?, ?, ?, 0, NULL, NULL, ?) ON CONFLICT (kind, key) DO NOTHING",
    params: [id, job.kind, job.key, JSON.stringify(job.payload), job.dueAt, now],
  };
}

/** When the next job is due or its lease ends; null when there is none. */
export async function nextDue(database: Database): Promise<number | null> {
  const [row] = await database.query(
    "SELECT MIN(CASE WHEN leased_until IS NULL OR leased_until < due_at THEN due_at ELSE leased_until END) AS due FROM jobs",
  );
  return (row?.due ?? null) as number | null;
}

export async function deleteJob(database: Database, worker: string, id: string): Promise<void> {
  await database.transaction([{ sql: "DELETE FROM jobs WHERE id = ? AND leased_by = ?", params: [id, worker] }]);
}

export async function extendLease(database: Database, worker: string, id: string, until: number): Promise<void> {
  await database.transaction([{ sql: "UPDATE jobs SET leased_until = ? WHERE id = ? AND leased_by = ?", params: [until, id, worker] }]);
}

/** Gives the job back, to be done at `dueAt`. `fresh`: its attempts are counted anew. */
export async function releaseJob(
  database: Database,
  worker: string,
  id: string,
  dueAt: number,
  options: { readonly fresh: boolean },
): Promise<void> {
  const attempts = options.fresh ? ", attempts = 0" : "";
  await database.transaction([
    {
      sql: `UPDATE jobs SET leased_by = NULL, leased_until = NULL, due_at = ?${attempts} WHERE id = ? AND leased_by = ?`,
      params: [dueAt, id, worker],
    },
  ]);
}

/** Leases of this process's predecessors: nobody else works on this store, so they are dead. */
export async function releaseAll(database: Database): Promise<void> {
  await database.transaction([{ sql: "UPDATE jobs SET leased_by = NULL, leased_until = NULL" }]);
}

/** Jobs that are due or under way, by kind; those of the calendar that wait for their hour are not. */
export async function waitingJobs(database: Database, now: number): Promise<{ readonly kind: string; readonly count: number }[]> {
  const rows = await database.query("SELECT kind, count(*) AS n FROM jobs WHERE due_at <= ? GROUP BY kind ORDER BY kind", [now]);
  return rows.map((row) => ({ kind: row.kind as string, count: row.n as number }));
}

/** Queues of changes that nobody will go on with: of requests that were repeated, and of browsers. */
export function deleteOldPeers(before: { readonly requests: number; readonly browsers: number }): Statement[] {
  return [
    ...["rest:%", "merge:%"].map((sids) => ({
      sql: "DELETE FROM peers WHERE updated_at < ? AND lower(sid) LIKE ? ESCAPE '!'",
      params: [before.requests, sids],
    })),
    { sql: "DELETE FROM peers WHERE updated_at < ?", params: [before.browsers] },
  ];
}

/** Work that a caller asked for and may ask after. */
export interface AsyncJob {
  readonly id: string;
  readonly applicationId: string;
  readonly documentId: string | null;
  readonly kind: string;
  readonly status: AsyncJobState;
  readonly details: Readonly<Record<string, unknown>>;
}

export function insertAsyncJob({ id, applicationId, documentId, kind, status, details }: AsyncJob, now: number): Statement {
  return {
    sql: `INSERT INTO async_jobs (id, application_id, document_id, kind, status, details, created_at, updated_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    params: [id, applicationId, documentId, kind, status, JSON.stringify(details), now, now],
  };
}

export async function findAsyncJob(database: Database, applicationId: string, id: string): Promise<AsyncJob | null> {
  const [row] = await database.query("SELECT * FROM async_jobs WHERE application_id = ? AND id = ?", [applicationId, id]);
  if (row === undefined) return null;
  return {
    id,
    applicationId,
    documentId: row.document_id as string | null,
    kind: row.kind as string,
    status: row.status as AsyncJobState,
    details: JSON.parse(row.details as string) as Record<string, unknown>,
  };
}

export async function setAsyncJob(
  database: Database,
  id: string,
  { status, details, now }: Pick<AsyncJob, "status" | "details"> & { readonly now: number },
): Promise<void> {
  await database.transaction([
    {
      sql: "UPDATE async_jobs SET status = ?, details = ?, updated_at = ? WHERE id = ?",
      params: [status, JSON.stringify(details), now, id],
    },
  ]);
}

/** Nobody asks any more. */
export function deleteOldAsyncJobs(before: number): Statement {
  return { sql: "DELETE FROM async_jobs WHERE updated_at < ?", params: [before] };
}
