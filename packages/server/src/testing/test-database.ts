/** A database of the real kind with the service's tables in it, in a folder that goes with it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sqliteDatabase } from "../adapters/database-sqlite.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import type { Database } from "../ports.ts";

/** `await database.close()` ends it and deletes its files. */
export async function testDatabase(): Promise<Database> {
  const folder = await mkdtemp(join(tmpdir(), "lectern-test-"));
  const database = await sqliteDatabase({ path: join(folder, "lectern.sqlite") });
  await database.migrate(await loadMigrations());
  return {
    ...database,
    async close() {
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** What the foreign keys of a document ask for: an application, and the document itself. */
export async function insertDocument(database: Database, applicationId: string, documentId: string): Promise<void> {
  await database.transaction([
    {
      sql: "INSERT INTO applications (id, name, allowed_origins, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
      params: [applicationId, "Test", "[]", 0],
    },
    {
      sql: `INSERT INTO documents (application_id, id, title, status, revision, source_sha256, byte_size, password_protected, metadata, created_at, updated_at)
        VALUES (?, ?, ?, ?, 1, ?, 0, 0, ?, 0, 0)`,
      params: [applicationId, documentId, documentId, "ready", "0".repeat(64), "{}"],
    },
  ]);
}
