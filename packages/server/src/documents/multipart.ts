/** A form with a file: its fields may stand before or behind the file, whose bytes are never held in memory. */
import { api } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { MOST_ATTACHED } from "../interchange/attached.ts";
import type { FieldPart, FilePart, StreamBody } from "../handlers.ts";
import type { DocumentMetadata } from "./store.ts";
import type { Upload } from "./upload.ts";

type Form = Extract<StreamBody, { kind: "multipart" }>;

/** A field of the published form that has no meaning here; better refused than ignored. */
const NOT_OFFERED = ["instructions"];
/** Instant JSON or XFDF that is applied to the document. */
const CHANGES = "attachment";

interface Fields {
  documentId?: string;
  title?: string;
  metadata?: DocumentMetadata;
  url?: string;
  sha256?: string;
  overwrite?: boolean;
  keepAnnotations?: boolean;
  changes?: Uint8Array;
}

/** What `uploadDocument` takes; fields behind the file are known once its bytes have been read. Throws ApiError `bad_request`, `invalid_parameters`. */
export async function uploadOf(
  form: Form,
  given: Pick<Upload, "applicationId" | "password" | "signal" | "by"> & Fields,
  fromUrl: (fields: object) => Promise<Upload>,
): Promise<Upload> {
  const fields: Fields = {};
  const parts = form.parts[Symbol.asyncIterator]();
  let file: FilePart | null = null;
  while (file === null) {
    const next = await parts.next();
    if (next.done === true) {
      const { url, sha256, documentId, title, metadata, overwrite, keepAnnotations } = fields;
      if (url === undefined) throw new ApiError("bad_request", "The form has no file: send it as the part `file`");
      const upload = await fromUrl({
        url,
        ...(sha256 === undefined ? {} : { sha256 }),
        ...(documentId === undefined ? {} : { document_id: documentId }),
        ...(title === undefined ? {} : { title }),
        ...(metadata === undefined ? {} : { metadata }),
        ...(overwrite === undefined ? {} : { overwrite_existing_document: overwrite }),
        ...(keepAnnotations === undefined ? {} : { keep_current_annotations: keepAnnotations }),
      });
      return fields.changes === undefined ? upload : { ...upload, changes: fields.changes };
    }
    if (next.value.kind === "field") take(fields, next.value);
    else if (next.value.name === CHANGES) await takeChanges(fields, next.value.bytes);
    else file = next.value;
  }
  const { bytes, filename, mediaType } = file;
  if (fields.url !== undefined) throw fileAndUrl();
  async function* bytesAndRest(): AsyncGenerator<Uint8Array> {
    yield* bytes;
    for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
      if (next.value.kind === "field") take(fields, next.value);
      else if (next.value.name === CHANGES) await takeChanges(fields, next.value.bytes);
      else throw new ApiError("bad_request", "The form has more than one file");
      if (fields.url !== undefined) throw fileAndUrl();
    }
  }
  const { applicationId, password = null, signal, by } = given;
  return {
    applicationId,
    password,
    ...(signal === undefined ? {} : { signal }),
    ...(by === undefined ? {} : { by }),
    bytes: bytesAndRest(),
    fileName: filename,
    mediaType,
    get documentId() {
      return given.documentId ?? fields.documentId;
    },
    get title() {
      return given.title ?? fields.title ?? null;
    },
    get metadata() {
      return fields.metadata;
    },
    fieldsFollow: true,
    get overwrite() {
      return fields.overwrite ?? given.overwrite;
    },
    get keepAnnotations() {
      return fields.keepAnnotations ?? given.keepAnnotations;
    },
    get sha256() {
      return fields.sha256?.toLowerCase();
    },
    get changes() {
      return fields.changes;
    },
  };
}

async function takeChanges(fields: Fields, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.length;
    if (size > MOST_ATTACHED) throw new ApiError("too_large", `\`${CHANGES}\` may have ${MOST_ATTACHED} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return;
  if (fields.changes !== undefined) throw new ApiError("bad_request", `The form has two parts \`${CHANGES}\``);
  fields.changes = Buffer.concat(chunks);
}

function take(fields: Fields, { name, value }: FieldPart): void {
  if (value === "") return;
  switch (name) {
    case "document_id":
      fields.documentId = checked("document_id", value);
      return;
    case "title":
      fields.title = checked("title", value);
      return;
    case "metadata":
      fields.metadata = metadataOf(value);
      return;
    case "overwrite_existing_document":
      fields.overwrite = flag(name, value);
      return;
    case "keep_current_annotations":
      fields.keepAnnotations = flag(name, value);
      return;
    case CHANGES:
      if (fields.changes !== undefined) throw new ApiError("bad_request", `The form has two parts \`${CHANGES}\``);
      fields.changes = Buffer.from(value);
      return;
    case "url":
    case "sha256":
      fields[name] = value;
      return;
    default:
      if (NOT_OFFERED.includes(name) && value !== "false")
        throw new ApiError("not_implemented", `\`${name}\` is not offered by this version`);
  }
}

function flag(name: "overwrite_existing_document" | "keep_current_annotations", value: string): boolean {
  if (value !== "true" && value !== "false") throw invalid(name, "must be true or false");
  return value === "true";
}

function fileAndUrl(): ApiError {
  return new ApiError("bad_request", "The form has a file and a URL: send one of them");
}

function checked(name: "document_id" | "title", value: string): string {
  const result = api.documents.upload.query.shape[name].safeParse(value);
  if (!result.success) throw invalid(name, result.error.issues[0]!.message);
  return value;
}

function metadataOf(value: string): DocumentMetadata {
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    throw invalid("metadata", "is not JSON");
  }
  const result = api.documents.update.body.safeParse({ metadata: json });
  if (!result.success) throw invalid("metadata", result.error.issues[0]!.message);
  return result.data.metadata ?? {};
}

function invalid(name: string, details: string): ApiError {
  return new ApiError("invalid_parameters", `${name}: ${details}`, { failingPaths: [{ path: `$.${name}`, details }] });
}
