/**
 * Which blobs a document uses, remembered: asked for each image that a viewer loads. Uses are only ever added while a document lives; that
 * another node has deleted it is noticed within five seconds.
 */
import type { Clock, Database } from "../ports.ts";
import { blobUse, type DocumentKey, usedBlobs, usesBlob } from "./store.ts";

export interface BlobUses {
  has(key: DocumentKey, sha256: string): Promise<boolean>;
  /** Those of these that the document uses now. */
  among(key: DocumentKey, sha256s: readonly string[]): Promise<ReadonlySet<string>>;
  /** The document uses it when this resolves. To be called under the blob's lock: see keep-blob.ts. */
  add(key: DocumentKey, blob: { readonly sha256: string; readonly size: number; readonly mediaType: string }): Promise<void>;
  /** The document is gone. */
  forget(key: DocumentKey): void;
}

const REMEMBERED_DOCUMENTS = 10_000;
const BELIEVED_MS = 5_000;

export function blobUses(database: Database, clock: Clock): BlobUses {
  const known = new Map<string, { readonly blobs: Set<string>; at: number }>();
  const nameOf = ({ applicationId, documentId }: DocumentKey): string => `${applicationId}/${documentId}`;
  return {
    async has(key, sha256) {
      const name = nameOf(key);
      const entry = known.get(name);
      const believed = entry !== undefined && (!database.shared || Math.abs(clock.now() - entry.at) < BELIEVED_MS);
      if (believed && entry.blobs.has(sha256)) return true;
      if (!believed) known.delete(name);
      const at = clock.now();
      if (!(await usesBlob(database, key, sha256))) return false;
      const used = known.get(name) ?? { blobs: new Set(), at };
      used.blobs.add(sha256);
      known.set(name, used);
      if (known.size > REMEMBERED_DOCUMENTS) known.delete(known.keys().next().value!);
      return true;
    },
    among: (key, sha256s) => usedBlobs(database, key, sha256s),
    async add(key, blob) {
      await database.transaction(blobUse({ ...key, ...blob, now: clock.now() }));
    },
    forget: (key) => void known.delete(nameOf(key)),
  };
}
