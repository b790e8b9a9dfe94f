/** Pictures that come with annotations: what they are is seen by their bytes; they become blobs of the document before any record names them. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Exchange } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { pictureType } from "../attachments/picture-type.ts";
import { MAX_PICTURE_BYTES } from "../attachments/routes.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { keepBlob } from "../documents/keep-blob.ts";
import { type DocumentKey, usedBlobs } from "../documents/store.ts";
import type { FormFile } from "../handlers.ts";

export interface Picture {
  readonly sha256: string;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

const SHA256 = /^[0-9a-f]{64}$/;
const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;
/** Of one document that is written out. */
const MAX_WRITTEN = 256_000_000;

/** By their keys, as an exchange names them. Throws ApiError `unprocessable` for what is no picture, or not the one its key says. */
export function picturesOf(exchange: Exchange, parts: ReadonlyMap<string, FormFile>): ReadonlyMap<string, Picture> {
  const pictures = new Map<string, Picture>();
  const wanted = new Set(exchange.annotations.flatMap(({ attachment }) => attachment ?? []));
  for (const [key, { path, base64 }] of exchange.attachments) {
    if (!wanted.has(key)) continue;
    if (!BASE64.test(base64)) throw wrong(`${path}.binary`, "is not base64");
    pictures.set(key, picture(Buffer.from(base64, "base64"), key, `${path}.binary`));
  }
  for (const [key, { bytes }] of parts) pictures.set(key, picture(bytes, key, `$[${JSON.stringify(key)}]`));
  return pictures;
}

/** Throws ApiError `unprocessable`. */
export function picture(bytes: Uint8Array, key: string, path: string): Picture {
  if (bytes.length > MAX_PICTURE_BYTES) throw new ApiError("too_large", `${path}: a picture may have ${MAX_PICTURE_BYTES} bytes`);
  const mediaType = typeOf(bytes, path);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (SHA256.test(key) && key !== sha256) throw wrong(path, `has the SHA-256 ${sha256}, which is not the one that its name says`);
  return { sha256, mediaType, bytes };
}

/** Parts of a form, by their names. Throws ApiError `unprocessable`. */
export function picturesIn(files: ReadonlyMap<string, FormFile>): Map<string, Picture> {
  return new Map(Array.from(files, ([key, { bytes }]) => [key, picture(bytes, key, `$[${JSON.stringify(key)}]`)]));
}

/** They are stored, fsynced, and used by the document when this resolves. */
export async function storePictures(deps: DocumentDeps, key: DocumentKey, pictures: Iterable<Picture>): Promise<void> {
  for (const { bytes, mediaType } of pictures) {
    const { applicationId } = key;
    await keepBlob(
      deps,
      applicationId,
      () => deps.blobs.write(applicationId, Readable.from([bytes])),
      (blob) => deps.uses.add(key, { ...blob, mediaType }),
    );
  }
}

/** Those that the document uses, by their SHA-256. Throws ApiError `too_large`. */
export async function readPictures(
  deps: DocumentDeps,
  key: DocumentKey,
  named: ReadonlyMap<string, string>,
): Promise<Map<string, { readonly base64: string; readonly mediaType: string }>> {
  const read = new Map<string, { readonly base64: string; readonly mediaType: string }>();
  if (named.size === 0) return read;
  const used = await usedBlobs(deps.database, key, [...named.keys()]);
  let size = 0;
  for (const [sha256, mediaType] of named) {
    const bytes = used.has(sha256) ? await deps.blobs.read(key.applicationId, sha256) : null;
    if (bytes === null) continue;
    const chunks: Buffer[] = [];
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_WRITTEN) throw new ApiError("too_large", `The pictures have more than ${MAX_WRITTEN} bytes together`);
      chunks.push(chunk);
    }
    read.set(sha256, { base64: Buffer.concat(chunks).toString("base64"), mediaType });
  }
  return read;
}

function typeOf(bytes: Uint8Array, path: string): string {
  try {
    return pictureType(bytes);
  } catch (error) {
    throw error instanceof ApiError ? wrong(path, error.message) : error;
  }
}

function wrong(path: string, details: string): ApiError {
  return new ApiError("unprocessable", `${path}: ${details}`, { failingPaths: [{ path, details }] });
}
