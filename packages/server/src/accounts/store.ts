/** Accounts, their sign-ins (cookies) and one-time links in the database. Of secrets it sees hashes only. */
import type { Database, Row, Statement } from "../ports.ts";

export interface Account {
  readonly id: string;
  /** Lower case. */
  readonly email: string;
  readonly name: string;
}

export interface NewAccount extends Account {
  readonly passwordHash: string;
  readonly createdAt: number;
}

/** A link makes the first account when `accountId` is null, else it signs that one in. */
export interface SignIn {
  readonly hash: string;
  readonly kind: "link" | "cookie";
  readonly accountId: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

function accountOf(row: Row): Account {
  return { id: row.id as string, email: row.email as string, name: row.name as string };
}

export async function hasAccounts(database: Database): Promise<boolean> {
  return (await database.query("SELECT id FROM accounts LIMIT 1")).length > 0;
}

/** The account, and its password's hash where it has one. */
export async function findByEmail(database: Database, email: string): Promise<{ account: Account; passwordHash: string | null } | null> {
  const [row] = await database.query("SELECT id, email, name, password_hash FROM accounts WHERE email = ?", [email]);
  return row === undefined ? null : { account: accountOf(row), passwordHash: row.password_hash as string | null };
}

/** The one that was made first. */
export async function firstAccount(database: Database): Promise<Account | null> {
  const [row] = await database.query("SELECT id, email, name FROM accounts ORDER BY created_at, id LIMIT 1");
  return row === undefined ? null : accountOf(row);
}

export async function findAccount(database: Database, id: string): Promise<Account | null> {
  const [row] = await database.query("SELECT id, email, name FROM accounts WHERE id = ?", [id]);
  return row === undefined ? null : accountOf(row);
}

export function insertAccount({ id, email, name, passwordHash, createdAt }: NewAccount): Statement {
  return {
    sql: "INSERT INTO accounts (id, email, name, password_hash, created_at) VALUES (?, ?, ?, ?, ?)",
    params: [id, email, name, passwordHash, createdAt],
  };
}

/** Undoes its transaction when there is an account. */
export function expectNoAccount(): Statement {
  return { sql: "SELECT id FROM accounts LIMIT 1", expect: 0 };
}

export function insertSignIn({ hash, kind, accountId, createdAt, expiresAt }: SignIn): Statement {
  return {
    sql: "INSERT INTO sign_ins (hash, kind, account_id, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
    params: [hash, kind, accountId, createdAt, expiresAt],
  };
}

export function deleteExpired(now: number): Statement {
  return { sql: "DELETE FROM sign_ins WHERE expires_at <= ?", params: [now] };
}

/** Links that were not used. */
export function deleteLinks(): Statement {
  return { sql: "DELETE FROM sign_ins WHERE kind = 'link'" };
}

/** Undoes its transaction when the link is not there any more. */
export function takeLink(hash: string, now: number): Statement {
  return { sql: "DELETE FROM sign_ins WHERE hash = ? AND kind = 'link' AND expires_at > ?", params: [hash, now], expect: 1 };
}

export function deleteCookie(hash: string): Statement {
  return { sql: "DELETE FROM sign_ins WHERE hash = ? AND kind = 'cookie'", params: [hash] };
}

export function extendCookie(hash: string, expiresAt: number): Statement {
  return { sql: "UPDATE sign_ins SET expires_at = ? WHERE hash = ? AND kind = 'cookie'", params: [expiresAt, hash] };
}

/** null when there is none, or it has expired. */
export async function findSignIn(database: Database, kind: SignIn["kind"], hash: string, now: number): Promise<SignIn | null> {
  const sql = "SELECT hash, kind, account_id, created_at, expires_at FROM sign_ins WHERE hash = ? AND kind = ? AND expires_at > ?";
  const [row] = await database.query(sql, [hash, kind, now]);
  if (row === undefined) return null;
  return {
    hash: row.hash as string,
    kind,
    accountId: row.account_id as string | null,
    createdAt: row.created_at as number,
    expiresAt: row.expires_at as number,
  };
}
