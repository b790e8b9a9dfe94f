import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diskBlobs } from "../adapters/blobs-disk.ts";
import { postgresDatabase } from "../adapters/database-postgres.ts";
import { type Config, loadConfig } from "../config.ts";
import { blobUse, usesBlob } from "../documents/store.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import type { Database } from "../ports.ts";
import { loadSecret } from "../secret.ts";
import { insertDocument } from "../testing/test-database.ts";
import { hasPostgres, testPostgres, type TestPostgres } from "../testing/test-postgres.ts";
import { backup, restore } from "./backup.ts";

describe.skipIf(!(await hasPostgres()))("a backup of PostgreSQL", () => {
  let folder: string;
  let [first, second]: TestPostgres[] = [];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "lectern-backup-"));
    [first, second] = await Promise.all([testPostgres(), testPostgres()]);
  });
  afterAll(async () => {
    await Promise.all([first!.drop(), second!.drop(), rm(folder, { recursive: true, force: true })]);
  });

  const config = (postgres: TestPostgres, name: string): Config =>
    loadConfig([], { LECTERN_DATABASE_URL: postgres.url, LECTERN_DATA_DIR: join(folder, name) });
  async function using<T>(postgres: TestPostgres, work: (database: Database) => Promise<T>): Promise<T> {
    const database = await postgresDatabase({ url: postgres.url, onWarning: () => undefined });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  }

  it("has the files that the dump names, and comes back whole into an empty database", async () => {
    const from = config(first!, "from");
    await loadSecret(from.dataDir);
    const blobs = await diskBlobs(join(from.dataDir, "blobs"), { shared: true });
    const bytes = Buffer.from("the bytes of a document");
    const stored = await blobs.write("app", Readable.from([bytes]));
    await using(first!, async (database) => {
      await database.migrate(await loadMigrations());
      await insertDocument(database, "app", "kept");
      await database.transaction(blobUse({ applicationId: "app", documentId: "kept", ...stored, mediaType: "application/pdf", now: 1 }));
    });
    const target = join(folder, "backup");
    expect(await backup(from, target, { version: "1", now: 0 })).toEqual({ blobs: 1, bytes: bytes.length });
    const to = config(second!, "to");
    expect(await restore(to, target)).toEqual({ blobs: 1, bytes: bytes.length });
    expect(await using(second!, (database) => usesBlob(database, { applicationId: "app", documentId: "kept" }, stored.sha256))).toBe(true);
    expect(await readFile(join(to.dataDir, "blobs", "app", stored.sha256.slice(0, 2), stored.sha256))).toEqual(bytes);
  });
});
