/** API keys in the database. */
import type { KeyScope } from "../handlers.ts";
import { Conflict, type Database, type Row, type SqlValue, type Statement } from "../ports.ts";

/** Times are milliseconds since 1970. */
export interface ApiKey {
  readonly id: string;
  readonly applicationId: string;
  readonly name: string;
  readonly hint: string;
  readonly scope: KeyScope;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly revokedAt: number | null;
  /** Of an access token; null: a key, which does not end by itself. */
  readonly expiresAt: number | null;
  /** Of an access token that is for these documents only. */
  readonly documents: readonly string[] | null;
}

/** The one row that LECTERN_API_KEY stands in. */
export const CONFIGURED_ID = "configured";

const COLUMNS = "id, application_id, name, hash, hint, scope, created_at, last_used_at, revoked_at, expires_at, documents";
const INSERT = `INSERT INTO api_keys (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL, ?, ?)`;

function keyOf(row: Row): ApiKey {
  return {
    id: row.id as string,
    applicationId: row.application_id as string,
    name: row.name as string,
    hint: row.hint as string,
    scope: row.scope as KeyScope,
    createdAt: row.created_at as number,
    lastUsedAt: row.last_used_at as number | null,
    revokedAt: row.revoked_at as number | null,
    expiresAt: row.expires_at as number | null,
    documents: row.documents === null ? null : (JSON.parse(row.documents as string) as string[]),
  };
}

function paramsOf(key: ApiKey, hash: string): SqlValue[] {
  const documents = key.documents === null ? null : JSON.stringify(key.documents);
  return [key.id, key.applicationId, key.name, hash, key.hint, key.scope, key.createdAt, key.expiresAt, documents];
}

export function insertKey(key: ApiKey, hash: string): Statement {
  return { sql: INSERT, params: paramsOf(key, hash) };
}

/** A new value takes the place of the last one; the same value stays as it is, also when it was revoked. */
export function putConfiguredKey(key: ApiKey, hash: string): Statement {
  return {
    sql: `${INSERT} ON CONFLICT (id) DO UPDATE SET application_id = excluded.application_id, hash = excluded.hash, hint = excluded.hint,
      created_at = excluded.created_at, last_used_at = NULL, revoked_at = NULL WHERE api_keys.hash <> excluded.hash`,
    params: paramsOf(key, hash),
  };
}

export function deleteConfiguredKey(): Statement {
  return { sql: "DELETE FROM api_keys WHERE id = ?", params: [CONFIGURED_ID] };
}

/** Newest first, with those that were revoked, without access tokens. */
export async function listKeys(database: Database, applicationId: string): Promise<ApiKey[]> {
  const sql = `SELECT ${COLUMNS} FROM api_keys WHERE application_id = ? AND expires_at IS NULL ORDER BY created_at DESC, id DESC`;
  return (await database.query(sql, [applicationId])).map(keyOf);
}

/** Access tokens that have not expired, newest first. */
export async function listAccessTokens(database: Database, applicationId: string, now: number): Promise<ApiKey[]> {
  const sql = `SELECT ${COLUMNS} FROM api_keys WHERE application_id = ? AND expires_at > ? ORDER BY created_at DESC, id DESC LIMIT 1000`;
  return (await database.query(sql, [applicationId, now])).map(keyOf);
}

export function deleteExpired(before: number): Statement {
  return { sql: "DELETE FROM api_keys WHERE expires_at < ?", params: [before] };
}

/** Also an access token. */
export async function findKey(database: Database, id: string): Promise<ApiKey | null> {
  const [row] = await database.query(`SELECT ${COLUMNS} FROM api_keys WHERE id = ?`, [id]);
  return row === undefined ? null : keyOf(row);
}

/** With its hash; null when there is none. */
export async function findKeyByHash(database: Database, hash: string): Promise<{ readonly key: ApiKey; readonly hash: string } | null> {
  const [row] = await database.query(`SELECT ${COLUMNS} FROM api_keys WHERE hash = ?`, [hash]);
  return row === undefined ? null : { key: keyOf(row), hash: row.hash as string };
}

/** The first revocation counts. */
export async function revokeKey(
  database: Database,
  applicationId: string,
  id: string,
  now: number,
  also: readonly Statement[],
): Promise<ApiKey | null> {
  const statements: Statement[] = [
    {
      sql: `UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE application_id = ? AND id = ? RETURNING ${COLUMNS}`,
      params: [now, applicationId, id],
      expect: 1,
    },
    ...also,
  ];
  try {
    const [rows] = await database.transaction(statements);
    return keyOf(rows![0]!);
  } catch (error) {
    if (error instanceof Conflict) return null;
    throw error;
  }
}

export function markUsed(id: string, now: number): Statement {
  return { sql: "UPDATE api_keys SET last_used_at = ? WHERE id = ?", params: [now, id] };
}
