/** Which blobs a document uses, remembered: asked for each image that a viewer loads. Uses are only ever added while a document lives. */
import type { Database } from "../ports.ts";
import { type DocumentKey, usesBlob } from "./store.ts";

export interface BlobUses {
  has(key: DocumentKey, sha256: string): Promise<boolean>;
  /** The document is gone. */
  forget(key: DocumentKey): void;
}

const REMEMBERED_DOCUMENTS = 10_000;

export function blobUses(database: Database): BlobUses {
  const known = new Map<string, Set<string>>();
  const nameOf = ({ applicationId, documentId }: DocumentKey): string => `${applicationId}/${documentId}`;
  return {
    async has(key, sha256) {
      const name = nameOf(key);
      if (known.get(name)?.has(sha256) === true) return true;
      if (!(await usesBlob(database, key, sha256))) return false;
      const used = known.get(name) ?? new Set();
      known.set(name, used.add(sha256));
      if (known.size > REMEMBERED_DOCUMENTS) known.delete(known.keys().next().value!);
      return true;
    },
    forget: (key) => void known.delete(nameOf(key)),
  };
}
