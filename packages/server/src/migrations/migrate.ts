/**
 * Migrations: SQL files run once each, in order, never changed afterwards. What was run is kept in the table `migrations` with a hash of the
 * text. Each migration is one transaction that begins by taking its number, so two processes cannot run the same one.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { type Database, type Migration, type Statement, UniqueViolation } from "../ports.ts";

const TABLE = "CREATE TABLE IF NOT EXISTS migrations (n BIGINT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL)";

/** The service's own, from the folder of the package; the built code reads the same files. */
export async function loadMigrations(): Promise<Migration[]> {
  const folder = new URL("../../src/migrations/", import.meta.url);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(names.map(async (name) => ({ name, sql: await readFile(new URL(name, folder), "utf8") })));
}

/** Throws when a migration that was run has since been changed, or when the database is newer than this code. */
export async function runMigrations(transaction: Database["transaction"], migrations: readonly Migration[]): Promise<void> {
  for (;;) {
    const [, applied] = await transaction([{ sql: TABLE }, { sql: "SELECT name, hash FROM migrations ORDER BY n" }]);
    checkApplied(applied! as unknown as Applied[], migrations);
    const n = applied!.length;
    const next = migrations[n];
    if (next === undefined) return;
    const taken: Statement = { sql: "INSERT INTO migrations (n, name, hash) VALUES (?, ?, ?)", params: [n, next.name, hashOf(next)] };
    try {
      await transaction([taken, ...splitStatements(next.sql).map((sql) => ({ sql }))]);
    } catch (error) {
      // index 0: another process is running the same one and was first
      if (!(error instanceof UniqueViolation && error.index === 0)) throw new Error(`Migration ${next.name} failed`, { cause: error });
    }
  }
}

interface Applied {
  readonly name: string;
  readonly hash: string;
}

function checkApplied(applied: readonly Applied[], migrations: readonly Migration[]): void {
  for (const [n, { name, hash }] of applied.entries()) {
    const known = migrations[n];
    if (known === undefined)
      throw new Error(`The database was written by a newer version: it has migration ${name}, which this version does not know`);
    if (known.name !== name) throw new Error(`The database has migration ${name} where this version has ${known.name}`);
    if (hashOf(known) !== hash) throw new Error(`Migration ${name} was changed after it had been run; migrations are append-only`);
  }
}

function hashOf(migration: Migration): string {
  return createHash("sha256").update(migration.sql.replaceAll("\r\n", "\n")).digest("hex");
}

/** Our SQL has no semicolon inside a literal or a comment; a guard test holds that. */
export function splitStatements(sql: string): string[] {
  return sql
    .replaceAll(/--.*$/gm, "")
    .split(";")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
