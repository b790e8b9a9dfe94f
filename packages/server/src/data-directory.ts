/**
 * The data directory belongs to one process, unless the database is elsewhere: a second one is told who holds it. The lock is the operating system's (SQLite's lock on an empty
 * file), so it dies with its holder, however that dies, and a process id that was given to somebody else cannot be mistaken for the holder.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "@photostructure/sqlite";

/** Another process uses the directory. `pid` is null when it has not said its own yet. */
export class DataDirectoryInUse extends Error {
  readonly pid: number | null;
  constructor(path: string, pid: number | null) {
    super(
      `The data directory ${path} is in use by ${pid === null ? "another process" : `process ${pid}`}; one server at a time may use it`,
    );
    this.name = "DataDirectoryInUse";
    this.pid = pid;
  }
}

export interface DataDirectory {
  readonly path: string;
  /** The SQLite file. */
  readonly database: string;
  /** Folder of the blobs. */
  readonly blobs: string;
  /** Folder of what can be made again: images, text. */
  readonly cache: string;
  /** Other processes use it, too. */
  readonly shared: boolean;
  /** Gives the directory free. */
  close(): void;
}

/**
 * Makes the directory (readable by its owner only) where it is missing, and locks it, unless several processes `share` it. Throws
 * `DataDirectoryInUse`.
 */
export async function openDataDirectory(path: string, { shared = false }: { readonly shared?: boolean } = {}): Promise<DataDirectory> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const [blobs, cache] = [join(path, "blobs"), join(path, "cache")];
  const pidFile = join(path, "server.pid");
  const unlock = shared ? (): void => undefined : lock(join(path, "server.lock"));
  if (unlock === null) throw new DataDirectoryInUse(path, await readPid(pidFile));
  try {
    if (!shared) await writeFile(pidFile, `${process.pid}\n`);
    await Promise.all([blobs, cache].map((folder) => mkdir(folder, { recursive: true, mode: 0o700 })));
  } catch (error) {
    unlock();
    throw error;
  }
  return { path, database: join(path, "lectern.sqlite"), blobs, cache, shared, close: unlock };
}

/** null: somebody has it. */
function lock(file: string): (() => void) | null {
  const held = new DatabaseSync(file, { timeout: 0 });
  try {
    held.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    held.close();
    if (error instanceof Error && error.message.includes("locked")) return null;
    throw error;
  }
  return () => {
    if (held.isOpen) held.close();
  };
}

async function readPid(file: string): Promise<number | null> {
  try {
    const pid = Number.parseInt(await readFile(file, "utf8"), 10);
    return Number.isNaN(pid) ? null : pid;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
