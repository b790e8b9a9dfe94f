/**
 * BlobStore in a folder: `<application>/<aa>/<sha256>`. Bytes go to a temporary file while they are hashed; that file is synced, renamed to its
 * name, and the folder is synced before anybody is told. Renaming over a blob of the same name is harmless: it has the same bytes.
 */
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { ApiError } from "@lectern/protocol/plain";
import type { BlobStore } from "../ports.ts";
import { abortable, requireBlobName, writeHashed, writing } from "./blob-file.ts";

export interface DiskBlobsOptions {
  /** Other processes use the folder, too: then what an upload left behind is known by its age only. */
  readonly shared?: boolean;
}

/** An upload is over after so long. */
const LEFT_BEHIND_MS = 24 * 3_600_000;

/** Throws away what uploads left behind that a crash interrupted. */
export async function diskBlobs(path: string, { shared = false }: DiskBlobsOptions = {}): Promise<BlobStore> {
  const folder = resolve(path);
  // a name that no application can have
  const unfinished = join(folder, ".unfinished");
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  const oldest = shared ? Date.now() - LEFT_BEHIND_MS : Number.POSITIVE_INFINITY;
  for (const name of await readdir(unfinished)) {
    const left = join(unfinished, name);
    const file = await stat(left).catch(nullIfMissing);
    if (file !== null && file.mtimeMs < oldest) await rm(left, { recursive: true, force: true });
  }

  const durable = new Set<string>();

  /** Makes the folder. Every upload that finds it new to this process syncs its way up: a rename must not be told before the folder is there. */
  async function makeFolder(path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (durable.has(path)) return;
    for (let made = path; made !== folder; made = dirname(made)) await syncFolder(dirname(made));
    durable.add(path);
  }

  function pathOf(applicationId: string, sha256: string): string {
    requireBlobName(applicationId, sha256);
    return join(folder, applicationId, sha256.slice(0, 2), sha256);
  }

  const receive: BlobStore["receive"] = async (applicationId, bytes, { maxBytes = Number.POSITIVE_INFINITY, signal } = {}) => {
    pathOf(applicationId, "0".repeat(64));
    const temporary = join(unfinished, randomUUID());
    try {
      const { hash, size } = await writeHashed(temporary, abortable(bytes, signal), maxBytes);
      const sha256 = hash.digest("hex");
      const final = pathOf(applicationId, sha256);
      await makeFolder(dirname(final));
      return {
        sha256,
        size,
        async store() {
          signal?.throwIfAborted();
          await rename(temporary, final);
          await syncFolder(dirname(final));
        },
        release: () => rm(temporary, { force: true }),
      };
    } catch (error) {
      if (bytes instanceof Readable) bytes.destroy();
      await rm(temporary, { force: true });
      throw error;
    }
  };

  return {
    receive,
    write: writing(receive),

    async read(applicationId, sha256, range) {
      if (range !== undefined && range[1] < range[0]) throw new ApiError("range_not_satisfiable");
      const file = await openIfThere(pathOf(applicationId, sha256));
      if (file === null) return null;
      return file.createReadStream(range === undefined ? {} : { start: range[0], end: range[1] });
    },

    async size(applicationId, sha256) {
      return sizeIfThere(pathOf(applicationId, sha256));
    },

    async localPath(applicationId, sha256) {
      const file = pathOf(applicationId, sha256);
      if ((await sizeIfThere(file)) === null) throw new ApiError("not_found", "The file is not stored here");
      return file;
    },

    async delete(applicationId, sha256) {
      await rm(pathOf(applicationId, sha256), { force: true });
    },
  };
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  return open(path, "r").catch(nullIfMissing);
}

async function sizeIfThere(path: string): Promise<number | null> {
  const found = await stat(path).catch(nullIfMissing);
  return found?.size ?? null;
}

function nullIfMissing(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
