import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, it, onTestFinished } from "vitest";
import { s3Blobs } from "../adapters/blobs-s3.ts";
import { sqliteDatabase } from "../adapters/database-sqlite.ts";
import { loadConfig } from "../config.ts";
import { blobUse } from "../documents/store.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import { loadSecret } from "../secret.ts";
import { fakeS3 } from "../testing/fake-s3.ts";
import { insertDocument } from "../testing/test-database.ts";
import { backup, blobsOfCopy, restore, splitPassword } from "./backup.ts";

it.each([
  ["postgres://ann:s%3Acr%40t@db:5432/lectern?sslmode=require", "postgres://ann@db:5432/lectern?sslmode=require", "s:cr@t"],
  ["postgres://ann@db/lectern?password=secret&sslmode=require", "postgres://ann@db/lectern?sslmode=require", "secret"],
  ["postgres://ann@db/lectern", "postgres://ann@db/lectern", null],
])("the password of %s is no argument of another program", (given, url, password) => {
  expect(splitPassword(given)).toEqual({ url, password });
});

it("the files of a dump are read from its table of uses, each once", () => {
  const text = [
    "SET client_encoding = 'UTF8';",
    "COPY public.blob_uses (application_id, document_id, sha256) FROM stdin;",
    "app\tone\tabc",
    "app\ttwo\tabc",
    "app\ttwo\tdef",
    "\\.",
    "app\tnot\tdata",
  ].join("\n");
  expect(blobsOfCopy(text).map(({ applicationId, sha256 }) => `${applicationId}/${sha256}`)).toEqual(["app/abc", "app/def"]);
  expect(() => blobsOfCopy("SET x = 1;")).toThrow("holds no table");
});

it("a document that is deleted while its files are copied is not in the backup, and takes nothing with it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "lectern-backup-"));
  const bucket = await fakeS3();
  onTestFinished(async () => {
    await bucket.close();
    await rm(folder, { recursive: true, force: true });
  });
  const dataDir = join(folder, "data");
  await loadSecret(dataDir);
  const database = await sqliteDatabase({ path: join(dataDir, "lectern.sqlite") });
  onTestFinished(() => database.close());
  await database.migrate(await loadMigrations());
  const blobs = await s3Blobs({ url: bucket.url, cacheDir: join(folder, "cache"), onError: () => undefined });
  const stored = new Map<string, string>();
  for (const documentId of ["kept", "gone"]) {
    await insertDocument(database, "app", documentId);
    const blob = await blobs.write("app", Readable.from([Buffer.from(documentId)]));
    stored.set(documentId, blob.sha256);
    await database.transaction(blobUse({ applicationId: "app", documentId, ...blob, mediaType: "application/pdf", now: 1 }));
  }
  // Named by the copy of the database that has been made by now.
  bucket.before(/^GET blobs\//, async () => {
    await database.transaction([
      { sql: "DELETE FROM blob_uses WHERE document_id = 'gone'" },
      { sql: "DELETE FROM documents WHERE id = 'gone'" },
    ]);
    await blobs.delete("app", stored.get("gone")!);
  });
  const target = join(folder, "backup");
  const config = loadConfig([], { LECTERN_DATA_DIR: dataDir, LECTERN_BLOBS_URL: bucket.url });
  expect(await backup(config, target, { version: "1", now: 0 })).toEqual({ blobs: 1, bytes: 4 });
  const to = loadConfig([], { LECTERN_DATA_DIR: join(folder, "restored") });
  expect(await restore(to, target)).toEqual({ blobs: 1, bytes: 4 });
  const restored = await sqliteDatabase({ path: join(folder, "restored", "lectern.sqlite") });
  onTestFinished(() => restored.close());
  expect(await restored.query("SELECT id FROM documents")).toEqual([{ id: "kept" }]);
  // What is lost, and not deleted, is said.
  await blobs.delete("app", stored.get("kept")!);
  await expect(backup(config, join(folder, "again"), { version: "1", now: 0 })).rejects.toThrow("is missing");
});
