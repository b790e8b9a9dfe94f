/**
 * What an app keeps with its documents, as documents are found by it: rows of their own, as SQL never looks into JSON, written with the document. A
 * name and its value are known by their digest, for which an index has room, whatever characters they have.
 */
import { createHash } from "node:crypto";
import type { Database, SqlValue, Statement } from "../../ports.ts";
import type { DocumentKey, DocumentMetadata } from "../store.ts";

/** By name: the value as text; that of `null` is empty. */
export type MetadataFilter = Readonly<Record<string, string>>;

/** Conditions for documents, each with ` AND ` before it. */
export interface Filter {
  readonly sql: string;
  readonly params: readonly SqlValue[];
}

export function joined(...filters: readonly Filter[]): Filter {
  return { sql: filters.map(({ sql }) => sql).join(""), params: filters.flatMap(({ params }) => params) };
}

const OWN = "SELECT document_id FROM document_metadata WHERE application_id = ? AND digest = ?";

export function metadataFilter(applicationId: string, metadata: MetadataFilter = {}): Filter {
  return joined(
    ...Object.entries(metadata).map(([name, value]) => ({ sql: ` AND id IN (${OWN})`, params: [applicationId, digest(name, value)] })),
  );
}

function digest(name: string, value: DocumentMetadata[string]): string {
  return createHash("sha256")
    .update(JSON.stringify([name, value === null ? "" : String(value)]))
    .digest("hex");
}

const ROWS_AT_ONCE = 500;

/** The rows by which a document is found. */
export function metadataKept({ applicationId, documentId }: DocumentKey, metadata: DocumentMetadata): Statement[] {
  const entries = Object.entries(metadata);
  const statements: Statement[] = [];
  for (let at = 0; at < entries.length; at += ROWS_AT_ONCE) {
    const some = entries.slice(at, at + ROWS_AT_ONCE);
    statements.push({
      sql: `INSERT INTO document_metadata (application_id, digest, document_id) VALUES ${some.map(() => "(?, ?, ?)").join(", ")}`,
      params: some.flatMap(([name, value]) => [applicationId, digest(name, value), documentId]),
    });
  }
  return statements;
}

export function metadataForgotten({ applicationId, documentId }: DocumentKey): Statement[] {
  return [{ sql: "DELETE FROM document_metadata WHERE application_id = ? AND document_id = ?", params: [applicationId, documentId] }];
}

export function metadataCopied({ applicationId, documentId }: DocumentKey, to: string): Statement {
  return {
    sql: `INSERT INTO document_metadata (application_id, digest, document_id)
      SELECT application_id, digest, ? FROM document_metadata WHERE application_id = ? AND document_id = ?`,
    params: [to, applicationId, documentId],
  };
}

/** Documents that were kept before there was the table. */
export async function findOldMetadata(database: Database): Promise<void> {
  const rows = await database.query<{ application_id: string; id: string; metadata: string }>(
    `SELECT application_id, id, metadata FROM documents WHERE metadata <> '{}' AND NOT EXISTS (SELECT 1 FROM document_metadata
      WHERE document_metadata.application_id = documents.application_id AND document_metadata.document_id = documents.id)`,
  );
  for (const { application_id: applicationId, id, metadata } of rows) {
    const key = { applicationId, documentId: id };
    // Another process may be at it, too.
    await database.transaction([...metadataForgotten(key), ...metadataKept(key, JSON.parse(metadata) as DocumentMetadata)]);
  }
}
