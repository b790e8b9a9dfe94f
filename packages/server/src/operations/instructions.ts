/** Reads the body of a build: JSON, or a form whose part `instructions` is JSON and whose other parts are files. The files go to disk as they come. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { BuildInstructions } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import type { StreamBody } from "../handlers.ts";
import { BODY_LIMITS, parseJson } from "../http/body.ts";

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

/** `newPath`: for one file each; the caller removes them. Throws ApiError `bad_request`, `invalid_parameters`, `too_large`. */
export async function readInstructions(
  body: StreamBody | null,
  { newPath, maxBytes }: { readonly newPath: () => string; readonly maxBytes: number },
): Promise<Instructions> {
  if (body === null) throw new ApiError("bad_request", "Send instructions as JSON, or as the part `instructions` of a form");
  const files = new Map<string, GivenFile>();
  if (body.kind === "raw") return { instructions: checked(await whole(body.bytes)), files };
  let instructions: BuildInstructions | null = null;
  let total = 0;
  for await (const part of body.parts) {
    if (part.kind === "field") {
      if (part.name === "instructions") instructions = checked(Buffer.from(part.value));
      continue;
    }
    if (part.name === "instructions") {
      instructions = checked(await whole(part.bytes));
      continue;
    }
    if (files.has(part.name)) throw new ApiError("bad_request", `The form has two parts ${part.name}`);
    const path = newPath();
    const { bytes } = part;
    await pipeline(
      Readable.from(
        (async function* () {
          for await (const chunk of bytes) {
            total += chunk.length;
            if (total > maxBytes) throw new ApiError("too_large", `The files may have ${maxBytes} bytes together`);
            yield chunk;
          }
        })(),
      ),
      createWriteStream(path, { mode: 0o600 }),
    );
    files.set(part.name, { path, fileName: part.filename, mediaType: part.mediaType });
  }
  if (instructions === null) throw new ApiError("bad_request", "The form has no part `instructions`");
  return { instructions, files };
}

async function whole(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > BODY_LIMITS.jsonBytes) throw new ApiError("too_large", `Instructions may have ${BODY_LIMITS.jsonBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checked(bytes: Uint8Array): BuildInstructions {
  const result = BuildInstructions.safeParse(parseJson(bytes, BODY_LIMITS.jsonDepth));
  if (result.success) return result.data;
  const failingPaths = result.error.issues.slice(0, 100).map((issue) => ({
    path: issue.path.reduce<string>((path, key) => (typeof key === "number" ? `${path}[${key}]` : `${path}.${String(key)}`), "$"),
    details: issue.message,
  }));
  throw new ApiError("invalid_parameters", `${failingPaths[0]!.path}: ${failingPaths[0]!.details}`, { failingPaths });
}
