/** Reads request bodies: JSON within limits of size, depth and time, with names that could reach a prototype refused; uploads stay streams. */
import type { Readable } from "node:stream";
import { ApiError } from "@lectern/protocol/plain";
import { INPUT_LIMITS, type InputLimits } from "../input-limits.ts";
import { PACE, type Pace } from "./pace.ts";

export interface BodyLimits extends Pick<InputLimits, "jsonBytes" | "jsonDepth"> {
  /** A body of JSON must have arrived in this time, ms. */
  readonly jsonTimeout: number;
  /** Of uploads. */
  readonly pace: Pace;
  /** The head of a request must have arrived in this time, ms. */
  readonly headTimeout: number;
}

/** Unless the configuration says otherwise. */
export const BODY_LIMITS: BodyLimits = { ...INPUT_LIMITS, jsonTimeout: 60_000, pace: PACE, headTimeout: 20_000 };

const JSON_TYPES = /^(application\/([\w.+-]+\+)?json|text\/plain|application\/x-www-form-urlencoded)\s*(;|$)/i;

/** undefined: there was no body. */
export async function readJson(stream: Readable, contentType: string | null, limits: BodyLimits): Promise<unknown> {
  const bytes = await readBytes(stream, limits);
  if (bytes.length === 0) return undefined;
  if (contentType !== null && !JSON_TYPES.test(contentType)) {
    throw new ApiError("unsupported_media_type", "This route takes JSON: send Content-Type: application/json");
  }
  return parseJson(bytes, limits.jsonDepth);
}

/** Never destroys the stream: that would close the connection before the error is told. What is not read is thrown away. */
export function readBytes(stream: Readable, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (error: Error | null): void => {
      clearTimeout(timer);
      stream.off("data", onData).off("end", onEnd).off("error", finish).off("close", onClose);
      if (error === null) return resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
      stream.on("error", () => {}).resume();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limits.jsonBytes) finish(new ApiError("too_large", `The body may have ${limits.jsonBytes} bytes`));
      else chunks.push(chunk);
    };
    const onEnd = (): void => finish(null);
    const onClose = (): void => finish(new ApiError("bad_request", "The body ended early"));
    const timer = setTimeout(() => finish(new ApiError("request_timeout")), limits.jsonTimeout);
    stream.on("data", onData).on("end", onEnd).on("error", finish).on("close", onClose);
  });
}

/** Throws ApiError `bad_request`. */
export function parseJson(bytes: Uint8Array, maxDepth: number): unknown {
  checkShape(bytes, maxDepth);
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return JSON.parse(
      text,
      text.includes("__proto__") || text.includes("\\u") || text.includes("constructor") ? refusePrototypes : undefined,
    );
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError("bad_request", "The body is not valid JSON", { cause: error });
  }
}

function refusePrototypes(key: string, value: unknown): unknown {
  const harmful =
    key === "__proto__" || (key === "constructor" && typeof value === "object" && value !== null && Object.hasOwn(value, "prototype"));
  if (harmful) throw new ApiError("bad_request", `The body has a property named ${key}, which is not allowed`);
  return value;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

interface Open {
  /** Of an object; null: an array. */
  readonly names: Set<string> | null;
  nameNext: boolean;
}

/**
 * Before parsing, on the bytes: structural characters of JSON are ASCII, and no byte of a longer UTF-8 character looks like one. Of two members
 * with one name readers see the first or the last, so that what one of them checked is not what another one does: refused.
 */
function checkShape(bytes: Uint8Array, maxDepth: number): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const open: Open[] = [];
  let inner: Open | undefined;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      const start = i + 1;
      let escaped = false;
      for (i = start; i < bytes.length && bytes[i] !== QUOTE; i++) {
        if (bytes[i] !== BACKSLASH) continue;
        escaped = true;
        i++;
      }
      if (inner?.nameNext === true && inner.names !== null) {
        inner.nameNext = false;
        const name = nameOf(text.toString("latin1", start, i), escaped);
        if (inner.names.has(name)) throw new ApiError("bad_request", "The body has an object with two members of one name");
        inner.names.add(name);
      }
    } else if (byte === 0x7b || byte === 0x5b) {
      inner = { names: byte === 0x7b ? new Set() : null, nameNext: byte === 0x7b };
      if (open.push(inner) > maxDepth) throw new ApiError("bad_request", `The body is nested more than ${maxDepth} levels deep`);
    } else if (byte === 0x7d || byte === 0x5d) {
      open.pop();
      inner = open.at(-1);
    } else if (byte === 0x2c && inner !== undefined) inner.nameNext = true;
  }
}

/** Bytes as Latin-1 tell names apart as well as their characters do; only escapes have several spellings. */
function nameOf(latin1: string, escaped: boolean): string {
  if (!escaped) return latin1;
  try {
    return Buffer.from(JSON.parse(`"${Buffer.from(latin1, "latin1").toString()}"`) as string).toString("latin1");
  } catch {
    // No JSON: the parser will say so.
    return latin1;
  }
}
