/** A form with a file: its fields may stand before or behind the file, whose bytes are never held in memory. */
import { createReadStream } from "node:fs";
import { api } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { MOST_ATTACHED } from "../interchange/attached.ts";
import type { FieldPart, FilePart, StreamBody } from "../handlers.ts";
import type { DocumentBuild } from "../operations/build-routes.ts";
import { type GivenFile, instructionsOf, partKeeper } from "../operations/instructions.ts";
import type { DocumentMetadata } from "./store.ts";
import type { Upload } from "./upload.ts";

/** The part that is uploaded as it is. */
const FILE = "file";
/** Of a document that is built. */
const INSTRUCTIONS = "instructions";

type Form = Extract<StreamBody, { kind: "multipart" }>;

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
  instructions?: unknown;
}

/** How uploads are made that are not the bytes of a part. */
export interface UploadSources {
  readonly fromUrl: (fields: object) => Promise<Upload>;
  readonly build: DocumentBuild;
}

/**
 * What `uploadDocument` takes; fields behind the file are known once its bytes have been read. With the part `instructions`, wherever it stands, the
 * other files are what the document is built of. Throws ApiError `bad_request`, `invalid_parameters`.
 */
export async function uploadOf(
  form: Form,
  given: Pick<Upload, "applicationId" | "password" | "signal" | "by" | "request"> & Fields,
  { fromUrl, build }: UploadSources,
): Promise<Upload> {
  const fields: Fields = {};
  const parts = form.parts[Symbol.asyncIterator]();
  const { files, keep } = partKeeper(build.onDisk);
  const { applicationId, password = null, signal, by, request = null } = given;
  const upload = (from: Pick<Upload, "bytes"> & Partial<Upload>): Upload => ({
    applicationId,
    password,
    request,
    ...(signal === undefined ? {} : { signal }),
    ...(by === undefined ? {} : { by }),
    get documentId() {
      return given.documentId ?? fields.documentId;
    },
    get title() {
      return given.title ?? fields.title ?? null;
    },
    get metadata() {
      return fields.metadata;
    },
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
    ...from,
  });
  const built = async (all: ReadonlyMap<string, GivenFile>): Promise<Upload> => {
    const made = await build.build(fields.instructions, all);
    return upload({ bytes: createReadStream(made.path), mediaType: "application/pdf", password: made.password });
  };
  const read = async (part: FilePart | FieldPart): Promise<void> => {
    if (part.name === INSTRUCTIONS) fields.instructions = await instructionsOf(part, build.onDisk.limits);
    else if (part.kind === "field") take(fields, part);
    else if (part.name === CHANGES) await takeChanges(fields, part.bytes);
    else await keep(part);
  };
  for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
    const part = next.value;
    // The usual upload goes straight to storage. What has another name may be of instructions that follow.
    if (part.kind === "file" && part.name === FILE && fields.instructions === undefined && files.size === 0) return streamed(part);
    await read(part);
  }
  if (fields.instructions !== undefined) return built(files);
  const [only] = files.values();
  if (only === undefined) return ofUrl();
  if (files.size > 1) throw moreFiles();
  if (fields.url !== undefined) throw fileAndUrl();
  return upload({ bytes: createReadStream(only.path), fileName: only.fileName, mediaType: only.mediaType });

  function streamed({ bytes, filename, mediaType }: FilePart): Upload {
    if (fields.url !== undefined) throw fileAndUrl();
    async function* bytesAndRest(): AsyncGenerator<Uint8Array> {
      yield* bytes;
      for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
        await read(next.value);
        if (fields.url !== undefined) throw fileAndUrl();
      }
      if (fields.instructions === undefined && files.size > 0) throw moreFiles();
    }
    const whole = upload({ bytes: bytesAndRest(), fileName: filename, mediaType, fieldsFollow: true });
    return Object.defineProperty(whole, "instead", {
      get: (): Upload["instead"] =>
        fields.instructions === undefined
          ? null
          : async (copy) => {
              const path = build.onDisk.newPath();
              await copy(path);
              return built(new Map([...files, [FILE, { path, fileName: filename, mediaType }]]));
            },
    });
  }

  async function ofUrl(): Promise<Upload> {
    const { url, sha256, documentId, title, metadata, overwrite, keepAnnotations } = fields;
    if (url === undefined) throw new ApiError("bad_request", "The form has no file: send it as the part `file`");
    const fetched = await fromUrl({
      url,
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(documentId === undefined ? {} : { document_id: documentId }),
      ...(title === undefined ? {} : { title }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(overwrite === undefined ? {} : { overwrite_existing_document: overwrite }),
      ...(keepAnnotations === undefined ? {} : { keep_current_annotations: keepAnnotations }),
    });
    return fields.changes === undefined ? fetched : { ...fetched, changes: fields.changes };
  }
}

function moreFiles(): ApiError {
  return new ApiError("bad_request", "The form has more than one file");
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
