/** What the functions of this folder work with. Made once, in `main.ts` or a test, by `documentDeps`. */
import type { InputLimits } from "../input-limits.ts";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { housekeepingJob, keepHouse } from "../jobs/housekeeping.ts";
import { type JobQueue, jobQueue } from "../jobs/queue.ts";
import type { BlobStore, Bus, Clock, Converter, Database, Recogniser, Renderer, Statement } from "../ports.ts";
import { forgetJob, forgetOldChanges } from "../layers/history/forget.ts";
import { cacheOfNodes } from "../render/cache-of-nodes.ts";
import { type PageCache, pageCache } from "../render/cache.ts";
import type { ServerSecret } from "../secret.ts";
import { type Ahead, ahead } from "./ahead.ts";
import { type Bases, documentBases } from "./base.ts";
import { type BlobLocks, blobLocks } from "./blob-locks.ts";
import { type BlobUses, blobUses } from "./blob-uses.ts";
import { collectBlobs, collectJob } from "./collect.ts";
import { prepareOverwrite } from "../revisions/prepare-overwrite.ts";
import { findOldMetadata } from "./metadata/store.ts";
import { prepareDocument } from "./prepare.ts";
import { prerenderPages } from "./prerender.ts";
import { renewBase } from "./renew-base.ts";
import type { DocumentKey } from "./store.ts";
import { freeUploads, removeExpiredUploads } from "../uploads/uploads.ts";
import type { DocumentRows } from "./rows-of.ts";
import { type Readiness, readiness } from "./readiness.ts";

export interface DocumentDeps {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly renderer: Renderer;
  /** Of Office documents. */
  readonly converter: Converter;
  /** Of text in images. */
  readonly recogniser: Recogniser;
  /** Page images and texts. */
  readonly cache: PageCache;
  /** Parsed base records. */
  readonly bases: Bases;
  readonly jobs: JobQueue;
  /** Tells who waits that a document has left `preparing`. */
  readonly readiness: Readiness;
  readonly locks: BlobLocks;
  readonly uses: BlobUses;
  /** Draws pages before somebody asks. */
  readonly ahead: Ahead;
  /** What nobody waits for, as to encode smaller what is stored. */
  readonly idle: Ahead;
  readonly secret: ServerSecret;
  readonly clock: Clock;
  /** That many random bytes. */
  readonly random: (count: number) => Uint8Array;
  /** An empty folder for files that live as long as one request. */
  readonly tempDir: string;
  /** Files of uploads that can be resumed; nodes share it. */
  readonly uploadsDir: string;
  readonly maxUploadBytes: number;
  readonly limits: InputLimits;
  /** Rows by which an upload is counted, written in its transaction. */
  readonly usageOfUpload: (upload: {
    readonly applicationId: string;
    readonly documentId: string;
    readonly revision: number;
    readonly bytes: number;
    readonly now: number;
  }) => readonly Statement[];
  /** Rows that tell of what happened to a document, for the transaction in which it happens. */
  readonly rowsOf: DocumentRows;
  /** The document was deleted with these layers: close their rooms. */
  readonly onDeleted: (document: {
    readonly applicationId: string;
    readonly documentId: string;
    readonly layerIds: readonly string[];
  }) => void;
  /** The document has another file: its default layer stands on another revision. */
  readonly onOverwritten: (document: DocumentKey) => void;
  /** Something failed where nobody waits for an answer. */
  readonly onError: (what: string, error: unknown) => void;
}

export interface DocumentDepsOptions extends Pick<
  DocumentDeps,
  | "database"
  | "blobs"
  | "renderer"
  | "converter"
  | "recogniser"
  | "secret"
  | "clock"
  | "random"
  | "maxUploadBytes"
  | "limits"
  | "usageOfUpload"
  | "onDeleted"
  | "onError"
  | "onOverwritten"
> {
  /** Default: none. */
  readonly rowsOf?: DocumentRows;
  /** Caches and files in the making live below it. */
  readonly dataDir: string;
  /** Between the processes that share the database; without it this is the only one. */
  readonly bus?: Bus;
  /** Bytes of cached images and texts; default 2 GB. */
  readonly cacheBytes?: number;
  /** Milliseconds after which changes of layers are forgotten; null or left out: never. */
  readonly keepChangesMs?: number | null;
  /** Jobs at once; default 2. */
  readonly jobConcurrency?: number;
}

/** Pages drawn ahead at a time. */
const AHEAD = 6;
/** Images that wait to be encoded smaller; older ones stay as they are. */
const IDLE = 200;
/** No file of a request is needed for so long. */
const LEFT_BEHIND_MS = 24 * 3_600_000;

/** Jobs run once `jobs.start()` is called; `closeDocuments` ends what was begun. */
export async function documentDeps(options: DocumentDepsOptions): Promise<DocumentDeps> {
  const { dataDir, bus, cacheBytes, keepChangesMs = null, jobConcurrency, ...given } = options;
  const { shared } = given.database;
  const tempDir = join(dataDir, "temp");
  await emptyFolder(tempDir, { olderThan: shared ? given.clock.now() - LEFT_BEHIND_MS : null });
  const cache = pageCache({
    folder: join(dataDir, "cache"),
    clock: given.clock,
    shared,
    onError: given.onError,
    ...(cacheBytes === undefined ? {} : { maxBytes: cacheBytes }),
  });
  const deps: DocumentDeps = {
    rowsOf: () => [],
    ...given,
    tempDir,
    uploadsDir: join(dataDir, "uploads"),
    cache: bus === undefined ? cache : cacheOfNodes(cache, { blobs: given.blobs, bus, onError: given.onError }),
    bases: documentBases(
      given.blobs,
      renewBase(() => deps),
    ),
    readiness: readiness(given.clock, bus),
    locks: blobLocks(given.database),
    uses: blobUses(given.database, given.clock),
    ahead: ahead({ most: AHEAD, onError: given.onError }),
    idle: ahead({ most: IDLE, onError: given.onError }),
    jobs: jobQueue({
      database: given.database,
      clock: given.clock,
      random: given.random,
      onError: given.onError,
      concurrency: jobConcurrency ?? 2,
      standing: [collectJob, housekeepingJob, ...(keepChangesMs === null ? [] : [forgetJob])],
      handlers: {
        prepare: (payload, signal, attempt) => prepareDocument(deps, payload, signal, attempt),
        overwrite: (payload, signal, attempt) => prepareOverwrite(deps, payload, signal, attempt),
        prerender: (payload, signal, attempt) => prerenderPages(deps, payload, signal, attempt),
        collect: (_payload, signal) => collectBlobs(deps, signal),
        housekeeping: (_payload, signal) => keepHouse({ ...deps, also: [(ending) => removeExpiredUploads(deps, ending)] }, signal),
        forget: (_payload, signal) => forgetOldChanges(deps, keepChangesMs, signal),
      },
    }),
  };
  await freeUploads(deps);
  await findOldMetadata(given.database);
  return deps;
}

/** What a crash left behind goes; where other processes work, too, that is known by its age. */
async function emptyFolder(folder: string, { olderThan }: { readonly olderThan: number | null }): Promise<void> {
  if (olderThan === null) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const file = await stat(path).catch(() => null);
    if (olderThan !== null && file !== null && file.mtimeMs < olderThan) await rm(path, { recursive: true, force: true });
  }
}

/** Lets running jobs end (they are taken up again at the next start when they do not within `graceMs`). */
export async function closeDocuments(deps: DocumentDeps, graceMs = 5000): Promise<void> {
  deps.ahead.close();
  deps.idle.close();
  await deps.jobs.close(graceMs);
  await deps.cache.close();
}
