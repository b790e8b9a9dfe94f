/** Documents, their revisions and the blobs they use, as rows. The only SQL of this folder. */
import type { DocumentStatus } from "@lectern/protocol";
import { metadataCopied, metadataForgotten, metadataKept } from "./metadata/store.ts";
import { Conflict, type Database, type Row, type SqlValue, type Statement, type StoredBlob } from "../ports.ts";

/** Values of `metadata` that an app keeps with its document. */
export type DocumentMetadata = Readonly<Record<string, string | number | boolean | null>>;

/** Times are milliseconds since 1970. */
export interface DocumentRow {
  readonly applicationId: string;
  readonly id: string;
  readonly title: string | null;
  readonly status: DocumentStatus;
  /** Why it failed, or what is not shown of one that is ready: a sentence a line. */
  readonly statusReason: string | null;
  readonly revision: number;
  readonly sourceSha256: string;
  readonly byteSize: number;
  readonly pageCount: number | null;
  readonly passwordProtected: boolean;
  /** Sealed under `documentPasswordContext`; null while nobody has proved it. */
  readonly sealedPassword: string | null;
  readonly metadata: DocumentMetadata;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface RevisionRow {
  readonly n: number;
  readonly sourceBlob: string;
  /** Manifest and base records; null until prepared. */
  readonly baseBlob: string | null;
  /** Of one that is not the document's any more. */
  readonly passwordProtected: boolean;
  readonly sealedPassword: string | null;
}

/** Names a document: ids are unique within an application. */
export interface DocumentKey {
  readonly applicationId: string;
  readonly documentId: string;
}

/** Rows that the database recalls are the same objects each time, and nobody changes them. */
const known = new WeakMap<Row, DocumentRow>();

export function documentOf(row: Row): DocumentRow {
  const before = known.get(row);
  if (before !== undefined) return before;
  const document: DocumentRow = {
    applicationId: row.application_id as string,
    id: row.id as string,
    title: row.title as string | null,
    status: row.status as DocumentStatus,
    statusReason: row.status_reason as string | null,
    revision: row.revision as number,
    sourceSha256: row.source_sha256 as string,
    byteSize: row.byte_size as number,
    pageCount: row.page_count as number | null,
    passwordProtected: row.password_protected === 1,
    sealedPassword: row.sealed_password as string | null,
    metadata: JSON.parse(row.metadata as string) as DocumentMetadata,
    createdAt: row.created_at as number,
    updatedAt: row.updated_at as number,
  };
  known.set(row, document);
  return document;
}

const INSERT = `INSERT INTO documents (application_id, id, title, status, status_reason, revision, source_sha256, byte_size, page_count,
  password_protected, sealed_password, metadata, created_at, updated_at) VALUES (?, ?, ?, ?, NULL, 1, ?, ?, NULL, ?, ?, ?, ?, ?)`;

export interface NewDocument {
  readonly applicationId: string;
  readonly id: string;
  readonly title: string | null;
  readonly sourceSha256: string;
  readonly byteSize: number;
  readonly mediaType: string;
  readonly sealedPassword: string | null;
  readonly metadata: DocumentMetadata;
  /** Instant JSON or XFDF to be applied to it. */
  readonly changes: StoredBlob | null;
  readonly now: number;
}

/**
 * A document that is being prepared, its first revision and its blob, with whatever else must be written with it, in one transaction.
 * Throws `UniqueViolation` with index 0 when the id is taken.
 */
export async function insertDocument(database: Database, document: NewDocument, also: readonly Statement[]): Promise<void> {
  const { applicationId, id, sourceSha256, byteSize, now } = document;
  const sealed = document.sealedPassword;
  await database.transaction([
    {
      sql: INSERT,
      params: [
        applicationId,
        id,
        document.title,
        "preparing",
        sourceSha256,
        byteSize,
        sealed === null ? 0 : 1,
        sealed,
        JSON.stringify(document.metadata),
        now,
        now,
      ],
    },
    {
      sql: "INSERT INTO revisions (application_id, document_id, n, source_blob, base_blob, changes_blob, created_at) VALUES (?, ?, 1, ?, NULL, ?, ?)",
      params: [applicationId, id, sourceSha256, document.changes?.sha256 ?? null, now],
    },
    ...(document.changes === null ? [] : changesUse({ applicationId, documentId: id }, document.changes, now)),
    ...metadataKept({ applicationId, documentId: id }, document.metadata),
    ...blobUse({ applicationId, documentId: id, sha256: sourceSha256, size: byteSize, mediaType: document.mediaType, now }),
    ...also,
  ]);
}

/** The statements by which a document begins to use what came with its file. */
export function changesUse(key: DocumentKey, changes: StoredBlob, now: number): Statement[] {
  return blobUse({ ...key, ...changes, mediaType: "application/octet-stream", now });
}

/** Blob of what came with the file of a revision; null: nothing did. */
export async function changesOfRevision(database: Database, { applicationId, documentId }: DocumentKey, n: number): Promise<string | null> {
  const [row] = await database.query("SELECT changes_blob FROM revisions WHERE application_id = ? AND document_id = ? AND n = ?", [
    applicationId,
    documentId,
    n,
  ]);
  return (row?.changes_blob ?? null) as string | null;
}

/** The statements by which a document begins to use a stored blob. */
export function blobUse(
  use: DocumentKey & { readonly sha256: string; readonly size: number; readonly mediaType: string; readonly now: number },
): Statement[] {
  const { applicationId, documentId, sha256, size, mediaType, now } = use;
  return [
    {
      sql: "INSERT INTO blobs (application_id, sha256, size, media_type, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (application_id, sha256) DO NOTHING",
      params: [applicationId, sha256, size, mediaType, now],
    },
    {
      // Of a document that was deleted meanwhile nothing would ever end the use.
      sql: `INSERT INTO blob_uses (application_id, document_id, sha256) SELECT application_id, id, ? FROM documents WHERE application_id = ? AND id = ?
        ON CONFLICT (application_id, document_id, sha256) DO NOTHING`,
      params: [sha256, applicationId, documentId],
    },
  ];
}

export async function findDocument(database: Database, { applicationId, documentId }: DocumentKey): Promise<DocumentRow | null> {
  const sql = "SELECT * FROM documents WHERE application_id = ? AND id = ?";
  const [row] = await database.recall("documents", sql, [applicationId, documentId]);
  return row === undefined ? null : documentOf(row);
}

export async function findRevision(database: Database, { applicationId, documentId }: DocumentKey, n: number): Promise<RevisionRow | null> {
  const [row] = await database.query(
    `SELECT n, source_blob, base_blob, password_protected, sealed_password FROM revisions
      WHERE application_id = ? AND document_id = ? AND n = ?`,
    [applicationId, documentId, n],
  );
  return row === undefined ? null : revisionOf(row);
}

export function revisionOf(row: Row): RevisionRow {
  return {
    n: row.n as number,
    sourceBlob: row.source_blob as string,
    baseBlob: row.base_blob as string | null,
    passwordProtected: row.password_protected === 1,
    sealedPassword: row.sealed_password as string | null,
  };
}

interface BaseName {
  readonly applicationId: string;
  readonly n: number;
  readonly sourceBlob: string;
  readonly baseBlob: string;
}

/** Ids of the documents whose revision `n` has this base. */
export async function documentsOnBase(database: Database, { applicationId, n, sourceBlob, baseBlob }: BaseName): Promise<string[]> {
  const rows = await database.query(
    "SELECT document_id FROM revisions WHERE application_id = ? AND n = ? AND source_blob = ? AND base_blob = ? ORDER BY document_id",
    [applicationId, n, sourceBlob, baseBlob],
  );
  return rows.map((row) => row.document_id as string);
}

/** Another base takes the place of this one. The documents use it, and the pictures that it names, from before that. */
export async function replaceBase(
  database: Database,
  change: BaseName & {
    readonly base: { readonly sha256: string; readonly size: number };
    readonly documents: readonly string[];
    readonly pictures: readonly string[];
    readonly now: number;
  },
): Promise<void> {
  const { applicationId, n, sourceBlob, baseBlob, base, documents, pictures, now } = change;
  const use = (documentId: string, sha256: string): Statement => ({
    sql: `INSERT INTO blob_uses (application_id, document_id, sha256) SELECT application_id, id, ? FROM documents WHERE application_id = ? AND id = ?
      ON CONFLICT (application_id, document_id, sha256) DO NOTHING`,
    params: [sha256, applicationId, documentId],
  });
  await database.transaction([
    {
      sql: "INSERT INTO blobs (application_id, sha256, size, media_type, created_at) VALUES (?, ?, ?, 'application/x-ndjson', ?) ON CONFLICT (application_id, sha256) DO NOTHING",
      params: [applicationId, base.sha256, base.size, now],
    },
    ...documents.flatMap((id) => [base.sha256, ...pictures].map((sha256) => use(id, sha256))),
    {
      sql: "UPDATE revisions SET base_blob = ? WHERE application_id = ? AND n = ? AND source_blob = ? AND base_blob = ?",
      params: [base.sha256, applicationId, n, sourceBlob, baseBlob],
    },
  ]);
}

/** Does the document use this blob? */
export async function usesBlob(database: Database, { applicationId, documentId }: DocumentKey, sha256: string): Promise<boolean> {
  return (await usedBlobs(database, { applicationId, documentId }, [sha256])).has(sha256);
}

const BLOBS_AT_ONCE = 1000;

/** Those of the blobs that the document uses. */
export async function usedBlobs(
  database: Database,
  { applicationId, documentId }: DocumentKey,
  sha256s: readonly string[],
): Promise<Set<string>> {
  const used = new Set<string>();
  // Engines take some ten thousand parameters at most.
  for (let at = 0; at < sha256s.length; at += BLOBS_AT_ONCE) {
    const some = sha256s.slice(at, at + BLOBS_AT_ONCE);
    const marks = some.map(() => "?").join(", ");
    const rows = await database.query(
      `SELECT sha256 FROM blob_uses WHERE application_id = ? AND document_id = ? AND sha256 IN (${marks})`,
      [applicationId, documentId, ...some],
    );
    for (const row of rows) used.add(row.sha256 as string);
  }
  return used;
}

/** The media type of a blob that the document uses, when that is a picture. */
export async function findImageType(
  database: Database,
  { applicationId, documentId }: DocumentKey,
  sha256: string,
): Promise<string | null> {
  const [row] = await database.query(
    `SELECT b.media_type FROM blobs b JOIN blob_uses u ON u.application_id = b.application_id AND u.sha256 = b.sha256
      WHERE u.application_id = ? AND u.document_id = ? AND u.sha256 = ?`,
    [applicationId, documentId, sha256],
  );
  const type = row?.media_type as string | undefined;
  return type?.startsWith("image/") === true ? type : null;
}

/** Null when there is no such document. */
export async function updateDocument(
  database: Database,
  key: DocumentKey,
  change: { readonly title?: string | null; readonly metadata?: DocumentMetadata; readonly now: number },
  also: readonly Statement[] = [],
): Promise<DocumentRow | null> {
  const sets = ["updated_at = ?"];
  const params: SqlValue[] = [change.now];
  if (change.title !== undefined) {
    sets.push("title = ?");
    params.push(change.title);
  }
  if (change.metadata !== undefined) {
    sets.push("metadata = ?");
    params.push(JSON.stringify(change.metadata));
  }
  const sql = `UPDATE documents SET ${sets.join(", ")} WHERE application_id = ? AND id = ? RETURNING *`;
  const kept = change.metadata === undefined ? [] : [...metadataForgotten(key), ...metadataKept(key, change.metadata)];
  return changed(database, { sql, params: [...params, key.applicationId, key.documentId] }, [...kept, ...also]);
}

export interface Prepared {
  readonly pageCount: number;
  readonly encrypted: boolean;
  /** Title in the file, taken when the document has none. */
  readonly title: string | null;
  /** What is not shown of it; none has a line break. */
  readonly warnings: readonly string[];
  readonly base: { readonly sha256: string; readonly size: number };
}

/** From `preparing` to `ready`, with the revision's base. Null when the document is gone or was prepared before. */
export async function markReady(
  database: Database,
  document: DocumentRow,
  prepared: Prepared,
  now: number,
  also: readonly Statement[] = [],
): Promise<DocumentRow | null> {
  const { applicationId, id, revision } = document;
  const { sha256, size } = prepared.base;
  const reasons = prepared.warnings.length === 0 ? null : prepared.warnings.join("\n");
  const base: Statement = {
    sql: "INSERT INTO blobs (application_id, sha256, size, media_type, created_at) VALUES (?, ?, ?, 'application/x-ndjson', ?) ON CONFLICT (application_id, sha256) DO NOTHING",
    params: [applicationId, sha256, size, now],
  };
  const ready = await changed(
    database,
    {
      sql: `UPDATE documents SET status = 'ready', status_reason = ?, page_count = ?, password_protected = ?, title = COALESCE(title, ?), updated_at = ?
        WHERE application_id = ? AND id = ? AND status = 'preparing' RETURNING *`,
      params: [reasons, prepared.pageCount, prepared.encrypted ? 1 : 0, prepared.title, now, applicationId, id],
    },
    [
      {
        sql: `UPDATE revisions SET base_blob = ? WHERE application_id = ? AND document_id = ? AND n = ?`,
        params: [sha256, applicationId, id, revision],
      },
      base,
      {
        sql: `INSERT INTO blob_uses (application_id, document_id, sha256) SELECT application_id, id, ? FROM documents WHERE application_id = ? AND id = ?
        ON CONFLICT (application_id, document_id, sha256) DO NOTHING`,
        params: [sha256, applicationId, id],
      },
      ...also,
    ],
  );
  // Its bytes are there: the collector must know of them.
  if (ready === null) await database.transaction([base]);
  return ready;
}

/** Another blob becomes the source of a document that is being prepared, with what is to be told of it once it is ready. Null when it is gone. */
export async function replaceSource(
  database: Database,
  document: DocumentRow,
  source: { readonly sha256: string; readonly size: number; readonly warnings: readonly string[]; readonly now: number },
): Promise<DocumentRow | null> {
  const { applicationId, id, revision } = document;
  const { sha256, size, warnings, now } = source;
  const [rows] = await database.transaction([
    {
      sql: `UPDATE documents SET source_sha256 = ?, byte_size = ?, status_reason = ?, updated_at = ?
        WHERE application_id = ? AND id = ? AND status = 'preparing' AND revision = ? RETURNING *`,
      params: [sha256, size, warnings.length === 0 ? null : warnings.join("\n"), now, applicationId, id, revision],
    },
    {
      sql: "UPDATE revisions SET source_blob = ? WHERE application_id = ? AND document_id = ? AND n = ?",
      params: [sha256, applicationId, id, revision],
    },
    {
      sql: "INSERT INTO blobs (application_id, sha256, size, media_type, created_at) VALUES (?, ?, ?, 'application/pdf', ?) ON CONFLICT (application_id, sha256) DO NOTHING",
      params: [applicationId, sha256, size, now],
    },
    {
      sql: `INSERT INTO blob_uses (application_id, document_id, sha256) SELECT application_id, id, ? FROM documents WHERE application_id = ? AND id = ?
        ON CONFLICT (application_id, document_id, sha256) DO NOTHING`,
      params: [sha256, applicationId, id],
    },
  ]);
  return rows![0] === undefined ? null : documentOf(rows![0]);
}

/** From `preparing` to `locked`: it needs a password that nobody gave. */
export async function markLocked(database: Database, key: DocumentKey, now: number): Promise<DocumentRow | null> {
  const sql =
    "UPDATE documents SET status = 'locked', password_protected = 1, sealed_password = NULL, updated_at = ? WHERE application_id = ? AND id = ? AND status = 'preparing' RETURNING *";
  const [rows] = await database.transaction([{ sql, params: [now, key.applicationId, key.documentId] }]);
  return rows![0] === undefined ? null : documentOf(rows![0]);
}

/** From `locked` to `preparing`, with the password that opens it and the job that prepares it. False when it is not locked any more. */
export async function markUnlocked(
  database: Database,
  key: DocumentKey,
  sealedPassword: string,
  now: number,
  job: Statement,
): Promise<boolean> {
  const sql =
    "UPDATE documents SET status = 'preparing', sealed_password = ?, updated_at = ? WHERE application_id = ? AND id = ? AND status = 'locked' RETURNING id";
  const [rows] = await database.transaction([{ sql, params: [sealedPassword, now, key.applicationId, key.documentId] }, job]);
  return rows!.length > 0;
}

/** Keeps the bytes and says why they cannot be shown. Null when the document is gone. */
export async function markFailed(
  database: Database,
  key: DocumentKey,
  reason: string,
  now: number,
  also: readonly Statement[] = [],
): Promise<DocumentRow | null> {
  const sql = "UPDATE documents SET status = 'failed', status_reason = ?, updated_at = ? WHERE application_id = ? AND id = ? RETURNING *";
  return changed(database, { sql, params: [reason, now, key.applicationId, key.documentId] }, also);
}

/** One document changed, and what else is written with it; null, and nothing written, when there is no such document. */
async function changed(database: Database, update: Statement, also: readonly Statement[]): Promise<DocumentRow | null> {
  try {
    const [rows] = await database.transaction([{ ...update, expect: 1 }, ...also]);
    return documentOf(rows![0]!);
  } catch (error) {
    if (error instanceof Conflict) return null;
    throw error;
  }
}

/**
 * The document and everything of it, but for its blobs, which lose a use: the day after which the collector takes them begins now.
 * Its layers' ids, or null when there is no such document.
 */
export async function deleteRows(
  database: Database,
  { applicationId, documentId }: DocumentKey,
  now: number,
  also: readonly Statement[] = [],
): Promise<readonly string[] | null> {
  const params = [applicationId, documentId];
  const ofLayers = "WHERE layer_id IN (SELECT id FROM layers WHERE application_id = ? AND document_id = ?)";
  const statements: Statement[] = [
    { sql: "DELETE FROM documents WHERE application_id = ? AND id = ? RETURNING id", params, expect: 1 },
    { sql: `DELETE FROM records ${ofLayers}`, params },
    { sql: `DELETE FROM seen ${ofLayers}`, params },
    { sql: `DELETE FROM changes ${ofLayers}`, params },
    { sql: `DELETE FROM peers ${ofLayers}`, params },
    { sql: "DELETE FROM layers WHERE application_id = ? AND document_id = ? RETURNING id", params },
    { sql: "DELETE FROM revisions WHERE application_id = ? AND document_id = ?", params },
    { sql: "DELETE FROM overwrites WHERE application_id = ? AND document_id = ?", params },
    {
      sql: "UPDATE blobs SET created_at = ? WHERE application_id = ? AND sha256 IN (SELECT sha256 FROM blob_uses WHERE application_id = ? AND document_id = ?)",
      params: [now, applicationId, ...params],
    },
    { sql: "DELETE FROM blob_uses WHERE application_id = ? AND document_id = ?", params },
    { sql: "DELETE FROM deleted_layers WHERE application_id = ? AND document_id = ?", params },
    ...metadataForgotten({ applicationId, documentId }),
    ...also,
  ];
  try {
    const [, , , , , layers] = await database.transaction(statements);
    return layers!.map((row) => row.id as string);
  } catch (error) {
    if (error instanceof Conflict) return null;
    throw error;
  }
}

/**
 * The statements that make `copy` of `source`: its row, revisions and uses of blobs. Statement 0 fails (`Conflict`) when the source is gone or
 * was changed since it was read, statement 1 (`UniqueViolation`) when the id is taken.
 */
export function copyDocumentRows(
  source: DocumentRow,
  copy: DocumentRow,
  passwords: readonly { readonly n: number; readonly sealedPassword: string }[],
): Statement[] {
  const { applicationId } = source;
  return [
    {
      sql: "UPDATE documents SET updated_at = updated_at WHERE application_id = ? AND id = ? AND updated_at = ? AND status = ? AND revision = ?",
      params: [applicationId, source.id, source.updatedAt, source.status, source.revision],
      expect: 1,
    },
    {
      sql: `INSERT INTO documents (application_id, id, title, status, status_reason, revision, source_sha256, byte_size, page_count,
        password_protected, sealed_password, metadata, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      params: [
        applicationId,
        copy.id,
        copy.title,
        copy.status,
        copy.statusReason,
        copy.revision,
        copy.sourceSha256,
        copy.byteSize,
        copy.pageCount,
        copy.passwordProtected ? 1 : 0,
        copy.sealedPassword,
        JSON.stringify(copy.metadata),
        copy.createdAt,
        copy.updatedAt,
      ],
    },
    {
      sql: `INSERT INTO revisions (application_id, document_id, n, source_blob, base_blob, created_at, password_protected)
        SELECT application_id, ?, n, source_blob, base_blob, created_at, password_protected FROM revisions
        WHERE application_id = ? AND document_id = ?`,
      params: [copy.id, applicationId, source.id],
    },
    ...passwords.map(({ n, sealedPassword }) => ({
      sql: "UPDATE revisions SET sealed_password = ? WHERE application_id = ? AND document_id = ? AND n = ?",
      params: [sealedPassword, applicationId, copy.id, n],
    })),
    {
      sql: `INSERT INTO blob_uses (application_id, document_id, sha256)
        SELECT application_id, ?, sha256 FROM blob_uses WHERE application_id = ? AND document_id = ?`,
      params: [copy.id, applicationId, source.id],
    },
    metadataCopied({ applicationId, documentId: source.id }, copy.id),
  ];
}

/** Blobs that no document uses, nor has used since `before`. */
export async function unusedBlobs(
  database: Database,
  before: number,
  limit: number,
): Promise<readonly { readonly applicationId: string; readonly sha256: string }[]> {
  const rows = await database.query(
    `SELECT application_id, sha256 FROM blobs WHERE created_at < ? AND NOT EXISTS
      (SELECT 1 FROM blob_uses WHERE blob_uses.application_id = blobs.application_id AND blob_uses.sha256 = blobs.sha256) LIMIT ?`,
    [before, limit],
  );
  return rows.map((row) => ({ applicationId: row.application_id as string, sha256: row.sha256 as string }));
}

/** Forgets the blob unless somebody began to use it meanwhile: true when its bytes may go. */
export async function deleteUnusedBlob(database: Database, applicationId: string, sha256: string): Promise<boolean> {
  const [rows] = await database.transaction([
    {
      sql: "DELETE FROM blobs WHERE application_id = ? AND sha256 = ? AND NOT EXISTS (SELECT 1 FROM blob_uses WHERE application_id = ? AND sha256 = ?) RETURNING sha256",
      params: [applicationId, sha256, applicationId, sha256],
    },
  ]);
  return rows!.length > 0;
}

/** Is there a row for it, used or not? */
export async function hasBlob(database: Database, applicationId: string, sha256: string): Promise<boolean> {
  return (await database.query("SELECT 1 AS found FROM blobs WHERE application_id = ? AND sha256 = ?", [applicationId, sha256])).length > 0;
}

/** Files of the document's revisions. */
export async function sourcesOf(database: Database, { applicationId, documentId }: DocumentKey): Promise<string[]> {
  const rows = await database.query<{ source_blob: string }>(
    "SELECT source_blob FROM revisions WHERE application_id = ? AND document_id = ?",
    [applicationId, documentId],
  );
  return [...new Set(rows.map((row) => row.source_blob))];
}

/** The document uses this blob no more. */
export function stopUsing({ applicationId, documentId }: DocumentKey, sha256: string): Statement[] {
  return [
    {
      sql: "DELETE FROM blob_uses WHERE application_id = ? AND document_id = ? AND sha256 = ?",
      params: [applicationId, documentId, sha256],
    },
  ];
}

/** Another file stands for the document, its revision stays. */
export function standIn(
  { applicationId, documentId }: DocumentKey,
  { sha256, size, now }: { readonly sha256: string; readonly size: number; readonly now: number },
): Statement {
  return {
    sql: "UPDATE documents SET source_sha256 = ?, byte_size = ?, updated_at = ? WHERE application_id = ? AND id = ?",
    params: [sha256, size, now, applicationId, documentId],
  };
}

/** All blobs that the document uses. */
export async function allBlobs(database: Database, { applicationId, documentId }: DocumentKey): Promise<string[]> {
  const rows = await database.query<{ sha256: string }>("SELECT sha256 FROM blob_uses WHERE application_id = ? AND document_id = ?", [
    applicationId,
    documentId,
  ]);
  return rows.map((row) => row.sha256);
}
