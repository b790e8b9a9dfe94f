/**
 * One at a time for each blob: the collector deletes one, or an upload begins to use it. Without it a blob that is stored already could
 * lose its bytes between the upload's look at them and the row that names them.
 */
export interface BlobLocks {
  hold<T>(applicationId: string, sha256: string, work: () => Promise<T>): Promise<T>;
}

export function blobLocks(): BlobLocks {
  const last = new Map<string, Promise<unknown>>();
  return {
    async hold(applicationId, sha256, work) {
      const key = `${applicationId}/${sha256}`;
      const before = last.get(key) ?? Promise.resolve();
      const mine = before.then(work, work);
      last.set(key, mine);
      try {
        return await mine;
      } finally {
        if (last.get(key) === mine) last.delete(key);
      }
    },
  };
}
