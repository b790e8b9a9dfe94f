/** Guard: all SQL of the service stands in the stores, and says only what SQLite and PostgreSQL both understand alike. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadMigrations } from "./migrations/migrate.ts";
import { schemaProblems, sqlProblems } from "./testing/sql-rules.ts";

const source = fileURLToPath(new URL(".", import.meta.url));

/** Strings that begin as SQL does, or go on with it after a constant. What is put into a template stands there as a number: a name or a list of `?` is fine anywhere one is. */
function sqlIn(text: string): string[] {
  const strings = text.matchAll(
    /(["'`])((?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH|CREATE|\$\{[A-Z_]+\}\s+(?:WHERE|ORDER|ON|RETURNING|AND|SET))\s(?:\\.|(?!\1)[\s\S])*)\1/g,
  );
  return [...strings].map((match) => match[2]!.replaceAll(/\$\{[^{}]*\}/g, "1"));
}

async function statements(): Promise<{ file: string; sql: string }[]> {
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
  const own = files.filter((file) => !/^(adapters|testing)\//.test(file));
  const found = await Promise.all(own.map(async (file) => sqlIn(await readFile(join(source, file), "utf8")).map((sql) => ({ file, sql }))));
  return found.flat();
}

describe("SQL", () => {
  it("stands in the stores only, but for the question whether the database answers", async () => {
    const files = new Set((await statements()).map(({ file }) => file));
    expect([...files].filter((file) => !/(^|\/)store\.ts$|^migrations\/|^health\.ts$/.test(file))).toEqual([]);
    expect(files).toContain("layers/store.ts");
  });

  it("runs on both engines", async () => {
    const problems = (await statements()).flatMap(({ file, sql }) => sqlProblems(sql).map((problem) => `${file}: ${problem} in ${sql}`));
    expect(problems).toEqual([]);
  });

  it("of the migrations makes tables that both engines have", async () => {
    const migrations = await loadMigrations();
    expect(migrations.length).toBeGreaterThan(0);
    expect(migrations.flatMap(({ name, sql }) => schemaProblems(sql).map((problem) => `${name}: ${problem}`))).toEqual([]);
  });

  it.each([
    "SELECT a FROM t WHERE b = $1",
    "SELECT a FROM t WHERE b = :name",
    'SELECT "a" FROM t',
    "SELECT CAST(a AS INTEGER) FROM t",
    "SELECT a FROM t WHERE at < now()",
    "SELECT a ->> 'b' FROM t",
    "SELECT ifnull(a, 0) FROM t",
    "INSERT OR IGNORE INTO t (a) VALUES (?)",
    "SELECT a FROM t FOR UPDATE",
    "SELECT a FROM t WHERE a = ANY(?)",
    "WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x",
    "SELECT a FROM t LIMIT 1, 2",
    "SELECT a FROM t WHERE a IS ?",
    "SELECT a FROM t WHERE ? IS NULL OR a = ?",
    "SELECT a || 'b' FROM t",
    "SELECT a FROM t WHERE a LIKE ?",
    "SELECT a FROM t WHERE a LIKE ? ESCAPE '!'",
    "SELECT sum(a) FROM t",
    "DELETE FROM t WHERE a = ? LIMIT 5",
    "SELECT a FROM t WHERE b = 'why?'",
    "INSERT INTO t (a, n) VALUES (?, 1) ON CONFLICT (a) DO UPDATE SET n = n + 1",
  ])("does not pass: %s", (sql) => {
    expect(sqlProblems(sql)).not.toEqual([]);
  });

  it.each([
    "SELECT a FROM t WHERE b = ? AND c IS NOT NULL AND (d, e) < (?, ?) ORDER BY d DESC LIMIT ?",
    "SELECT a FROM t WHERE lower(a) LIKE ? ESCAPE '!'",
    "SELECT CAST(sum(a) AS BIGINT) AS a, count(*) AS n FROM t GROUP BY b",
    "DELETE FROM t WHERE a IN (SELECT a FROM t ORDER BY a LIMIT 5)",
    "UPDATE t SET at = at + 1, name = 'it''s' WHERE a = ? RETURNING a",
    "INSERT INTO t (a, n) VALUES (?, 1) ON CONFLICT (a) DO UPDATE SET n = t.n + excluded.n WHERE t.n < 5 RETURNING n",
  ])("passes: %s", (sql) => {
    expect(sqlProblems(sql)).toEqual([]);
  });

  it.each([
    "CREATE TABLE t (a INTEGER PRIMARY KEY);",
    "CREATE TABLE t (a TEXT PRIMARY KEY, user TEXT);",
    "CREATE TABLE t (a TEXT PRIMARY KEY, at TIMESTAMP NOT NULL);",
    "CREATE TABLE order (a TEXT PRIMARY KEY);",
    "CREATE TABLE t (a);",
  ])("does not pass as a migration: %s", (sql) => {
    expect(schemaProblems(sql)).not.toEqual([]);
  });
});
