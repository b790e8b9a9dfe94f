/** Reads the body of a build: JSON, or a form whose part `instructions` is JSON and whose other parts are files. The files go to disk as they come. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { BuildInstructions } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import type { FieldPart, FilePart, StreamBody } from "../handlers.ts";
import { parseJson } from "../http/body.ts";
import type { InputLimits } from "../input-limits.ts";

export interface GivenFile {
  readonly path: string;
  readonly fileName: string | null;
  readonly mediaType: string | null;
}

export interface Instructions {
  readonly instructions: BuildInstructions;
  /** By the name of their part. */
  readonly files: ReadonlyMap<string, GivenFile>;
}

/** For files of a form: all of them together may have so many bytes. */
export interface PartsOnDisk {
  /** For one file each; the caller removes them. */
  readonly newPath: () => string;
  readonly maxBytes: number;
  readonly limits: InputLimits;
}

/** Writes the files of a form to disk as they come. Throws ApiError `bad_request`, `too_large`. */
export function partKeeper({ newPath, maxBytes }: PartsOnDisk): {
  readonly files: ReadonlyMap<string, GivenFile>;
  readonly keep: (part: FilePart) => Promise<void>;
} {
  const files = new Map<string, GivenFile>();
  let total = 0;
  return {
    files,
    async keep({ name, bytes, filename, mediaType }) {
      if (files.has(name)) throw new ApiError("bad_request", `The form has two parts ${name}`);
      const path = newPath();
      async function* counted(): AsyncGenerator<Uint8Array> {
        for await (const chunk of bytes) {
          total += chunk.length;
          if (total > maxBytes) throw new ApiError("too_large", `The files may have ${maxBytes} bytes together`);
          yield chunk;
        }
      }
      await pipeline(Readable.from(counted()), createWriteStream(path, { mode: 0o600 }));
      files.set(name, { path, fileName: filename, mediaType });
    },
  };
}

/** Throws ApiError `bad_request`, `invalid_parameters`, `too_large`. */
export async function readInstructions(body: StreamBody | null, onDisk: PartsOnDisk): Promise<Instructions> {
  if (body === null) throw new ApiError("bad_request", "Send instructions as JSON, or as the part `instructions` of a form");
  const { files, keep } = partKeeper(onDisk);
  if (body.kind === "raw") return { instructions: checkedInstructions(await parsed(body.bytes, onDisk.limits)), files };
  let instructions: BuildInstructions | null = null;
  for await (const part of body.parts) {
    if (part.name === "instructions") instructions = checkedInstructions(await instructionsOf(part, onDisk.limits));
    else if (part.kind === "file") await keep(part);
  }
  if (instructions === null) throw new ApiError("bad_request", "The form has no part `instructions`");
  return { instructions, files };
}

/** The JSON of the part `instructions`. Throws ApiError `bad_request`, `too_large`. */
export async function instructionsOf(part: FilePart | FieldPart, limits: InputLimits): Promise<unknown> {
  return parsed(part.kind === "field" ? Readable.from([Buffer.from(part.value)]) : part.bytes, limits);
}

async function parsed(bytes: AsyncIterable<Uint8Array>, { jsonBytes, jsonDepth }: InputLimits): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > jsonBytes) throw new ApiError("too_large", `Instructions may have ${jsonBytes} bytes`);
    chunks.push(chunk);
  }
  return parseJson(Buffer.concat(chunks), jsonDepth);
}

/** Throws ApiError `invalid_parameters`. */
export function checkedInstructions(json: unknown): BuildInstructions {
  const result = BuildInstructions.safeParse(json);
  if (result.success) return result.data;
  const failingPaths = result.error.issues.slice(0, 100).map((issue) => ({
    path: issue.path.reduce<string>((path, key) => (typeof key === "number" ? `${path}[${key}]` : `${path}.${String(key)}`), "$"),
    details: issue.message,
  }));
  throw new ApiError("invalid_parameters", `${failingPaths[0]!.path}: ${failingPaths[0]!.details}`, { failingPaths });
}
