/** Documents over real storage in a folder of their own, and real workers. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { diskBlobs } from "../adapters/blobs-disk.ts";
import { libreOfficeConverter } from "../adapters/converter-libreoffice.ts";
import { tesseractRecogniser } from "../adapters/recogniser-tesseract.ts";
import { sqliteDatabase } from "../adapters/database-sqlite.ts";
import { closeDocuments, type DocumentDeps, documentDeps, type DocumentDepsOptions } from "../documents/deps.ts";
import { waitForReady } from "../documents/status.ts";
import type { DocumentRow } from "../documents/store.ts";
import { type Upload, uploadDocument } from "../documents/upload.ts";
import { INPUT_LIMITS } from "../input-limits.ts";
import { loadMigrations } from "../migrations/migrate.ts";
import { type Clock, type Renderer, systemClock } from "../ports.ts";
import { serverSecret } from "../secret.ts";

export const APPLICATION = "application-1";

export interface TestDocuments {
  readonly deps: DocumentDeps;
  readonly folder: string;
  /** What went wrong where nobody waits. */
  readonly errors: unknown[];
  /** Layers that were deleted. */
  readonly deleted: { readonly documentId: string; readonly layerIds: readonly string[] }[];
  upload(bytes: Uint8Array, more?: Partial<Upload>): Promise<DocumentRow>;
  /** Uploads and waits. */
  prepared(bytes: Uint8Array, more?: Partial<Upload>): Promise<DocumentRow>;
  /** Ends this process's part of it, as a crash would: nothing is waited for. The folder stays. */
  abandon(): Promise<void>;
  /** Ends it and deletes the folder. */
  close(): Promise<void>;
}

export interface TestDocumentsOptions extends Partial<Pick<DocumentDepsOptions, "maxUploadBytes" | "cacheBytes">> {
  readonly renderer: Renderer;
  readonly clock?: Clock;
  /** Of an earlier one that was abandoned. */
  readonly folder?: string;
  /** The program that converts Office documents; looked for when it is not named. */
  readonly libreOffice?: string;
  /** Default true. */
  readonly runJobs?: boolean;
}

/** A clock that stands until it is moved; its timers are the system's. */
export function movableClock(): Clock & { move(ms: number): void } {
  let ahead = 0;
  return { ...systemClock, now: () => systemClock.now() + ahead, move: (ms) => void (ahead += ms) };
}

export async function testDocuments(options: TestDocumentsOptions): Promise<TestDocuments> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "lectern-documents-")));
  const database = await sqliteDatabase({ path: join(folder, "lectern.sqlite") });
  await database.migrate(await loadMigrations());
  await database.transaction(
    [APPLICATION, "application-2"].map((id) => ({
      sql: "INSERT INTO applications (id, name, allowed_origins, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
      params: [id, id, "[]", 0],
    })),
  );
  const errors: unknown[] = [];
  const deleted: { documentId: string; layerIds: readonly string[] }[] = [];
  const deps = await documentDeps({
    database,
    blobs: await diskBlobs(join(folder, "blobs")),
    renderer: options.renderer,
    converter: libreOfficeConverter({ program: options.libreOffice ?? null, tempDir: join(folder, "converting") }),
    recogniser: tesseractRecogniser({ program: null, tempDir: join(folder, "converting") }),
    clock: options.clock ?? systemClock,
    random: randomBytes,
    secret: serverSecret(new Uint8Array(32).fill(7)),
    dataDir: folder,
    maxUploadBytes: options.maxUploadBytes ?? 50_000_000,
    limits: INPUT_LIMITS,
    ...(options.cacheBytes === undefined ? {} : { cacheBytes: options.cacheBytes }),
    usageOfUpload: ({ applicationId, documentId, bytes }) => [
      {
        sql: "INSERT INTO usage (application_id, day, what, key, amount) VALUES (?, '2030-01-01', 'uploads', ?, ?)",
        params: [applicationId, documentId, bytes],
      },
    ],
    onOverwritten: () => undefined,
    onDeleted: (document) => deleted.push(document),
    onError: (what, error) => errors.push({ what, error }),
  });
  if (options.runJobs !== false) await deps.jobs.start();
  const upload = (bytes: Uint8Array, more: Partial<Upload> = {}): Promise<DocumentRow> =>
    uploadDocument(deps, { applicationId: APPLICATION, bytes: Readable.from([Buffer.from(bytes)]), ...more });
  return {
    deps,
    folder,
    errors,
    deleted,
    upload,
    async prepared(bytes, more) {
      const { applicationId, id } = await upload(bytes, more);
      return waitForReady(deps, { applicationId, documentId: id }, { wait: 60 });
    },
    async abandon() {
      await database.close();
      await deps.jobs.close(0);
      await deps.cache.close();
    },
    async close() {
      await closeDocuments(deps);
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
}
