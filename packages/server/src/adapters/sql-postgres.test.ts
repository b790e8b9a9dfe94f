import { expect, it } from "vitest";
import { loadMigrations, splitStatements } from "../migrations/migrate.ts";
import { postgresText } from "./sql-postgres.ts";

it("numbers the parameters, but for question marks inside a literal", () => {
  expect(postgresText("SELECT a FROM t WHERE b = ? AND c = 'why? it''s ?' AND d IN (?, ?)")).toBe(
    "SELECT a FROM t WHERE b = $1 AND c = 'why? it''s ?' AND d IN ($2, $3)",
  );
});

it("makes text columns that compare bytes, and bytes, in tables only", () => {
  expect(postgresText("CREATE TABLE t (a TEXT NOT NULL, b BLOB, c BIGINT, d TEXT DEFAULT 'TEXT')")).toBe(
    `CREATE TABLE t (a TEXT COLLATE "C" NOT NULL, b BYTEA, c BIGINT, d TEXT COLLATE "C" DEFAULT 'TEXT')`,
  );
  expect(postgresText("ALTER TABLE t ADD COLUMN e TEXT")).toBe('ALTER TABLE t ADD COLUMN e TEXT COLLATE "C"');
  expect(postgresText("SELECT CAST(a AS TEXT) AS a FROM t WHERE b = 'BLOB'")).toBe("SELECT CAST(a AS TEXT) AS a FROM t WHERE b = 'BLOB'");
});

it("leaves no text column of the migrations to the collation of the database", async () => {
  const texts = (await loadMigrations()).flatMap(({ sql }) => splitStatements(sql)).map(postgresText);
  expect(texts.join("\n")).toContain('TEXT COLLATE "C"');
  expect(texts.filter((text) => /\bTEXT\b(?! COLLATE "C")|\bBLOB\b/.test(text))).toEqual([]);
});
