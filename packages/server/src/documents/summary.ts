/** A document as the API shows it. */
import type { DocumentSummary } from "@lectern/protocol";
import type { DocumentRow } from "./store.ts";

export function documentSummary(row: DocumentRow): DocumentSummary {
  const createdAt = new Date(row.createdAt).toISOString();
  return {
    id: row.id,
    document_id: row.id,
    title: row.title,
    createdAt,
    created_at: createdAt,
    updatedAt: new Date(row.updatedAt).toISOString(),
    sourcePdfSha256: row.sourceSha256,
    passwordProtected: row.passwordProtected,
    password_protected: row.passwordProtected,
    byteSize: row.byteSize,
    pageCount: row.pageCount,
    status: row.status,
    errors: row.statusReason === null ? [] : row.statusReason.split("\n").map((reason) => ({ reason })),
    metadata: row.metadata,
  };
}
