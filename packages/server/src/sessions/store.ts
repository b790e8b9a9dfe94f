/** Sessions in the database, and the keys that their tokens are signed with. */
import type { Database, SqlValue, Statement } from "../ports.ts";
import type { Session, SessionDocument } from "./session.ts";

interface SessionRow {
  readonly id: string;
  readonly application_id: string;
  readonly user_id: string | null;
  readonly creator_name: string | null;
  readonly documents: string;
  readonly allowed_origins: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly revoked_at: number | null;
  readonly public_key_id: string | null;
}

const COLUMNS = "id, application_id, user_id, creator_name, documents, allowed_origins, created_at, expires_at, revoked_at, public_key_id";
/** A session ends with the key that its token is signed with. */
const SELECT = `SELECT s.id, s.application_id, s.user_id, s.creator_name, s.documents, s.allowed_origins, s.created_at, s.expires_at,
  coalesce(s.revoked_at, k.removed_at) AS revoked_at, s.public_key_id FROM sessions s LEFT JOIN public_keys k ON k.id = s.public_key_id`;

const INSERT = `INSERT INTO sessions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;

export function insertSession(session: Session): Statement {
  return { sql: INSERT, params: paramsOf(session) };
}

/** One that is there already stays as it is. */
export function insertSessionOnce(session: Session): Statement {
  return { sql: `${INSERT} ON CONFLICT (id) DO NOTHING`, params: paramsOf(session) };
}

function paramsOf({ id, applicationId, userId, creatorName, documents, allowedOrigins, ...rest }: Session): SqlValue[] {
  const { createdAt, expiresAt, revokedAt, publicKeyId } = rest;
  const lists = [JSON.stringify(documents), JSON.stringify(allowedOrigins)];
  return [id, applicationId, userId, creatorName, ...lists, createdAt, expiresAt, revokedAt, publicKeyId];
}

export function updateDocuments(id: string, documents: readonly SessionDocument[]): Statement {
  return { sql: "UPDATE sessions SET documents = ? WHERE id = ?", params: [JSON.stringify(documents), id] };
}

/** The first revocation counts. */
export function markRevoked(id: string, now: number): Statement {
  return { sql: "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", params: [now, id] };
}

export async function findSession(database: Database, id: string): Promise<Session | null> {
  const [row] = await database.query<SessionRow>(`${SELECT} WHERE s.id = ?`, [id]);
  return row === undefined ? null : sessionOf(row);
}

/** Up to `limit` of those that ended before; how many. */
export async function deleteEnded(database: Database, before: number, limit: number): Promise<number> {
  const sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?) RETURNING id";
  const [rows] = await database.transaction([{ sql, params: [before, limit] }]);
  return rows!.length;
}

/** Where a page of the list ended. */
export interface ListedUntil {
  readonly createdAt: number;
  readonly id: string;
}

/** Newest first, those after `until`. */
export async function listSessions(
  database: Database,
  applicationId: string,
  limit: number,
  until: ListedUntil | null,
): Promise<Session[]> {
  const after = until === null ? "" : " AND (s.created_at, s.id) < (?, ?)";
  const rows = await database.query<SessionRow>(
    `${SELECT} WHERE s.application_id = ?${after} ORDER BY s.created_at DESC, s.id DESC LIMIT ?`,
    [applicationId, ...(until === null ? [] : [until.createdAt, until.id]), limit],
  );
  return rows.map(sessionOf);
}

function sessionOf(row: SessionRow): Session {
  return {
    id: row.id,
    applicationId: row.application_id,
    userId: row.user_id,
    creatorName: row.creator_name,
    documents: JSON.parse(row.documents) as SessionDocument[],
    allowedOrigins: JSON.parse(row.allowed_origins) as string[],
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    publicKeyId: row.public_key_id,
  };
}

interface SigningKeyRow {
  readonly id: string;
  readonly private_jwk: string;
  readonly public_jwk: string;
  readonly created_at: number;
}

/** Newest first. */
export function signingKeys(database: Database): Promise<SigningKeyRow[]> {
  return database.query("SELECT id, private_jwk, public_jwk, created_at FROM signing_keys ORDER BY created_at DESC, id DESC");
}

export function insertSigningKey({ id, private_jwk, public_jwk, created_at }: SigningKeyRow): Statement {
  return {
    sql: "INSERT INTO signing_keys (id, private_jwk, public_jwk, created_at) VALUES (?, ?, ?, ?)",
    params: [id, private_jwk, public_jwk, created_at],
  };
}
