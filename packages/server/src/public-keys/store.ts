/** Public keys in the database. */
import type { JwtAlgorithm } from "@lectern/protocol";
import { Conflict, type Database, type Row, type Statement } from "../ports.ts";

/** Times are milliseconds since 1970. */
export interface PublicKeyRow {
  readonly id: string;
  readonly applicationId: string;
  readonly name: string;
  readonly algorithm: JwtAlgorithm;
  /** SPKI. */
  readonly pem: string;
  /** SHA-256 of the SPKI, hex. Of those that are not removed, no two have the same. */
  readonly fingerprint: string;
  /** Seconds that its tokens may last. */
  readonly maxTtl: number | null;
  readonly createdAt: number;
  readonly removedAt: number | null;
}

const COLUMNS = "id, application_id, name, algorithm, pem, fingerprint, max_ttl, created_at, removed_at";
const INSERT = `INSERT INTO public_keys (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)`;
/** More are not tried for one token. */
const MOST_TRIED = 200;

function keyOf(row: Row): PublicKeyRow {
  return {
    id: row.id as string,
    applicationId: row.application_id as string,
    name: row.name as string,
    algorithm: row.algorithm as JwtAlgorithm,
    pem: row.pem as string,
    fingerprint: row.fingerprint as string,
    maxTtl: row.max_ttl as number | null,
    createdAt: row.created_at as number,
    removedAt: row.removed_at as number | null,
  };
}

function paramsOf({ id, applicationId, name, algorithm, pem, fingerprint, maxTtl, createdAt }: PublicKeyRow) {
  return [id, applicationId, name, algorithm, pem, fingerprint, maxTtl, createdAt];
}

export function insertPublicKey(key: PublicKeyRow): Statement {
  return { sql: INSERT, params: paramsOf(key) };
}

/** There again, when it was there before. */
export function putPublicKey(key: PublicKeyRow): Statement {
  return {
    sql: `${INSERT} ON CONFLICT (id) DO UPDATE SET application_id = excluded.application_id, algorithm = excluded.algorithm, removed_at = NULL`,
    params: paramsOf(key),
  };
}

/** Oldest first, without those that were removed. */
export async function listPublicKeys(database: Database, applicationId: string): Promise<PublicKeyRow[]> {
  const sql = `SELECT ${COLUMNS} FROM public_keys WHERE application_id = ? AND removed_at IS NULL ORDER BY created_at, id`;
  return (await database.query(sql, [applicationId])).map(keyOf);
}

/** Also one that was removed. */
export async function findPublicKey(database: Database, id: string): Promise<PublicKeyRow | null> {
  const [row] = await database.query(`SELECT ${COLUMNS} FROM public_keys WHERE id = ?`, [id]);
  return row === undefined ? null : keyOf(row);
}

/** Those of the applications that have a document of this id, oldest first. */
export async function publicKeysForDocument(database: Database, documentId: string): Promise<PublicKeyRow[]> {
  const sql = `SELECT ${COLUMNS} FROM public_keys WHERE removed_at IS NULL
    AND application_id IN (SELECT application_id FROM documents WHERE id = ?) ORDER BY created_at, id LIMIT ?`;
  return (await database.query(sql, [documentId, MOST_TRIED])).map(keyOf);
}

/** null when there is none, or none any more: then `also` is not done. */
export async function removePublicKey(
  database: Database,
  { applicationId, id, now }: { readonly applicationId: string; readonly id: string; readonly now: number },
  also: readonly Statement[],
): Promise<PublicKeyRow | null> {
  const statements: Statement[] = [
    {
      sql: `UPDATE public_keys SET removed_at = ? WHERE application_id = ? AND id = ? AND removed_at IS NULL RETURNING ${COLUMNS}`,
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

/** The keys that the configuration set, without the one that it sets now. */
export function removeConfiguredKeys(prefix: string, exceptId: string, now: number): Statement {
  return {
    sql: "UPDATE public_keys SET removed_at = ? WHERE lower(id) LIKE ? ESCAPE '!' AND id <> ? AND removed_at IS NULL",
    params: [now, `${prefix}%`, exceptId],
  };
}
