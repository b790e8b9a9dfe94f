/**
 * The parsed base of a revision: its manifest and the records found in the file. Made from the base blob, one copy for all rooms, kept by
 * least use. Immutable.
 */
import { createInterface } from "node:readline";
import type { AnyRecord, Page } from "@lectern/protocol";
import { ApiError, parsePageId, sourceOrder } from "@lectern/protocol/plain";
import { type BaseRecords, memoryBaseRecords } from "@lectern/sync/room";
import type { BlobStore } from "../ports.ts";
import { PREPARE_VERSION, shapeOf, type StoredManifest } from "./manifest.ts";
import type { RevisionRow } from "./store.ts";

export interface DocumentBase {
  readonly revision: number;
  /** Blob of the file that the pages come from. */
  readonly source: string;
  readonly manifest: StoredManifest;
  readonly records: BaseRecords;
}

export interface Bases {
  /** Throws ApiError `preparing` for a revision that is not prepared yet. */
  load(applicationId: string, revision: RevisionRow): Promise<DocumentBase>;
}

export type RenewBase = (applicationId: string, revision: RevisionRow & { readonly baseBlob: string }) => Promise<string>;

/** Records of all kept bases together; a base counts for at least a hundred. */
const KEPT_RECORDS = 200_000;

/** `renew`: makes the base of a revision anew that another version made, and answers its blob; the same one when that cannot be done. */
export function documentBases(blobs: BlobStore, renew: RenewBase, keptRecords = KEPT_RECORDS): Bases {
  /** Least recently used first. */
  const bases = new Map<string, { readonly base: Promise<DocumentBase>; weight: number }>();

  function shrink(): void {
    let total = 0;
    for (const { weight } of bases.values()) total += weight;
    for (const [key, { weight }] of bases) {
      if (total <= keptRecords || bases.size <= 1) return;
      bases.delete(key);
      total -= weight;
    }
  }

  async function current(applicationId: string, baseBlob: string, revision: RevisionRow): Promise<DocumentBase> {
    const base = await read(blobs, applicationId, baseBlob, revision);
    if (base.manifest.version === PREPARE_VERSION) return base;
    const renewed = await renew(applicationId, { ...revision, baseBlob });
    return renewed === baseBlob ? base : read(blobs, applicationId, renewed, revision);
  }

  return {
    load(applicationId, revision) {
      const { baseBlob, sourceBlob } = revision;
      if (baseBlob === null) return Promise.reject(new ApiError("preparing", undefined, { retryAfter: 1 }));
      // Two files may have the same base: pages of the same shapes, and nothing on them.
      const key = `${applicationId}/${baseBlob}/${sourceBlob}/${revision.n}`;
      const known = bases.get(key);
      bases.delete(key);
      const entry = known ?? { base: current(applicationId, baseBlob, revision), weight: 100 };
      bases.set(key, entry);
      if (known === undefined) {
        entry.base.then(
          (base) => {
            entry.weight += base.records.size;
            shrink();
          },
          // The next caller reads it again.
          () => bases.get(key) === entry && bases.delete(key),
        );
      }
      return entry.base;
    },
  };
}

async function read(blobs: BlobStore, applicationId: string, baseBlob: string, revision: RevisionRow): Promise<DocumentBase> {
  const stream = await blobs.read(applicationId, baseBlob);
  if (stream === null) throw new ApiError("internal", `The base of revision ${revision.n} is missing in the blob store`);
  let manifest: StoredManifest | null = null;
  const records: AnyRecord[] = [];
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (line === "") continue;
    const part = JSON.parse(line) as
      | { readonly manifest: StoredManifest }
      | { readonly page: number; readonly records: readonly AnyRecord[] };
    if ("manifest" in part) manifest = part.manifest;
    else for (const record of part.records) records.push(record);
  }
  if (manifest === null) throw new ApiError("internal", `The base of revision ${revision.n} has no manifest`);
  const known = manifest;
  return {
    revision: revision.n,
    source: revision.sourceBlob,
    manifest: known,
    records: memoryBaseRecords(records, (id) => derivedPage(known, revision, id)),
  };
}

/** The page that nobody has changed. */
function derivedPage(manifest: StoredManifest, revision: RevisionRow, id: string): Page | null {
  const parsed = parsePageId(id);
  if (parsed === null || parsed.revision !== revision.n) return null;
  const index = parsed.sourceIndex;
  const shape = shapeOf(manifest, index);
  if (shape === null) return null;
  return {
    content: { source: revision.sourceBlob, sourceIndex: index },
    order: sourceOrder(index),
    rotation: 0,
    crop: null,
    size: [shape.width, shape.height],
    label: manifest.labels[index] ?? null,
  };
}
