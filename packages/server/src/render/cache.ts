/**
 * Page images and texts on disk, made once for everybody who asks at the same time, forgotten by least use beyond a budget of bytes. Keys name
 * content that never changes, so nothing expires. A file that is missing, cut or altered is a miss. The hottest ones are kept in memory, too.
 *
 * `{folder}/{application}/{sha256}/{name}`; each file ends with eight letters and a CRC-32 of what stands before them.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Clock } from "../ports.ts";

export interface CacheKey {
  readonly applicationId: string;
  readonly blob: string;
  /** File name: `{sourceIndex}-{variant}-{width}.{format}`, `{sourceIndex}-text2.json`, … */
  readonly name: string;
}

export interface PageCache {
  /** What is cached, or what `make` gives; `make` runs once for all callers and is aborted when none of them waits any more. */
  get(key: CacheKey, make: (signal: AbortSignal) => Promise<Uint8Array>, signal?: AbortSignal): Promise<Uint8Array>;
  /** Probably cached: true only for what this process has seen. */
  has(key: CacheKey): boolean;
  /** Null on a miss. */
  peek(key: CacheKey): Promise<Uint8Array | null>;
  put(key: CacheKey, bytes: Uint8Array): Promise<void>;
  /** Forgets everything that was made of a blob. */
  drop(applicationId: string, blob: string): Promise<void>;
  /** Ends when running writes have ended. */
  close(): Promise<void>;
}

export interface PageCacheOptions {
  readonly folder: string;
  readonly clock: Clock;
  /** On disk; default 2 GB. */
  readonly maxBytes?: number;
  /** In memory; default 32 MB. */
  readonly memoryBytes?: number;
  /** Other processes use the folder, too: then what a crash left half-written is known by its age only. */
  readonly shared?: boolean;
  readonly onError: (what: string, error: unknown) => void;
}

const MAX_BYTES = 2_000_000_000;
const MEMORY_BYTES = 32_000_000;
const SEAL = "lcached1";
const SEAL_BYTES = 12;
/** Access times on disk matter only for the order after a restart: they are written this seldom. */
const TOUCH_MS = 3_600_000;

/** No write takes so long. */
const LEFT_BEHIND_MS = 3_600_000;

interface Entry {
  size: number;
  touchedAt: number;
}

interface Flight {
  readonly bytes: Promise<Uint8Array>;
  readonly abort: AbortController;
  waiting: number;
  /** `dropped`: what it is made of is gone, so it must not stay. */
  readonly fate: { dropped: boolean };
}

export function pageCache(options: PageCacheOptions): PageCache {
  const { folder, clock, onError } = options;
  const maxBytes = options.maxBytes ?? MAX_BYTES;
  const memory = memoryCache(options.memoryBytes ?? MEMORY_BYTES);
  /** Least recently used first. Before `scanned` has ended it holds only what this process used. */
  const entries = new Map<string, Entry>();
  const flights = new Map<string, Flight>();
  const writes = new Set<Promise<void>>();
  /** Beginnings of the paths that are being dropped, once for each who does it. */
  const dropping: string[] = [];
  let total = 0;
  let evicting = false;
  let closed = false;
  const scanned = scan().catch((error: unknown) => onError("reading the page cache", error));

  /** What earlier processes left. */
  async function scan(): Promise<void> {
    await mkdir(folder, { recursive: true });
    const found: [string, Entry][] = [];
    for (const application of await readdir(folder)) {
      for (const blob of await listed(join(folder, application))) {
        for (const name of await listed(join(folder, application, blob))) {
          const path = `${application}/${blob}/${name}`;
          if (closed) return;
          const file = await stat(join(folder, path)).catch(missing);
          if (name.endsWith(".tmp")) {
            const old = options.shared !== true || (file !== null && clock.now() - file.mtimeMs > LEFT_BEHIND_MS);
            if (old && !writesTo(path)) await rm(join(folder, path), { force: true });
            continue;
          }
          if (file !== null && !entries.has(path)) found.push([path, { size: file.size, touchedAt: file.mtimeMs }]);
        }
      }
    }
    found.sort((a, b) => a[1].touchedAt - b[1].touchedAt);
    const used = [...entries];
    entries.clear();
    for (const [path, entry] of [...found.filter(([name]) => !used.some(([known]) => known === name)), ...used]) entries.set(path, entry);
    total = 0;
    for (const entry of entries.values()) total += entry.size;
    evict();
  }

  const tempNames = new Set<string>();
  const writesTo = (path: string): boolean => tempNames.has(path);

  function used(path: string, size: number): void {
    const known = entries.get(path);
    entries.delete(path);
    const entry = known ?? { size, touchedAt: clock.now() };
    total += size - (known?.size ?? 0);
    entry.size = size;
    entries.set(path, entry);
    const now = clock.now();
    if (now - entry.touchedAt < TOUCH_MS) return;
    entry.touchedAt = now;
    utimes(join(folder, path), now / 1000, now / 1000).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") onError("marking a cached page as used", error);
    });
  }

  function forget(path: string): void {
    const entry = entries.get(path);
    if (entry !== undefined) total -= entry.size;
    entries.delete(path);
    memory.delete(path);
  }

  function evict(): void {
    if (evicting || total <= maxBytes) return;
    evicting = true;
    const work = (async () => {
      // A little more than needed, so that not every write evicts.
      for (const path of entries.keys()) {
        if (total <= maxBytes * 0.95) break;
        forget(path);
        await rm(join(folder, path), { force: true });
      }
    })()
      .catch((error: unknown) => onError("shrinking the page cache", error))
      .finally(() => {
        evicting = false;
        writes.delete(work);
      });
    writes.add(work);
  }

  async function peek(key: CacheKey): Promise<Uint8Array | null> {
    const path = pathOf(key);
    const hot = memory.get(path);
    if (hot !== undefined) {
      used(path, hot.length + SEAL_BYTES);
      return hot;
    }
    const sealed = await readFile(join(folder, path)).catch(missing);
    if (sealed === null) {
      forget(path);
      return null;
    }
    const bytes = unsealed(sealed);
    if (bytes === null) {
      forget(path);
      await rm(join(folder, path), { force: true });
      return null;
    }
    used(path, sealed.length);
    memory.set(path, bytes);
    return bytes;
  }

  function put(key: CacheKey, bytes: Uint8Array): Promise<void> {
    const written = write(key, bytes);
    const settled = written
      .catch(() => undefined) // told to the caller
      .finally(() => writes.delete(settled));
    writes.add(settled);
    return written;
  }

  async function write(key: CacheKey, bytes: Uint8Array): Promise<void> {
    const path = pathOf(key);
    // Its folder must not fill while it is emptied.
    if (dropping.some((prefix) => path.startsWith(prefix))) return;
    const temp = `${path}.${randomUUID()}.tmp`;
    // At once, so that it is found while it is being written.
    memory.set(path, bytes);
    tempNames.add(temp);
    try {
      await mkdir(join(folder, key.applicationId, key.blob), { recursive: true });
      await writeFile(join(folder, temp), seal(bytes));
      await rename(join(folder, temp), join(folder, path));
    } catch (error) {
      await rm(join(folder, temp), { force: true });
      throw error;
    } finally {
      tempNames.delete(temp);
    }
    used(path, bytes.length + SEAL_BYTES);
    evict();
  }

  function fly(key: CacheKey, path: string, make: (signal: AbortSignal) => Promise<Uint8Array>): Flight {
    const abort = new AbortController();
    const fate = { dropped: false };
    const bytes = (async () => {
      const cached = await peek(key);
      if (cached !== null) return cached;
      const made = await make(abort.signal);
      if (fate.dropped) return made;
      // Callers need not wait for the disk, nor fail with it.
      put(key, made).catch((error: unknown) => onError("writing a cached page", error));
      return made;
    })().finally(() => {
      if (flights.get(path) === flight) flights.delete(path);
    });
    // Whoever waits gets the error; when nobody does any more it is nobody's.
    bytes.catch(() => undefined);
    const flight: Flight = { bytes, abort, waiting: 0, fate };
    flights.set(path, flight);
    return flight;
  }

  return {
    has: (key) => entries.has(pathOf(key)) || memory.has(pathOf(key)),
    peek,
    put,
    async get(key, make, signal) {
      signal?.throwIfAborted();
      const path = pathOf(key);
      const hot = memory.get(path);
      if (hot !== undefined) {
        used(path, hot.length + SEAL_BYTES);
        return hot;
      }
      let flight = flights.get(path);
      if (flight === undefined || flight.abort.signal.aborted) flight = fly(key, path, make);
      flight.waiting++;
      try {
        return await unlessAborted(flight.bytes, signal);
      } finally {
        if (--flight.waiting === 0) flight.abort.abort();
      }
    },
    async drop(applicationId, blob) {
      const prefix = `${applicationId}/${blob}/`;
      await scanned;
      dropping.push(prefix);
      try {
        for (const [path, flight] of flights) if (path.startsWith(prefix)) flight.fate.dropped = true;
        // What is being written now would be there again after it.
        await Promise.all(writes);
        for (const path of entries.keys()) if (path.startsWith(prefix)) forget(path);
        // Another process may be writing into it.
        await rm(join(folder, applicationId, blob), { recursive: true, force: true, maxRetries: 10 });
      } finally {
        dropping.splice(dropping.indexOf(prefix), 1);
      }
    },
    async close() {
      closed = true;
      for (const { abort } of flights.values()) abort.abort();
      await Promise.all([scanned, ...[...flights.values()].map((flight) => flight.bytes.catch(() => undefined))]);
      await Promise.all(writes);
    },
  };
}

function pathOf({ applicationId, blob, name }: CacheKey): string {
  return `${applicationId}/${blob}/${name}`;
}

function seal(bytes: Uint8Array): Uint8Array {
  const tail = Buffer.alloc(SEAL_BYTES);
  tail.write(SEAL, "latin1");
  tail.writeUInt32BE(crc32(bytes), SEAL.length);
  return Buffer.concat([bytes, tail]);
}

function unsealed(file: Buffer): Uint8Array | null {
  const end = file.length - SEAL_BYTES;
  if (end < 0 || file.toString("latin1", end, end + SEAL.length) !== SEAL) return null;
  const bytes = file.subarray(0, end);
  return crc32(bytes) === file.readUInt32BE(end + SEAL.length) ? bytes : null;
}

function missing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
  throw error;
}

async function listed(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(missing)) ?? [];
}

/** The same promise, but the signal ends the waiting. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

interface MemoryCache {
  has(path: string): boolean;
  get(path: string): Uint8Array | undefined;
  set(path: string, bytes: Uint8Array): void;
  delete(path: string): void;
}

function memoryCache(maxBytes: number): MemoryCache {
  const entries = new Map<string, Uint8Array>();
  let total = 0;
  const remove = (path: string): Uint8Array | undefined => {
    const bytes = entries.get(path);
    if (bytes !== undefined) total -= bytes.length;
    entries.delete(path);
    return bytes;
  };
  return {
    has: (path) => entries.has(path),
    get(path) {
      const bytes = entries.get(path);
      if (bytes === undefined) return undefined;
      entries.delete(path);
      entries.set(path, bytes);
      return bytes;
    },
    set(path, bytes) {
      remove(path);
      // One large image must not push out everything else.
      if (bytes.length > maxBytes / 8) return;
      entries.set(path, bytes);
      total += bytes.length;
      for (const oldest of entries.keys()) {
        if (total <= maxBytes) break;
        remove(oldest);
      }
    },
    delete: (path) => void remove(path),
  };
}
