import { copyFile, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { databaseSuite } from "../testing/database.suite.ts";
import { sqliteDatabase } from "./database-sqlite.ts";

const folder = await mkdtemp(join(tmpdir(), "lectern-database-"));
afterAll(() => rm(folder, { recursive: true }));

databaseSuite(() => sqliteDatabase({ path: join(folder, "suite.sqlite"), readers: 2 }));

describe("SQLite", () => {
  it("waits for the disk: the log is synced at every commit", async () => {
    const database = await sqliteDatabase({ path: join(folder, "pragmas.sqlite") });
    const [mode, synchronous, keys] = await Promise.all(
      ["journal_mode", "synchronous", "foreign_keys"].map((name) => database.transaction([{ sql: `PRAGMA ${name}` }])),
    );
    expect([mode, synchronous, keys]).toEqual([[[{ journal_mode: "wal" }]], [[{ synchronous: 2 }]], [[{ foreign_keys: 1 }]]]);
    await database.close();
  });

  it("makes its log as large as it gets once it is used much, and loses nothing in it", async () => {
    const path = join(folder, "log.sqlite");
    const logBytes = async (): Promise<number> => (await stat(`${path}-wal`)).size;
    const database = await sqliteDatabase({ path });
    await database.migrate([{ name: "1.sql", sql: "CREATE TABLE t (n BIGINT PRIMARY KEY)" }]);
    const insert = (n: number) => database.transaction([{ sql: "INSERT INTO t (n) VALUES (?)", params: [n] }]);
    for (let n = 0; n < 50; n++) await insert(n);
    expect(await logBytes()).toBeLessThan(1_000_000);
    for (let n = 50; n < 130; n++) await insert(n);
    const bytes = await logBytes();
    expect(bytes).toBeGreaterThan(16_000_000);
    for (let n = 130; n < 200; n++) await insert(n);
    expect(await logBytes()).toBe(bytes);
    // As a crash leaves it: what is read is in the log alone.
    for (const end of ["", "-wal"]) await copyFile(path + end, join(folder, `crashed.sqlite${end}`));
    const after = await sqliteDatabase({ path: join(folder, "crashed.sqlite") });
    expect(await after.query("SELECT count(*) AS n, max(n) AS last FROM t")).toEqual([{ n: 200, last: 199 }]);
    await Promise.all([database.close(), after.close()]);
  });

  it("applies transactions in the order they were asked, though nobody waits between them", async () => {
    const database = await sqliteDatabase({ path: join(folder, "order.sqlite") });
    await database.migrate([{ name: "1.sql", sql: "CREATE TABLE t (id TEXT PRIMARY KEY, n BIGINT)" }]);
    await database.transaction([{ sql: "INSERT INTO t (id, n) VALUES (?, ?)", params: ["order", 0] }]);
    const steps = Array.from({ length: 100 }, (_, i) =>
      database.transaction([{ sql: "UPDATE t SET n = ? WHERE id = ? AND n = ?", params: [i + 1, "order", i], expect: 1 }]),
    );
    await expect(Promise.all(steps)).resolves.toHaveLength(100);
    await database.close();
  });

  it("finishes what was asked before it closes, and refuses what comes after", async () => {
    const path = join(folder, "closing.sqlite");
    const first = await sqliteDatabase({ path });
    await first.migrate([{ name: "1.sql", sql: "CREATE TABLE t (id BIGINT PRIMARY KEY)" }]);
    const writes = Array.from({ length: 20 }, (_, i) => first.transaction([{ sql: "INSERT INTO t (id) VALUES (?)", params: [i] }]));
    await first.close();
    await Promise.all(writes);
    await expect(first.query("SELECT id FROM t")).rejects.toMatchObject({ code: "unavailable" });
    await expect(first.transaction([])).rejects.toMatchObject({ code: "unavailable" });
    const second = await sqliteDatabase({ path });
    expect(await second.query("SELECT count(*) AS n FROM t")).toEqual([{ n: 20 }]);
    await second.close();
  });

  it("acknowledges nothing of a commit for which the disk has no room, and goes on once there is some", async () => {
    const database = await sqliteDatabase({ path: join(folder, "full.sqlite") });
    await database.migrate([{ name: "1.sql", sql: "CREATE TABLE t (id BIGINT PRIMARY KEY, data TEXT NOT NULL)" }]);
    const insert = (id: number, size: number) =>
      database.transaction([{ sql: "INSERT INTO t (id, data) VALUES (?, ?)", params: [id, "x".repeat(size)] }]);
    const limit = (pages: number) => database.transaction([{ sql: `PRAGMA max_page_count = ${pages}` }]);
    await limit(20);
    const results = await Promise.allSettled([insert(1, 10), insert(2, 1_000_000), insert(3, 10)]);
    const acknowledged = results.flatMap((result, i) => (result.status === "fulfilled" ? [{ id: i + 1 }] : []));
    expect(results[1]).toMatchObject({ status: "rejected", reason: { message: expect.stringContaining("full") as string } });
    expect(await database.query("SELECT id FROM t ORDER BY id")).toEqual(acknowledged);
    await limit(10_000);
    await insert(2, 1_000_000);
    expect(await database.query("SELECT id FROM t WHERE id = ?", [2])).toEqual([{ id: 2 }]);
    await database.close();
  });

  it("says which file cannot be opened", async () => {
    await expect(sqliteDatabase({ path: join(folder, "no", "such", "folder.sqlite") })).rejects.toThrow("folder.sqlite");
  });
});
