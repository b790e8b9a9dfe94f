/** An upload whose bytes the service fetches or builds itself: a JSON body, or a form without a file, that names a URL or has instructions. */
import { createReadStream } from "node:fs";
import { UploadFromUrl, UploadOfInstructions } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { notOffered } from "../http/not-offered.ts";
import { parseJson } from "../http/body.ts";
import type { InputLimits } from "../input-limits.ts";
import { download } from "../outgoing/download.ts";
import type { Outgoing } from "../outgoing/request.ts";
import type { DocumentBuild } from "../operations/build-routes.ts";
import type { Upload } from "./upload.ts";

/** Of the JSON, not of the file. */
const MOST_JSON = 1_000_000;

/**
 * The JSON of a body that says it is JSON and begins like it; else its bytes, whole, as some clients call every upload JSON. Throws ApiError
 * `bad_request`, `too_large`.
 */
export async function jsonOrBytes(
  body: { readonly mediaType: string | null; readonly bytes: AsyncIterable<Uint8Array> },
  { jsonDepth }: InputLimits,
): Promise<{ readonly json: unknown } | { readonly bytes: AsyncIterable<Uint8Array> }> {
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(body.mediaType ?? "")) return body;
  const rest = body.bytes[Symbol.asyncIterator]();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    chunks.push(next.value);
    size += next.value.length;
    if (chunks.length === 1 && !/^(\xef\xbb\xbf)?\s*([{[]|null)/.test(Buffer.from(next.value.subarray(0, 64)).toString("latin1"))) {
      return { bytes: joined(next.value, rest) };
    }
    if (size > MOST_JSON) throw new ApiError("too_large", `A JSON body that names a document to upload may have ${MOST_JSON} bytes`);
  }
  return { json: parseJson(Buffer.concat(chunks), jsonDepth) };
}

async function* joined(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

type Given = Pick<Upload, "request" | "applicationId" | "password" | "signal" | "documentId" | "title" | "overwrite" | "keepAnnotations">;

/** Throws ApiError `invalid_parameters`, `not_implemented`, `too_large`, `unprocessable` when the URL gives no file. */
export async function uploadFromUrl(
  { outgoing, maxBytes }: { readonly outgoing: Outgoing; readonly maxBytes: number },
  json: unknown,
  given: Given,
): Promise<Upload> {
  const { url, sha256, document_id, title, metadata, attachment, overwrite_existing_document, keep_current_annotations } = checked(json);
  const file = await download(outgoing, url, { maxBytes, ...(given.signal === undefined ? {} : { signal: given.signal }) });
  const documentId = given.documentId ?? document_id;
  return {
    ...given,
    bytes: file.bytes,
    mediaType: file.mediaType,
    fileName: fileNameOf(file.url),
    title: given.title ?? title ?? null,
    ...(documentId === undefined ? {} : { documentId }),
    ...(metadata === undefined ? {} : { metadata }),
    overwrite: overwrite_existing_document ?? given.overwrite,
    keepAnnotations: keep_current_annotations ?? given.keepAnnotations,
    ...(sha256 === undefined ? {} : { sha256: sha256.toLowerCase() }),
    ...(attachment === undefined || attachment === false || attachment === "" ? {} : { changes: changesOf(attachment) }),
  };
}

/** XFDF or Instant JSON as text, or Instant JSON as it is. */
function changesOf(attachment: string | object): Uint8Array {
  return Buffer.from(typeof attachment === "string" ? attachment : JSON.stringify(attachment));
}

function checked(json: unknown) {
  const result = UploadFromUrl.safeParse(json);
  if (!result.success) throw wrong(result.error);
  return stored(result.data);
}

/** A document that instructions describe. Throws as `uploadFromUrl` does, and as the build. */
export async function uploadBuilt(build: DocumentBuild, json: unknown, given: Given): Promise<Upload> {
  const result = UploadOfInstructions.safeParse(json);
  if (!result.success) throw wrong(result.error);
  const { instructions, document_id, title, metadata, overwrite_existing_document } = stored(result.data);
  const { path, password } = await build.build(instructions, new Map());
  const documentId = given.documentId ?? document_id;
  return {
    ...given,
    bytes: createReadStream(path),
    mediaType: "application/pdf",
    password,
    title: given.title ?? title ?? null,
    ...(documentId === undefined ? {} : { documentId }),
    ...(metadata === undefined ? {} : { metadata }),
    overwrite: overwrite_existing_document ?? given.overwrite,
  };
}

function wrong({ issues }: { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[] }): ApiError {
  const failingPaths = issues.map(({ path, message }) => ({ path: ["$", ...path].join("."), details: message }));
  return new ApiError("invalid_parameters", `${failingPaths[0]!.path}: ${failingPaths[0]!.details}`, { failingPaths });
}

function stored<T extends { readonly storage?: { readonly backend: string } }>(given: T): T {
  const { storage } = given;
  if (storage !== undefined && storage.backend !== "built_in") throw notOffered("storage");
  return given;
}

/** `https://example.com/files/Contract%207.pdf?x=1` → `Contract 7.pdf` */
function fileNameOf({ pathname }: URL): string {
  const last = pathname.split("/").at(-1)!;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
