/**
 * A copy of a layer to do something to without writing it: it begins as the caller sees the layer, all may be done to it, and what is made for it
 * (changes, files of pages, pictures) is gone with it.
 */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { formRules } from "@lectern/pdf/forms";
import { ApiError, FULL_GRANTS, newId, SYNC_LIMITS } from "@lectern/protocol/plain";
import { MemoryChangeLog, SyncRoom } from "@lectern/sync/room";
import type { BlobUses } from "../documents/blob-uses.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { changesFor } from "../layers/changes.ts";
import { layerPages } from "../layers/pages.ts";
import type { ReadingDeps, ReadLayer } from "../layers/reading.ts";
import type { BlobStore } from "../ports.ts";

/** `use` gets the copy, and what to read and write it with. What it makes outside of them is its own. */
export async function withDraft<T>(
  reading: ReadingDeps,
  layer: ReadLayer,
  use: (reading: ReadingDeps, draft: ReadLayer) => Promise<T>,
): Promise<T> {
  const { documents } = reading;
  const folder = join(documents.tempDir, newId(documents.clock.now(), documents.random(10)));
  await mkdir(folder, { mode: 0o700 });
  try {
    const deps = draftDeps(documents, folder);
    const { applicationId, id: documentId } = layer.document;
    const room = new SyncRoom({
      layerId: layer.layer.id,
      log: new MemoryChangeLog({ seq: layer.room.seq }, changesFor(layer).records),
      base: layer.base.records,
      clock: deps.clock,
      limits: SYNC_LIMITS,
      rules: formRules,
      hasBlobs: (sha256s) => deps.uses.among({ applicationId, documentId }, sha256s),
      onError: (error) => deps.onError("a change of a copy could not be decided", error),
    });
    await room.load();
    try {
      const pages = (): ReturnType<ReadLayer["pages"]> => layerPages(layer.base, room.changed({ kind: "page" }));
      const grants = { ...FULL_GRANTS, userId: layer.grants.userId };
      return await use({ ...reading, documents: deps }, { ...layer, room, pages, grants });
    } finally {
      await room.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function draftDeps(documents: DocumentDeps, folder: string): DocumentDeps {
  return {
    ...documents,
    blobs: blobsOver(documents.blobs, folder),
    uses: usesOver(documents.uses),
    // What was drawn of the files is still right.
    cache: { ...documents.cache, drop: async () => undefined },
  };
}

/** What is written goes to the folder; what is stored already can be read. */
function blobsOver(stored: BlobStore, folder: string): BlobStore {
  const sizes = new Map<string, number>();
  let received = 0;
  const pathOf = (sha256: string): string => join(folder, sha256);
  const receive: BlobStore["receive"] = async (_applicationId, bytes, { maxBytes = Number.POSITIVE_INFINITY, signal } = {}) => {
    const path = join(folder, `unfinished-${received++}`);
    const hash = createHash("sha256");
    let size = 0;
    async function* counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      for await (const chunk of chunks) {
        size += chunk.length;
        if (size > maxBytes) throw new ApiError("too_large", `The file is larger than the limit of ${maxBytes} bytes`);
        hash.update(chunk);
        yield chunk;
      }
    }
    await pipeline(bytes, counted, createWriteStream(path, { mode: 0o600 }), ...(signal === undefined ? [] : [{ signal }]));
    const sha256 = hash.digest("hex");
    return {
      sha256,
      size,
      async store() {
        await rename(path, pathOf(sha256));
        sizes.set(sha256, size);
      },
      release: () => rm(path, { force: true }),
    };
  };
  return {
    ...stored,
    receive,
    async write(applicationId, bytes, options) {
      const received = await receive(applicationId, bytes, options);
      const { sha256, size } = received;
      await received.store();
      return { sha256, size };
    },
    async read(applicationId, sha256, range) {
      if (!sizes.has(sha256)) return stored.read(applicationId, sha256, range);
      return createReadStream(pathOf(sha256), range === undefined ? {} : { start: range[0], end: range[1] });
    },
    size: async (applicationId, sha256) => sizes.get(sha256) ?? stored.size(applicationId, sha256),
    localPath: async (applicationId, sha256) => (sizes.has(sha256) ? pathOf(sha256) : stored.localPath(applicationId, sha256)),
    delete: async (_applicationId, sha256) => {
      sizes.delete(sha256);
      await rm(pathOf(sha256), { force: true });
    },
  };
}

function usesOver(stored: BlobUses): BlobUses {
  const own = new Set<string>();
  return {
    ...stored,
    has: async (key, sha256) => own.has(sha256) || stored.has(key, sha256),
    async among(key, sha256s) {
      const used = await stored.among(key, sha256s);
      return new Set([...used, ...sha256s.filter((sha256) => own.has(sha256))]);
    },
    add: async (_key, { sha256 }) => void own.add(sha256),
  };
}
