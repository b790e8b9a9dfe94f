/** Overwriting of documents as rows: the file that waits beside the document, and the transaction by which it takes its place. */
import type { OverwriteLeft, OverwriteStatus } from "@lectern/protocol";
import { metadataForgotten, metadataKept } from "../documents/metadata/store.ts";
import {
  blobUse,
  changesUse,
  type DocumentKey,
  type DocumentMetadata,
  type DocumentRow,
  revisionOf,
  type RevisionRow,
} from "../documents/store.ts";
import { Conflict, type Database, type Row, type Statement, type StoredBlob } from "../ports.ts";

/** A file that is to become revision `n`. */
export interface OverwriteRow {
  readonly n: number;
  readonly status: OverwriteStatus;
  /** Why it failed, or what is not shown of the new file: a sentence a line. */
  readonly reason: string | null;
  readonly sourceBlob: string;
  readonly byteSize: number;
  /** null: the document's own stays. */
  readonly title: string | null;
  readonly metadata: DocumentMetadata | null;
  readonly sealedPassword: string | null;
  readonly keepAnnotations: boolean;
  readonly leftOut: OverwriteLeft | null;
  /** Blob of what came with the file, to be applied to it. */
  readonly changesBlob: string | null;
  /** The document did not use these bytes before: when the file is refused they go. */
  readonly beganUse: boolean;
}

function overwriteOf(row: Row): OverwriteRow {
  const json = <T>(value: unknown): T | null => (value === null ? null : (JSON.parse(value as string) as T));
  return {
    n: row.n as number,
    status: row.status as OverwriteStatus,
    reason: row.reason as string | null,
    sourceBlob: row.source_blob as string,
    byteSize: row.byte_size as number,
    title: row.title as string | null,
    metadata: json<DocumentMetadata>(row.metadata),
    sealedPassword: row.sealed_password as string | null,
    keepAnnotations: row.keep_annotations === 1,
    leftOut: json<OverwriteLeft>(row.left_out),
    changesBlob: row.changes_blob as string | null,
    beganUse: row.began_use === 1,
  };
}

/** All revisions that the document ever stood on, oldest first. */
export async function allRevisions(database: Database, { applicationId, documentId }: DocumentKey): Promise<RevisionRow[]> {
  const rows = await database.query(
    `SELECT n, source_blob, base_blob, password_protected, sealed_password FROM revisions
      WHERE application_id = ? AND document_id = ? ORDER BY n`,
    [applicationId, documentId],
  );
  return rows.map(revisionOf);
}

export async function findOverwrite(
  database: Database,
  { applicationId, documentId }: DocumentKey,
  n: number,
): Promise<OverwriteRow | null> {
  const [row] = await database.query("SELECT * FROM overwrites WHERE application_id = ? AND document_id = ? AND n = ?", [
    applicationId,
    documentId,
    n,
  ]);
  return row === undefined ? null : overwriteOf(row);
}

/** The one that was asked for last; null when the document was never overwritten. */
export async function lastOverwrite(database: Database, { applicationId, documentId }: DocumentKey): Promise<OverwriteRow | null> {
  const [row] = await database.query("SELECT * FROM overwrites WHERE application_id = ? AND document_id = ? ORDER BY n DESC LIMIT 1", [
    applicationId,
    documentId,
  ]);
  return row === undefined ? null : overwriteOf(row);
}

/** The number of the revision that the next file would become. */
export async function nextRevision(database: Database, { applicationId, documentId }: DocumentKey): Promise<number> {
  const params = [applicationId, documentId];
  const [overwrites, revisions] = await database.snapshot([
    { sql: "SELECT MAX(n) AS n FROM overwrites WHERE application_id = ? AND document_id = ?", params },
    { sql: "SELECT MAX(n) AS n FROM revisions WHERE application_id = ? AND document_id = ?", params },
  ]);
  return Math.max((overwrites![0]?.n ?? 0) as number, (revisions![0]?.n ?? 0) as number) + 1;
}

/** Throws `Conflict` when the document is gone, `UniqueViolation` when the number is taken. */
export async function insertOverwrite(
  database: Database,
  key: DocumentKey,
  row: Omit<OverwriteRow, "status" | "reason" | "leftOut" | "changesBlob"> & {
    readonly mediaType: string;
    readonly changes: StoredBlob | null;
    readonly now: number;
  },
  also: readonly Statement[],
): Promise<void> {
  const { applicationId, documentId } = key;
  const { n, sourceBlob, byteSize, title, metadata, sealedPassword, keepAnnotations, beganUse, mediaType, changes, now } = row;
  await database.transaction([
    // Nobody deletes it before this has ended.
    {
      sql: "UPDATE documents SET updated_at = updated_at WHERE application_id = ? AND id = ?",
      params: [applicationId, documentId],
      expect: 1,
    },
    {
      sql: `INSERT INTO overwrites (application_id, document_id, n, status, reason, source_blob, byte_size, title, metadata, sealed_password,
        keep_annotations, left_out, changes_blob, began_use, created_at) VALUES (?, ?, ?, 'preparing', NULL, ?, ?, ?, ?, ?, ?, NULL, ?, ?, ?)`,
      params: [
        applicationId,
        documentId,
        n,
        sourceBlob,
        byteSize,
        title,
        metadata === null ? null : JSON.stringify(metadata),
        sealedPassword,
        keepAnnotations ? 1 : 0,
        changes?.sha256 ?? null,
        beganUse ? 1 : 0,
        now,
      ],
    },
    ...blobUse({ ...key, sha256: sourceBlob, size: byteSize, mediaType, now }),
    ...(changes === null ? [] : changesUse(key, changes, now)),
    ...also,
  ]);
}

/** What was uploaded has become a PDF. False when the overwriting is not waited for any more. */
export async function replaceOverwriteSource(
  database: Database,
  key: DocumentKey,
  n: number,
  source: { readonly sha256: string; readonly size: number; readonly warnings: readonly string[]; readonly now: number },
): Promise<boolean> {
  const { sha256, size, warnings, now } = source;
  return written(database, [
    {
      sql: `UPDATE overwrites SET source_blob = ?, byte_size = ?, reason = ? WHERE application_id = ? AND document_id = ? AND n = ?
        AND status = 'preparing'`,
      params: [sha256, size, warnings.length === 0 ? null : warnings.join("\n"), key.applicationId, key.documentId, n],
      expect: 1,
    },
    ...blobUse({ ...key, sha256, size, mediaType: "application/pdf", now }),
  ]);
}

/** The document stays as it is. False when the overwriting has ended otherwise. `also`: what tells of it. */
export async function failOverwrite(
  database: Database,
  { applicationId, documentId }: DocumentKey,
  { n, reason, also }: { readonly n: number; readonly reason: string; readonly also: readonly Statement[] },
): Promise<boolean> {
  const sql =
    "UPDATE overwrites SET status = 'failed', reason = ? WHERE application_id = ? AND document_id = ? AND n = ? AND status = 'preparing'";
  return written(database, [{ sql, params: [reason, applicationId, documentId, n], expect: 1 }, ...also]);
}

/** The document uses the bytes of a refused file no more, unless a revision or another file that waits has the same. True when it did. */
export async function stopUsingRefused(database: Database, { applicationId, documentId }: DocumentKey, sha256: string): Promise<boolean> {
  const sql = `DELETE FROM blob_uses WHERE application_id = ? AND document_id = ? AND sha256 = ?
    AND NOT EXISTS (SELECT 1 FROM revisions WHERE application_id = ? AND document_id = ? AND (source_blob = ? OR base_blob = ?))
    AND NOT EXISTS (SELECT 1 FROM overwrites WHERE application_id = ? AND document_id = ? AND (source_blob = ? OR changes_blob = ?)
      AND status = 'preparing')`;
  const key = [applicationId, documentId];
  return written(database, [{ sql, params: [...key, sha256, ...key, sha256, sha256, ...key, sha256, sha256], expect: 1 }]);
}

export interface Switch {
  /** As it was read: when it has changed since, nothing is written. */
  readonly from: DocumentRow;
  /** As it becomes. */
  readonly to: DocumentRow;
  readonly base: { readonly sha256: string; readonly size: number };
  readonly leftOut: OverwriteLeft | null;
  /** By which the default layer moves, and what tells of it. */
  readonly also: readonly Statement[];
}

/** The new revision is the document's from here on. False, and nothing written, when the document or its layer has changed since they were read. */
export async function switchRevision(database: Database, { from, to, base, leftOut, also }: Switch): Promise<boolean> {
  const { applicationId, id, updatedAt: now } = to;
  const key = { applicationId, documentId: id };
  return written(database, [
    {
      sql: `UPDATE documents SET revision = ?, status = 'ready', status_reason = ?, source_sha256 = ?, byte_size = ?, page_count = ?,
        password_protected = ?, sealed_password = ?, title = ?, metadata = ?, updated_at = ?
        WHERE application_id = ? AND id = ? AND revision = ? AND status = ? AND updated_at = ?`,
      params: [
        to.revision,
        to.statusReason,
        to.sourceSha256,
        to.byteSize,
        to.pageCount,
        to.passwordProtected ? 1 : 0,
        to.sealedPassword,
        to.title,
        JSON.stringify(to.metadata),
        now,
        applicationId,
        id,
        from.revision,
        from.status,
        from.updatedAt,
      ],
      expect: 1,
    },
    ...metadataForgotten({ applicationId, documentId: id }),
    ...metadataKept({ applicationId, documentId: id }, to.metadata),
    {
      sql: "UPDATE overwrites SET status = 'done', left_out = ?, reason = ? WHERE application_id = ? AND document_id = ? AND n = ? AND status = 'preparing'",
      params: [leftOut === null ? null : JSON.stringify(leftOut), to.statusReason, applicationId, id, to.revision],
      expect: 1,
    },
    {
      sql: "UPDATE revisions SET password_protected = ?, sealed_password = ? WHERE application_id = ? AND document_id = ? AND n = ?",
      params: [from.passwordProtected ? 1 : 0, from.sealedPassword, applicationId, id, from.revision],
    },
    {
      sql: "INSERT INTO revisions (application_id, document_id, n, source_blob, base_blob, created_at) VALUES (?, ?, ?, ?, ?, ?)",
      params: [applicationId, id, to.revision, to.sourceSha256, base.sha256, now],
    },
    ...blobUse({ ...key, sha256: base.sha256, size: base.size, mediaType: "application/x-ndjson", now }),
    ...also,
  ]);
}

/** False when what they expect is not so. */
async function written(database: Database, statements: readonly Statement[]): Promise<boolean> {
  try {
    await database.transaction(statements);
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    throw error;
  }
}
