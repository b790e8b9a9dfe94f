/** Requests that made a document, kept for a day: whoever repeats one, as its answer was lost, is told of that document. */
import type { DocumentKey } from "../documents/store.ts";
import type { Database, Statement } from "../ports.ts";

/** For the transaction that makes the document. Fails (`UniqueViolation`) when the request has made one already. */
export function requestMade({ applicationId, documentId }: DocumentKey, request: string, now: number): Statement {
  return {
    sql: "INSERT INTO requests (application_id, request, document_id, created_at) VALUES (?, ?, ?, ?)",
    params: [applicationId, request, documentId, now],
  };
}

/** Id of the document that the request has made; null: none, or it has been deleted. */
export async function madeBy(database: Database, applicationId: string, request: string): Promise<string | null> {
  const [row] = await database.query("SELECT document_id FROM requests WHERE application_id = ? AND request = ?", [applicationId, request]);
  return (row?.document_id ?? null) as string | null;
}

/** The document is deleted: a repeated request makes another one. */
export function requestsForgotten({ applicationId, documentId }: DocumentKey): Statement {
  return { sql: "DELETE FROM requests WHERE application_id = ? AND document_id = ?", params: [applicationId, documentId] };
}

export function deleteOldRequests(before: number): Statement {
  return { sql: "DELETE FROM requests WHERE created_at < ?", params: [before] };
}
