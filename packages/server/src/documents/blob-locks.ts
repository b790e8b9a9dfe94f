/**
 * One at a time for each blob, over all processes: the collector deletes one, or an upload begins to use it. Without it a blob that is stored
 * already could lose its bytes between the upload's look at them and the row that names them.
 */
import type { Database } from "../ports.ts";

export interface BlobLocks {
  hold<T>(applicationId: string, sha256: string, work: () => Promise<T>): Promise<T>;
}

export function blobLocks(database: Database): BlobLocks {
  return { hold: (applicationId, sha256, work) => database.lock(`blob ${applicationId}/${sha256}`, work) };
}
