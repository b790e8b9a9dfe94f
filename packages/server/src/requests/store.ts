/** Requests with an Idempotency-Key that made something, kept for a day: whoever repeats one, as its answer was lost, is told of the same thing. */
import type { DocumentKey } from "../documents/store.ts";
import type { Database, Statement } from "../ports.ts";

export interface MadeByRequest {
  readonly applicationId: string;
  readonly request: string;
  /** Id of what it makes. */
  readonly made: string;
  readonly now: number;
}

/** For the transaction that makes it. Fails (`UniqueViolation`) when the request has made something already. */
export function requestMade({ applicationId, request, made, now }: MadeByRequest): Statement {
  return {
    sql: "INSERT INTO requests (application_id, request, made, created_at) VALUES (?, ?, ?, ?)",
    params: [applicationId, request, made, now],
  };
}

/** In place of what it made before, which is gone. Fails (`Conflict`) when it has done so already. */
export function requestMadeAnew({ applicationId, request, made, now }: MadeByRequest, gone: string): Statement {
  return {
    sql: "UPDATE requests SET made = ?, created_at = ? WHERE application_id = ? AND request = ? AND made = ?",
    params: [made, now, applicationId, request, gone],
    expect: 1,
  };
}

/** Id of what the request has made; null: nothing, or a document that has been deleted. */
export async function madeBy(database: Database, applicationId: string, request: string): Promise<string | null> {
  const [row] = await database.query("SELECT made FROM requests WHERE application_id = ? AND request = ?", [applicationId, request]);
  return (row?.made ?? null) as string | null;
}

/** The document is deleted: a repeated request makes another one. */
export function requestsForgotten({ applicationId, documentId }: DocumentKey): Statement {
  return { sql: "DELETE FROM requests WHERE application_id = ? AND made = ?", params: [applicationId, documentId] };
}

export function deleteOldRequests(before: number): Statement {
  return { sql: "DELETE FROM requests WHERE created_at < ?", params: [before] };
}
