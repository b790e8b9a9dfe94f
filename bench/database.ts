/**
 * Group commit against one commit at a time: durable transactions per second of 64 concurrent writers, of one writer, and what the disk itself
 * allows (one write and one fsync after another).
 */
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteDatabase } from "../packages/server/src/adapters/database-sqlite.ts";
import type { Database } from "../packages/server/src/ports.ts";

const SECONDS = 2;
const DATA = "x".repeat(400);

/** Runs `once` in so many loops, and answers how often a second it was done. */
async function perSecond(loops: number, once: (n: number) => Promise<unknown>): Promise<number> {
  const end = performance.now() + SECONDS * 1000;
  let n = 0;
  await Promise.all(
    Array.from({ length: loops }, async () => {
      while (performance.now() < end) await once(n++);
    }),
  );
  return n / SECONDS;
}

function insert(database: Database, prefix: string): (n: number) => Promise<unknown> {
  return (n) => database.transaction([{ sql: "INSERT INTO rows_written (id, data) VALUES (?, ?)", params: [`${prefix}${n}`, DATA] }]);
}

export async function benchDatabase(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-bench-"));
  const database = await sqliteDatabase({ path: join(folder, "bench.sqlite") });
  try {
    await database.migrate([{ name: "1.sql", sql: "CREATE TABLE rows_written (id TEXT PRIMARY KEY, data TEXT NOT NULL)" }]);
    const file = await open(join(folder, "plain"), "w");
    const disk = await perSecond(1, async () => {
      await file.write(DATA);
      await file.datasync();
    });
    await file.close();
    const single = await perSecond(1, insert(database, "single"));
    const group = await perSecond(64, insert(database, "group"));
    const rounded = [disk, single, group].map((rate) => Math.round(rate).toLocaleString("en"));
    console.log(`fsync alone          ${rounded[0]} /s`);
    console.log(`1 writer             ${rounded[1]} commits/s`);
    console.log(`64 writers, grouped  ${rounded[2]} commits/s`);
    console.log(`grouped : single     ${(group / single).toFixed(1)}`);
  } finally {
    await database.close();
    await rm(folder, { recursive: true });
  }
}
