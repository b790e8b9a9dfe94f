import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { afterAll, expect, it } from "vitest";
import { sqliteDatabase } from "./database-sqlite.ts";

const folder = await mkdtemp(join(tmpdir(), "lectern-kill-"));
afterAll(() => rm(folder, { recursive: true }));

const script = fileURLToPath(new URL("../testing/write-until-killed.ts", import.meta.url));

/** Ids that the child was told are written, until it is killed in the middle of its work. */
async function writeAndKill(path: string, run: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--conditions=lectern-source", "--import", "tsx", script, path, String(run)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const acked: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    acked.push(line);
    if (acked.length === 100 + run * 37) child.kill("SIGKILL");
  }
  return acked;
}

it("has every acknowledged row, and no half transaction, after each of five kill -9", async () => {
  const path = join(folder, "killed.sqlite");
  const acked: string[] = [];
  for (let run = 0; run < 5; run++) acked.push(...(await writeAndKill(path, run)));
  expect(acked.length).toBeGreaterThan(800);

  const database = await sqliteDatabase({ path });
  const [rows, twins] = await database.snapshot([{ sql: "SELECT id, twin FROM acked" }, { sql: "SELECT id FROM twins" }]);
  const stored = new Set(rows!.map((row) => row.id));
  expect(acked.filter((id) => !stored.has(id))).toEqual([]);
  expect(rows!.every((row) => row.twin === "x".repeat(500))).toBe(true);
  expect(new Set(twins!.map((row) => row.id))).toEqual(stored);
  expect(await database.transaction([{ sql: "PRAGMA integrity_check" }])).toEqual([[{ integrity_check: "ok" }]]);
  await database.close();
});
