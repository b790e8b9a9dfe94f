/**
 * Bytes that the service made become a blob that is used. Equal bytes may lie there already, without a use any more: whoever deletes those would
 * take ours. So the use is noted under the blob's lock, after a look whether the bytes are still there; if not they are written once more.
 */
import { ApiError } from "@lectern/protocol/plain";
import type { StoredBlob } from "../ports.ts";
import type { DocumentDeps } from "./deps.ts";

const MOST_TRIES = 5;

/** `write` may be called again; `use` is called once. Throws ApiError `unavailable`. */
export async function keepBlob<T>(
  { blobs, locks }: Pick<DocumentDeps, "blobs" | "locks">,
  applicationId: string,
  write: () => Promise<StoredBlob>,
  use: (blob: StoredBlob) => Promise<T>,
): Promise<T> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const blob = await write();
    const kept = await locks.hold(applicationId, blob.sha256, async () =>
      (await blobs.size(applicationId, blob.sha256)) === null ? null : { result: await use(blob) },
    );
    if (kept !== null) return kept.result;
  }
  throw new ApiError("unavailable", "The bytes could not be kept", { retryAfter: 1 });
}
