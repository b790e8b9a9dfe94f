/** Reads the body of a request that brings Instant JSON: JSON, or a form whose part `instant.json` it is, beside pictures by their keys. */
import { ApiError } from "@lectern/protocol/plain";
import type { FormFile, StreamBody } from "../handlers.ts";
import { parseJson } from "../http/body.ts";
import type { InputLimits } from "../input-limits.ts";

/** Of all parts together; they are held in memory. */
const MAX_BYTES = 64_000_000;

export interface InstantBody {
  /** null: there is none. */
  readonly json: unknown;
  /** Parts of the form by their name. */
  readonly pictures: ReadonlyMap<string, FormFile>;
}

/** Throws ApiError `bad_request`, `too_large`, `unsupported_media_type`. */
export async function readInstantBody(body: StreamBody | null, { jsonDepth }: InputLimits): Promise<InstantBody> {
  const pictures = new Map<string, FormFile>();
  if (body === null) return { json: null, pictures };
  const left = { bytes: MAX_BYTES };
  if (body.kind === "raw") {
    const bytes = await whole(body.bytes, left);
    if (bytes.length === 0) return { json: null, pictures };
    if (
      body.mediaType !== null &&
      !/^(?:application\/(?:[\w.-]+\+)?json|application\/octet-stream|text\/plain)\s*(?:;|$)/i.test(body.mediaType)
    )
      throw new ApiError("unsupported_media_type", "Send Instant JSON as application/json, or as the part `instant.json` of a form");
    return { json: parseJson(bytes, jsonDepth), pictures };
  }
  let json: unknown;
  for await (const part of body.parts) {
    const bytes = part.kind === "file" ? await whole(part.bytes, left) : Buffer.from(part.value);
    if (part.name === "instant.json") {
      if (json !== undefined) throw new ApiError("bad_request", "The form has two parts `instant.json`");
      json = parseJson(bytes, jsonDepth);
    } else if (part.kind === "file") {
      if (pictures.has(part.name)) throw new ApiError("bad_request", `The form has two parts ${JSON.stringify(part.name)}`);
      pictures.set(part.name, { bytes, mediaType: part.mediaType });
    }
  }
  if (json === undefined) throw new ApiError("bad_request", "The form has no part `instant.json`");
  return { json, pictures };
}

/** XFDF as the body, or as the part `xfdf` or `file` of a form. Throws ApiError `bad_request`, `too_large`. */
export async function readXfdfBody(body: StreamBody | null): Promise<Uint8Array> {
  const left = { bytes: MAX_BYTES };
  if (body?.kind === "raw") {
    const bytes = await whole(body.bytes, left);
    if (bytes.length > 0) return bytes;
  } else if (body?.kind === "multipart") {
    let found: Uint8Array | null = null;
    for await (const part of body.parts) {
      const bytes = part.kind === "file" ? await whole(part.bytes, left) : Buffer.from(part.value);
      if (part.name === "xfdf" || part.name === "file") found = bytes;
    }
    if (found !== null) return found;
  }
  throw new ApiError("bad_request", "Send XFDF as the body, or as the part `xfdf` of a form");
}

export async function whole(bytes: AsyncIterable<Uint8Array>, left: { bytes: number }): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) {
    left.bytes -= chunk.length;
    if (left.bytes < 0) throw new ApiError("too_large", `The request may have ${MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
