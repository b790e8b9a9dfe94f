/** Resumable uploads in the database: how much of each is on disk for certain, and who is writing to it. */
import { Conflict, type Database, type Row, type Statement } from "../ports.ts";

/** What the client says of the file. */
export interface UploadFields {
  readonly fileName: string | null;
  readonly mediaType: string | null;
  readonly title: string | null;
  /** Of all of it, lower-case hex. */
  readonly sha256: string | null;
  /** As it was sent, to be told again. */
  readonly given: string | null;
}

export interface ResumableUpload {
  readonly id: string;
  readonly applicationId: string;
  /** Of the document that it becomes. */
  readonly documentId: string;
  /** null: the client does not know it yet. */
  readonly size: number | null;
  /** Bytes that are on disk. All of them: it is a document. */
  readonly received: number;
  readonly fields: UploadFields;
  readonly createdAt: number;
  readonly expiresAt: number;
  readonly finishedAt: number | null;
}

/** In the column `size`. */
const UNKNOWN = -1;

export async function insertUpload(database: Database, upload: ResumableUpload): Promise<void> {
  const { id, applicationId, documentId, size, received, fields, createdAt, expiresAt } = upload;
  await database.transaction([
    {
      sql: `INSERT INTO uploads (id, application_id, document_id, size, received, fields, created_at, expires_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      params: [id, applicationId, documentId, size ?? UNKNOWN, received, JSON.stringify(fields), createdAt, expiresAt],
    },
  ]);
}

/** null: there is none, or not of this application. */
export async function findUpload(database: Database, applicationId: string, id: string): Promise<ResumableUpload | null> {
  const [row] = await database.query("SELECT * FROM uploads WHERE id = ? AND application_id = ?", [id, applicationId]);
  return row === undefined ? null : uploadOf(row);
}

function uploadOf(row: Row): ResumableUpload {
  return {
    id: row.id as string,
    applicationId: row.application_id as string,
    documentId: row.document_id as string,
    size: row.size === UNKNOWN ? null : (row.size as number),
    received: row.received as number,
    fields: JSON.parse(row.fields as string) as UploadFields,
    createdAt: row.created_at as number,
    expiresAt: row.expires_at as number,
    finishedAt: row.finished_at as number | null,
  };
}

/** From now until `until` nobody else writes to it. false: somebody does. */
export async function holdUpload(
  database: Database,
  id: string,
  holder: string,
  time: { readonly now: number; readonly until: number },
): Promise<boolean> {
  const sql = "UPDATE uploads SET held_by = ?, held_until = ? WHERE id = ? AND (held_by IS NULL OR held_until <= ?)";
  return changed(database, { sql, params: [holder, time.until, id, time.now], expect: 1 });
}

export async function releaseUpload(database: Database, id: string, holder: string): Promise<void> {
  await database.transaction([
    { sql: "UPDATE uploads SET held_by = NULL, held_until = NULL WHERE id = ? AND held_by = ?", params: [id, holder] },
  ]);
}

/** The process that held them is gone. */
export async function releaseAllUploads(database: Database): Promise<void> {
  await database.transaction([{ sql: "UPDATE uploads SET held_by = NULL, held_until = NULL WHERE held_by IS NOT NULL" }]);
}

/** Now the client knows it. false: the holder has lost it. */
export async function noteSize(database: Database, id: string, holder: string, size: number): Promise<boolean> {
  const sql = "UPDATE uploads SET size = ? WHERE id = ? AND held_by = ? AND size = ?";
  return changed(database, { sql, params: [size, id, holder, UNKNOWN], expect: 1 });
}

/** So much is on disk. false: the holder has lost it. */
export async function noteReceived(
  database: Database,
  id: string,
  holder: string,
  state: { readonly received: number; readonly heldUntil: number; readonly expiresAt: number },
): Promise<boolean> {
  const sql = "UPDATE uploads SET received = ?, held_until = ?, expires_at = ? WHERE id = ? AND held_by = ?";
  return changed(database, { sql, params: [state.received, state.heldUntil, state.expiresAt, id, holder], expect: 1 });
}

/** The holder needs longer. */
export async function extendHold(database: Database, id: string, holder: string, until: number): Promise<void> {
  await database.transaction([{ sql: "UPDATE uploads SET held_until = ? WHERE id = ? AND held_by = ?", params: [until, id, holder] }]);
}

/** For the transaction that makes the document: an upload becomes one once. */
export function finishUpload(
  id: string,
  holder: string,
  { now, expiresAt }: { readonly now: number; readonly expiresAt: number },
): Statement {
  const sql = "UPDATE uploads SET received = size, finished_at = ?, expires_at = ? WHERE id = ? AND held_by = ? AND finished_at IS NULL";
  return { sql, params: [now, expiresAt, id, holder], expect: 1 };
}

export async function deleteUpload(database: Database, id: string): Promise<void> {
  await database.transaction([{ sql: "DELETE FROM uploads WHERE id = ?", params: [id] }]);
}

/** Ids of those that nobody has written to for too long. */
export async function expiredUploads(database: Database, now: number, limit: number): Promise<string[]> {
  const sql = "SELECT id FROM uploads WHERE expires_at <= ? AND (held_until IS NULL OR held_until <= ?) ORDER BY expires_at LIMIT ?";
  return (await database.query<{ id: string }>(sql, [now, now, limit])).map(({ id }) => id);
}

/** Of these ids, those that are there. */
export async function knownUploads(database: Database, ids: readonly string[]): Promise<Set<string>> {
  const found = await Promise.all(ids.map((id) => database.query<{ id: string }>("SELECT id FROM uploads WHERE id = ?", [id])));
  return new Set(found.flat().map(({ id }) => id));
}

async function changed(database: Database, statement: Statement): Promise<boolean> {
  try {
    await database.transaction([statement]);
    return true;
  } catch (error) {
    if (error instanceof Conflict) return false;
    throw error;
  }
}
