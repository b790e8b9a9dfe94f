/** A file that instructions name by its address: fetched like an upload from a URL, by way of the same checks. */
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ApiError } from "@lectern/protocol/plain";
import { download } from "../outgoing/download.ts";
import type { Outgoing } from "../outgoing/request.ts";
import type { GivenFile } from "./instructions.ts";

export interface FileAddress {
  readonly url: string;
  /** That its bytes must have, hex. */
  readonly sha256?: string;
}

/** `path`: of the address in the instructions, for errors. Throws ApiError `invalid_parameters`, `unprocessable`, `too_large`. */
export async function fetchedFile(
  outgoing: Outgoing,
  { url, sha256 }: FileAddress,
  {
    target,
    maxBytes,
    path,
    signal,
  }: { readonly target: string; readonly maxBytes: number; readonly path: string; readonly signal: AbortSignal },
): Promise<GivenFile> {
  const hash = createHash("sha256");
  try {
    const file = await download(outgoing, url, { maxBytes, signal });
    const hashed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of file.bytes) {
        hash.update(chunk);
        yield chunk;
      }
    };
    await pipeline(Readable.from(hashed()), createWriteStream(target, { mode: 0o600 }));
    const found = hash.digest("hex");
    if (sha256 !== undefined && sha256.toLowerCase() !== found)
      throw new ApiError("unprocessable", `the file has the SHA-256 ${found}, which is not the one that was announced`);
    return { path: target, fileName: basename(file.url.pathname), mediaType: file.mediaType };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new ApiError(error.code, `${path}: ${error.message}`, { failingPaths: [{ path, details: error.message }], cause: error });
  }
}
