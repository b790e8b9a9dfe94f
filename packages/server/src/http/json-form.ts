/**
 * Forms for operations that take JSON: published clients send pictures beside it. They are small and held in memory, and are read here rather than by
 * the reader of large forms, so that requests with JSON cost nothing for it.
 */
import type { Readable } from "node:stream";
import { ApiError } from "@lectern/protocol/plain";
import type { FormFile } from "../handlers.ts";
import { type BodyLimits, parseJson, readBytes } from "./body.ts";

export interface JsonForm {
  /** As if it had come as JSON. */
  readonly body: Readonly<Record<string, unknown>>;
  /** By the name of their part. */
  readonly files: ReadonlyMap<string, FormFile>;
}

/** Of all parts together. */
const MAX_BYTES = 64_000_000;
const MOST_PARTS = 200;
const MAX_HEADERS = 8192;
/** Parts that are members of the body, as JSON. */
const MEMBERS: ReadonlySet<string> = new Set(["instant.json"]);
/** Parts that are the body themselves. */
const BODIES: ReadonlySet<string> = new Set(["annotation", "annotations"]);

export function isForm(type: string | null): type is string {
  return type !== null && /^multipart\/form-data\s*;/i.test(type);
}

/** Throws ApiError `bad_request`, `too_large`. */
export async function readJsonForm(payload: Readable, type: string, limits: BodyLimits): Promise<JsonForm> {
  const boundary = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(type);
  if (boundary === null) throw malformed("it names no boundary");
  // No name of a stranger meets a property of ours.
  const body = Object.create(null) as Record<string, unknown>;
  const files = new Map<string, FormFile>();
  const seen = new Set<string>();
  for (const { name, mediaType, isFile, bytes } of parts(
    await readBytes(payload, { ...limits, jsonBytes: MAX_BYTES }),
    boundary[1] ?? boundary[2]!,
  )) {
    if (seen.has(name)) throw malformed(`there are two parts ${JSON.stringify(name)}`);
    seen.add(name);
    if (BODIES.has(name)) {
      const json = parseJson(bytes, limits.jsonDepth);
      Object.assign(body, Array.isArray(json) ? { [name]: json } : json);
    } else if (MEMBERS.has(name)) body[name] = parseJson(bytes, limits.jsonDepth);
    else if (isFile) files.set(name, { bytes, mediaType });
    else body[name] = bytes.toString("utf8");
  }
  return { body, files };
}

interface Part {
  readonly name: string;
  readonly mediaType: string | null;
  readonly isFile: boolean;
  readonly bytes: Buffer;
}

/** RFC 2046, 5.1.1, and RFC 7578. */
function* parts(form: Buffer, boundary: string): Generator<Part> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  let at = form.indexOf(delimiter.subarray(2)) + delimiter.length - 2;
  if (at < delimiter.length - 2) throw malformed("it does not begin with its boundary");
  for (let count = 0; ; count++) {
    if (form.toString("latin1", at, at + 2) === "--") return;
    if (count >= MOST_PARTS) throw new ApiError("too_large", `A form may have ${MOST_PARTS} parts`);
    const head = form.indexOf("\r\n", at);
    const start = form.indexOf("\r\n\r\n", at);
    const end = start < 0 ? -1 : form.indexOf(delimiter, start + 2);
    if (head < 0 || end < 0 || start - head > MAX_HEADERS) throw malformed("it ends early");
    yield { ...headersOf(form.toString("utf8", head, start)), bytes: form.subarray(Math.min(start + 4, end), end) };
    at = end + delimiter.length;
  }
}

function headersOf(text: string): Omit<Part, "bytes"> {
  const disposition = /^content-disposition:\s*form-data\s*(;.*)$/im.exec(text)?.[1] ?? "";
  const name = /;\s*name\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(disposition);
  if (name === null) throw malformed("a part has no name");
  return {
    name: name[1]?.replace(/\\(.)/g, "$1") ?? name[2]!,
    isFile: /;\s*filename\*?\s*=/i.test(disposition),
    mediaType: /^content-type:\s*([^\s;]+)/im.exec(text)?.[1] ?? null,
  };
}

function malformed(why: string): ApiError {
  return new ApiError("bad_request", `The form is malformed: ${why}`);
}
