/** The words of tus 1.0 in headers (https://tus.io/protocols/resumable-upload). */
import { DocumentId } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import type { Context } from "../handlers.ts";
import type { Part } from "./uploads.ts";
import type { UploadFields } from "./store.ts";

const TUS_VERSION = "1.0.0";
const TUS_EXTENSIONS = "creation,creation-defer-length,creation-with-upload,checksum,expiration,termination";
/** Names in the protocol are those of node:crypto. */
const TUS_CHECKSUMS = "sha1,sha256";
/** On every answer. The largest upload is told by refusing a larger one: it is configured. */
export const TUS_HEADERS: Readonly<Record<string, string>> = {
  "tus-resumable": TUS_VERSION,
  "tus-version": TUS_VERSION,
  "tus-extension": TUS_EXTENSIONS,
  "tus-checksum-algorithm": TUS_CHECKSUMS,
};
const PART_TYPE = "application/offset+octet-stream";

type Asking = Pick<Context, "header">;

/** Throws ApiError `precondition_failed`. */
export function requireVersion(asking: Asking): void {
  if (asking.header("tus-resumable") !== TUS_VERSION)
    throw new ApiError("precondition_failed", `Send the header Tus-Resumable: ${TUS_VERSION}`);
}

/** Throws ApiError `unsupported_media_type`. */
export function requirePartType(mediaType: string | null): void {
  if (mediaType?.split(";")[0]!.trim().toLowerCase() !== PART_TYPE)
    throw new ApiError("unsupported_media_type", `A part of an upload has the Content-Type ${PART_TYPE}`);
}

/** A whole number that must be there. Throws ApiError `invalid_parameters`. */
export function numberOf(asking: Asking, name: string): number {
  const given = asking.header(name) ?? "";
  if (!/^\d{1,15}$/.test(given)) throw invalid(name, "must be a whole number of bytes");
  return Number(given);
}

/** Of an upload that begins; null: told later, with a part. Throws ApiError `invalid_parameters`. */
export function announcedSize(asking: Asking): number | null {
  const deferred = asking.header("upload-defer-length");
  if (deferred === null) return numberOf(asking, "upload-length");
  if (deferred !== "1") throw invalid("Upload-Defer-Length", "may be 1");
  if (asking.header("upload-length") !== null) throw invalid("Upload-Defer-Length", "cannot come with Upload-Length");
  return null;
}

/** `sha256 <base64>`. Throws ApiError `invalid_parameters`. */
export function checksumOf(asking: Asking): Part["checksum"] {
  const given = asking.header("upload-checksum");
  if (given === null) return null;
  const [algorithm, base64 = ""] = given.trim().split(" ");
  if (!TUS_CHECKSUMS.split(",").includes(algorithm!)) throw invalid("Upload-Checksum", `may be one of ${TUS_CHECKSUMS}`);
  return { algorithm: algorithm!, digest: decoded("Upload-Checksum", base64) };
}

/** `filename d29ybGQ=,title …`. Throws ApiError `invalid_parameters`. */
export function metadataOf(asking: Asking): { readonly documentId: string | null; readonly fields: UploadFields } {
  const given = asking.header("upload-metadata");
  const values = new Map<string, string>();
  for (const pair of (given ?? "").split(",").map((part) => part.trim())) {
    if (pair === "") continue;
    const [key, base64 = "", ...rest] = pair.split(" ");
    if (rest.length > 0 || values.has(key!)) throw invalid("Upload-Metadata", `${key} must have one value`);
    values.set(key!, textOf(decoded("Upload-Metadata", base64)));
  }
  const value = (...names: string[]): string | null =>
    names.map((name) => values.get(name)).find((text) => text !== undefined && text !== "") ?? null;
  const documentId = value("document_id");
  if (documentId !== null && !DocumentId.safeParse(documentId).success)
    throw invalid("Upload-Metadata", "document_id must be 1 to 128 letters, digits or _.:@~-");
  const title = value("title");
  if (title !== null && title.length > 1024) throw invalid("Upload-Metadata", "title may have 1024 characters");
  const sha256 = value("sha256")?.toLowerCase() ?? null;
  if (sha256 !== null && !/^[0-9a-f]{64}$/.test(sha256)) throw invalid("Upload-Metadata", "sha256 must be a SHA-256 in hex");
  return { documentId, fields: { fileName: value("filename", "name"), mediaType: value("filetype", "type"), title, sha256, given } };
}

function decoded(name: string, base64: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw invalid(name, "holds something that is not Base64");
  return Buffer.from(base64, "base64");
}

function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ApiError("invalid_parameters", "Upload-Metadata holds something that is not UTF-8", { cause: error });
  }
}

function invalid(name: string, details: string): ApiError {
  return new ApiError("invalid_parameters", `${name}: ${details}`, { failingPaths: [{ path: `$.header.${name.toLowerCase()}`, details }] });
}

/** Where a client cannot send PATCH or DELETE it sends POST with this header; of others nothing is said, so they are what they are. */
export function overriddenMethod(method: string | undefined, url: string | undefined, override: unknown): string | undefined {
  const isUpload = method === "POST" && override !== undefined && /^\/(?:viewer|api)\/uploads\/[^/?]+/.test(url ?? "");
  const wanted = typeof override === "string" ? override.toUpperCase() : "";
  return isUpload && (wanted === "PATCH" || wanted === "DELETE") ? wanted : method;
}
