/** Adds the pages of a file that the request brings. What is no PDF is converted first. */
import { createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ApiError } from "@lectern/protocol/plain";
import { SNIFF_BYTES, uploadedKind } from "../convert/kinds.ts";
import { convertFile } from "../documents/convert.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import type { DocumentRow } from "../documents/store.ts";
import type { StreamBody } from "../handlers.ts";
import { withTarget } from "./own-blob.ts";
import type { PageList } from "./page-plan.ts";
import { pagesOfFile } from "./pages-of-file.ts";

/** Throws ApiError `bad_request`, `unsupported_media_type`, `too_large`, `password_required`, … */
export async function pagesOfBody(
  deps: DocumentDeps,
  document: DocumentRow,
  { body, fileName, signal }: { readonly body: StreamBody | null; readonly fileName: string | null; readonly signal: AbortSignal },
): Promise<PageList> {
  return withTarget(deps, async (path) => {
    const given = await saved(body, path, deps.maxUploadBytes);
    const kind = uploadedKind(await head(path), { fileName: given.fileName ?? fileName, mediaType: given.mediaType });
    // A worker keeps files open by this name: it must be of this one alone.
    const sha256 = path;
    if (kind.kind === "pdf") return pagesOfFile(deps, document, { source: { path, sha256 }, signal });
    return withTarget(deps, async (target) => {
      await convertFile(deps, { ...kind, path, blob: sha256 }, target, signal);
      return pagesOfFile(deps, document, { source: { path: target, sha256: target }, signal });
    });
  });
}

interface Given {
  readonly fileName: string | null;
  readonly mediaType: string | null;
}

async function saved(body: StreamBody | null, path: string, maxBytes: number): Promise<Given> {
  if (body === null) throw new ApiError("bad_request", "Send the file as the body, or as a part of a form");
  if (body.kind === "raw") {
    await write(body.bytes, path, maxBytes);
    return { fileName: null, mediaType: body.mediaType };
  }
  let given: Given | null = null;
  for await (const part of body.parts) {
    if (part.kind === "field") continue;
    if (given !== null) throw new ApiError("bad_request", "The form has more than one file");
    await write(part.bytes, path, maxBytes);
    given = { fileName: part.filename, mediaType: part.mediaType };
  }
  if (given === null) throw new ApiError("bad_request", "The form has no file");
  return given;
}

async function write(bytes: AsyncIterable<Uint8Array>, path: string, maxBytes: number): Promise<void> {
  async function* limited(): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of bytes) {
      size += chunk.length;
      if (size > maxBytes) throw new ApiError("too_large", `A file may have ${maxBytes} bytes`);
      yield chunk;
    }
  }
  await pipeline(Readable.from(limited()), createWriteStream(path, { mode: 0o600 }));
}

async function head(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
