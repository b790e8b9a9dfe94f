/** Bytes of a blob on their way into a file of this machine: hashed, counted, synced. Used by the stores of blobs. */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { ApiError } from "@lectern/protocol/plain";
import type { BlobStore } from "../ports.ts";

/** `write` of a store that can receive. */
export function writing(receive: BlobStore["receive"]): BlobStore["write"] {
  return async (applicationId, bytes, options) => {
    const received = await receive(applicationId, bytes, options);
    try {
      await received.store();
      return { sha256: received.sha256, size: received.size };
    } finally {
      await received.release();
    }
  };
}

/** Both become part of paths and keys. Throws ApiError `bad_request`. */
export function requireBlobName(applicationId: string, sha256: string): void {
  if (!/^[A-Za-z0-9_-]{1,128}$/.test(applicationId)) throw new ApiError("bad_request", "This is no id of an application");
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new ApiError("bad_request", "This is no SHA-256 in lower-case hex");
}

/** A new file; synced when this resolves. Throws ApiError `too_large`. */
export async function writeHashed(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ readonly hash: Hash; readonly size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  const file = await open(path, "wx", 0o600);
  try {
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > maxBytes) throw new ApiError("too_large", `The file is larger than the limit of ${maxBytes} bytes`);
      const written = writeAll(file, chunk);
      // hashed while the disk works
      hash.update(chunk);
      await written;
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { hash, size };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length;) done += (await file.write(chunk, done)).bytesWritten;
}

/** The same chunks; ends with the signal's reason even while the source is silent. */
export async function* abortable(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  if (signal === undefined) return yield* bytes;
  signal.throwIfAborted();
  const source = bytes[Symbol.asyncIterator]();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    for (;;) {
      const next = await Promise.race([source.next(), aborted]);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener("abort", stop);
    // asked after an abort, a silent source would answer with its next chunk only
    if (!signal.aborted) await source.return?.();
  }
}
