/** PORTS: what the service needs of its surroundings. Adapters are picked in `main.ts` only; each port has a suite that every adapter's test calls. */
import { randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import type { Encryption, Finish, RecognisedLine, RedactOptions } from "@lectern/pdf";

export type SqlValue = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, SqlValue>>;

/** Parameters are `?`. Text must not hold the character U+0000, numbers are whole and below 2^53. */
export interface Query {
  readonly sql: string;
  readonly params?: readonly SqlValue[];
}

export interface Statement extends Query {
  /** Rows that must be affected or returned; any other number rolls the transaction back as a `Conflict`. */
  readonly expect?: number;
}

/** A statement's `expect` did not hold: nothing of its transaction was written. `index` says which statement. */
export class Conflict extends Error {
  readonly index: number;
  constructor(index: number) {
    super(`statement ${index} did not affect the expected number of rows`);
    this.name = "Conflict";
    this.index = index;
  }
}

/** A statement broke a UNIQUE or PRIMARY KEY constraint: nothing of its transaction was written. `index` says which statement. */
export class UniqueViolation extends Error {
  readonly index: number;
  constructor(index: number) {
    super(`statement ${index} would make a second row with the same key`);
    this.name = "UniqueViolation";
    this.index = index;
  }
}

/** SQL storage. One SQL text for all engines, within the rules of docs/architecture.md. */
export interface Database {
  /** Other processes may use it at the same time. */
  readonly shared: boolean;
  /** Rows as of some moment after every write this process was told of. */
  query<T = Row>(sql: string, params?: readonly SqlValue[]): Promise<T[]>;
  /**
   * `query` of this one table, for what nearly every request asks. May answer from memory while nothing wrote to the table; parameters are text
   * and numbers. The rows are not to be changed.
   */
  recall<T = Row>(table: string, sql: string, params: readonly (string | number)[]): Promise<readonly T[]>;
  /** Several reads that all see the same moment. */
  snapshot(queries: readonly Query[]): Promise<Row[][]>;
  /**
   * One transaction; resolved only when it is durable (fsynced), with the rows that each statement returned (RETURNING).
   * Concurrent transactions share one fsync (group commit), and may be committed in any order: what builds on another one waits for it.
   * Throws `Conflict`, `UniqueViolation`, ApiError `unavailable` (then it is unknown whether it was written).
   */
  transaction(statements: readonly Statement[]): Promise<Row[][]>;
  /**
   * One transaction in two steps: what `first` has locked stays locked while `next` decides, from the rows it returned, what else to write. `first` may
   * expect numbers of rows, what follows may not. Throws as `transaction` does, and what `next` throws; then nothing was written. A transaction that
   * the engine gave up for the sake of another one is `Conflict`, too. Shared databases only.
   */
  exchange?(first: readonly Statement[], next: (rows: Row[][]) => Promise<readonly Query[]>): Promise<void>;
  /**
   * Takes up to `limit` due jobs for `worker` until `leaseUntil`; no two callers get the same one.
   * Times are milliseconds.
   */
  claimJobs(options: {
    readonly worker: string;
    readonly now: number;
    readonly leaseUntil: number;
    readonly limit: number;
  }): Promise<Row[]>;
  /** One at a time for each name, over all processes that use this database. Not to be nested. */
  lock<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Runs the migrations that are missing, under a lock. */
  migrate(migrations: readonly Migration[]): Promise<void>;
  close(): Promise<void>;
}

export interface Migration {
  /** File name, e.g. `0001_start.sql`. */
  readonly name: string;
  readonly sql: string;
}

export interface StoredBlob {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly size: number;
}

export interface WriteOptions {
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
}

/** Bytes that have arrived and are no blob yet, or one that whoever deletes the same bytes may take away. */
export interface ReceivedBlob extends StoredBlob {
  /** They are a durable blob when this resolves, whatever was deleted before. Once, under the lock of the blob's name. */
  store(): Promise<void>;
  /** Afterwards, stored or not: nothing is left of them beside the blob. */
  release(): Promise<void>;
}

/** Bytes by content, per application. Never changed, only added and deleted. */
export interface BlobStore {
  /**
   * Streams to this machine while hashing. Throws ApiError `too_large` past `maxBytes` and leaves nothing behind when it fails or is aborted. Closes
   * the source then, as `for await` does: a request that is still to be answered must be wrapped.
   */
  receive(applicationId: string, bytes: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<ReceivedBlob>;
  /** Receives and stores. Throws as `receive`. */
  write(applicationId: string, bytes: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<StoredBlob>;
  /** null when there is no such blob. `range`: first and last byte, inclusive. */
  read(applicationId: string, sha256: string, range?: readonly [number, number]): Promise<Readable | null>;
  size(applicationId: string, sha256: string): Promise<number | null>;
  /** A path on this machine where worker processes can read the blob; throws ApiError `not_found`. */
  localPath(applicationId: string, sha256: string): Promise<string>;
  delete(applicationId: string, sha256: string): Promise<void>;
  /** Lets go of a copy that is kept near; left out where there is none. */
  forget?(applicationId: string, sha256: string): Promise<void>;
}

/** Hints and presence between nodes: lossy, never the only copy of anything. */
export interface Bus {
  publish(topic: string, message: string): void;
  /** Returns how to stop. The publisher's own messages are not delivered to it. */
  subscribe(topic: string, listener: (message: string) => void): () => void;
  close(): Promise<void>;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  setTimeout(run: () => void, ms: number): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout(run, ms) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** As many unpredictable bytes as asked for: what ids, keys and tokens are made of. */
export type Random = (bytes: number) => Uint8Array;

export const systemRandom: Random = (bytes) => randomBytes(bytes);

/** A file as worker processes see it. */
export interface RenderSource {
  readonly path: string;
  /** Key of the worker's cache of open documents. */
  readonly sha256: string;
  readonly password?: string;
}

export type ImageFormat = "webp" | "png" | "jpeg";

/**
 * All work on PDF files, in child processes with a wall clock and a memory cap. Errors are ApiError: `invalid_document`, `password_required`,
 * `wrong_password`, `not_found` (no such page), `too_large`, `document_failed` (the process had to be thrown away, twice; `extra.quarantined` is
 * true once the file has cost so many processes that it is not tried any more), `unavailable` (overloaded, shutting down).
 */
export interface Renderer {
  /** Opens the file, to learn whether that works and whether the password is right. */
  probe(source: RenderSource, signal?: AbortSignal): Promise<{ readonly pageCount: number; readonly encrypted: boolean }>;
  /**
   * Opens the file and writes manifest and base records as NDJSON to `target`: first line `{manifest}`, then `{page, records}` for pages that have some. With
   * `pictures` annotations that records cannot say are among them, shown by pictures that are written beside `target`, see `picturePath`; with `files`
   * the files that the file holds, see `embeddedPath`.
   */
  prepare(
    source: RenderSource,
    options: {
      readonly revision: number;
      readonly target: string;
      readonly pictures?: boolean;
      readonly files?: boolean;
      /** Told at the start, and now and then after that. */
      readonly onProgress?: ((pages: PagesRead) => void) | undefined;
      readonly signal?: AbortSignal;
    },
  ): Promise<PrepareSummary>;
  /** One page as an encoded image. */
  image(source: RenderSource, options: ImageOptions): Promise<Uint8Array>;
  /** JSON of PageText (see @lectern/pdf). */
  text(source: RenderSource, page: number, options?: { readonly priority?: Priority; readonly signal?: AbortSignal }): Promise<string>;
  /** JSON of what the file says of itself: `fonts` gives FileFont[], `contentGroups` ContentGroupEntry[], `embeddedFiles` FileInFile[] of @lectern/pdf, `signatures` SignatureReports. */
  inspect(source: RenderSource, what: Inspection, signal?: AbortSignal): Promise<string>;
  /** Writes the exported file to `target`. */
  export(source: RenderSource, options: ExportOptions): Promise<void>;
  /** Writes the file without what lies under the marks to `target`. Answers the pages that had to become images. */
  redact(source: RenderSource, options: RedactJob): Promise<readonly number[]>;
  /** Writes what was uploaded (an image, text, an e-mail, …) as a PDF to `target`. Throws ApiError `unsupported_media_type`, too. */
  convert(source: RenderSource, options: ConvertOptions): Promise<Converted>;
  /** Renders a known page through a real worker. */
  check(): Promise<void>;
  /** For metrics: as it is now, and what happened since the start. */
  stats(): RendererStats;
  close(): Promise<void>;
}

export type Inspection =
  | { readonly what: "fonts" }
  | { readonly what: "contentGroups" }
  | { readonly what: "embeddedFiles" }
  /** `trusted`: certificates that the caller believes, DER. `now`: milliseconds since 1970. */
  | { readonly what: "signatures"; readonly trusted: readonly Uint8Array[]; readonly now: number };

export interface RendererStats {
  /** Jobs that wait for a process. */
  readonly queued: number;
  readonly processes: { readonly starting: number; readonly idle: number; readonly busy: number };
  /** Processes that ended although they should not have, by reason: `crash`, `time`, `memory`, `start`. */
  readonly deaths: Readonly<Record<string, number>>;
  /** Processes that were started. */
  readonly starts: number;
}

export interface PagesRead {
  readonly done: number;
  readonly total: number;
}

/** The page that something is put on, in points. */
export interface Sheet {
  /** null: as the image says. */
  readonly size: readonly [width: number, height: number] | null;
  /** null: as the kind of file has them. */
  readonly margin: readonly [left: number, top: number, right: number, bottom: number] | null;
}

export interface ConvertOptions {
  readonly kind: "image" | "html" | "markdown" | "text" | "email";
  readonly mediaType: string;
  readonly target: string;
  readonly sheet?: Sheet | null;
  /** Images that an HTML page may name. */
  readonly beside?: readonly { readonly name: string; readonly path: string }[];
  readonly signal?: AbortSignal;
}

export interface Converted {
  /** Sentences about what is not as it was in the file. */
  readonly warnings: readonly string[];
}

/** Office documents → PDF, by a program that is installed beside the service. */
export interface Converter {
  /**
   * Writes the PDF to `target`. `extension`: of the file, with its dot. Throws ApiError `invalid_document`, `document_failed` (took too long,
   * ended with an error), `unsupported_media_type` (the program is not installed: the message says what to install).
   */
  convert(
    file: { readonly path: string; readonly extension: string },
    options: { readonly target: string; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Throws ApiError `unsupported_media_type`, as above, when the program is not installed. */
  require(): Promise<void>;
  /** Version of the program; null when it is not installed. */
  version(): Promise<string | null>;
  /** Can the files of this machine be kept from it? Otherwise documents that name files are refused. */
  keepsFilesApart(): Promise<boolean>;
}

/** Text in images, by a program that is installed beside the service. */
export interface Recogniser {
  /**
   * Lines of text in an image (PNG), in pixels. Throws ApiError `document_failed` (took too long, ended with an error), and as `require`.
   */
  recognise(
    image: Uint8Array,
    options: { readonly languages: readonly string[]; readonly dpi: number; readonly signal?: AbortSignal },
  ): Promise<readonly RecognisedLine[]>;
  /**
   * `languages`: codes of ISO 639-2, as `eng`. Throws ApiError `not_implemented` when the program is not installed and `unprocessable` when a
   * language is not; the message says what to install.
   */
  require(languages: readonly string[]): Promise<void>;
  /** Those that are installed. */
  languages(): Promise<readonly string[]>;
  /** Version of the program; null when it is not installed. */
  version(): Promise<string | null>;
}

/** Somebody waits; nobody waits yet, as when a neighbour of the page on screen is drawn ahead; nobody will ever wait. */
export type Priority = "interactive" | "ahead" | "idle";

export interface PrepareSummary {
  readonly pageCount: number;
  readonly encrypted: boolean;
  readonly recordCount: number;
  /** Title in the file's metadata. */
  readonly title: string | null;
  /** Sentences about what of the file is not shown. */
  readonly warnings: readonly string[];
  /** Those that were written. */
  readonly pictures: readonly { readonly sha256: string; readonly mediaType: string }[];
  /** SHA-256 of the files in the file that were written. */
  readonly files: readonly string[];
}

export interface ImageOptions {
  /** Index in the file. */
  readonly page: number;
  /** Pixels of the whole page as shown: exactly one of them. */
  readonly width?: number;
  readonly height?: number;
  /** Only this tile: column and row of squares of `TILE_PIXELS`, from the top left. Throws ApiError `not_found` outside of the page. */
  readonly tile?: readonly [column: number, row: number];
  readonly format: ImageFormat;
  /** `fast` (default): somebody waits. `small`: more work for fewer bytes. The same pixels either way, but for photographs. */
  readonly encoding?: "fast" | "small";
  /** Clockwise, on top of what the file says. */
  readonly rotation?: 0 | 90 | 180 | 270;
  /** What of the file's annotations is drawn: see RenderOptions of @lectern/pdf. */
  readonly annotations: "none" | "others" | "all";
  /** Groups of optional content that are drawn, and no others; left out: as the file says. */
  readonly contentGroups?: readonly number[];
  /** Path as `ExportOptions.changes`: the page is drawn as it would be exported. */
  readonly changes?: string;
  /** Files 1, 2, … of the composition in `changes`, whose only page is drawn. */
  readonly others?: readonly RenderSource[];
  readonly priority?: Priority;
  readonly signal?: AbortSignal;
}

export interface ExportOptions {
  readonly target: string;
  /** Path of a JSON file: ChangesFile of documents/changes-file.ts. */
  readonly changes: string;
  readonly annotations: boolean;
  /** Default true. */
  readonly comments?: boolean;
  readonly flatten: boolean;
  /** Files 1, 2, … of the composition in `changes`. */
  readonly others?: readonly RenderSource[];
  readonly encryption?: Encryption | null;
  /** What is done to the whole file at the end. */
  readonly finish?: Finish | null;
  /** The outcome of a composition keeps the passwords and restrictions of this file; `encryption` counts when it has none. */
  readonly securityOf?: RenderSource | null;
  readonly signal?: AbortSignal;
}

export interface RedactJob {
  readonly target: string;
  readonly pages: RedactOptions["pages"];
  readonly signal?: AbortSignal;
}
