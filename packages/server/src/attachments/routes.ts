/**
 * Pictures of image annotations, and files in the document's file. Whoever may make an annotation may upload one; it is read by those who see a record that names it, so that
 * knowing a blob's name opens nothing.
 */
import type { RecordOf } from "@lectern/protocol";
import { ApiError, can, type Grants, PICTURE_HEAD } from "@lectern/protocol/plain";
import type { DocumentDeps } from "../documents/deps.ts";
import { attachmentDisposition } from "../documents/download.ts";
import { type DocumentKey, findImageType } from "../documents/store.ts";
import type { Access, Context, Handlers, Reply, StreamBody } from "../handlers.ts";
import { bytesReply } from "../http/ranges.ts";
import { type LayerAt, layerAt } from "../layers/history/past.ts";
import { layerFor, type ReadingDeps, type ReadLayer } from "../layers/reading.ts";
import { pictureType } from "./picture-type.ts";

/** A picture for a page; a larger one is scaled down before. */
export const MAX_PICTURE_BYTES = 25_000_000;

export function attachmentRoutes(reading: ReadingDeps): Handlers["attachments"] {
  const deps = reading.documents;
  return {
    async create({ documentId }, context) {
      const { access, body, signal, address } = context;
      const layer = await layerFor(reading, access, { address, signal, create: true });
      requireCreate(layer.grants);
      if (body === null) throw new ApiError("bad_request", "Send the picture as the body, or as the part `file` of a form");
      const key: DocumentKey = { applicationId: access.applicationId, documentId };
      let mediaType = "";
      const received = async (bytes: AsyncIterable<Uint8Array>) =>
        deps.blobs.receive(
          key.applicationId,
          checked(bytes, (type) => (mediaType = type)),
          { maxBytes: Math.min(MAX_PICTURE_BYTES, deps.maxUploadBytes), signal },
        );
      const blob = await fileOf(body, received);
      const { sha256, size } = blob;
      const keep = async (): Promise<void> => {
        await blob.store();
        await deps.uses.add(key, { sha256, size, mediaType });
      };
      try {
        await deps.locks.hold(key.applicationId, sha256, keep);
      } finally {
        await blob.release();
      }
      return { data: { id: sha256, content_type: mediaType, size } };
    },
    get: ({ attachmentId }, context) => readAttachment(reading, context, attachmentId),
  };
}

/** The picture when the caller sees a record that names it. Throws ApiError `not_found`. */
/** `atSeq`: as long as the layer named it then. */
export async function readAttachment(
  reading: ReadingDeps,
  context: Context<unknown, Access>,
  blob: string,
  atSeq?: number,
): Promise<Reply> {
  const deps = reading.documents;
  const layer = await layerFor(reading, context.access, context);
  const { applicationId, documentId } = context.access;
  const file = fileNamed(layer, blob);
  if (file !== null) return readFileInFile(deps, context, file);
  const isNamed = names(layer, blob) || (atSeq !== undefined && names(await layerAt(reading, layer, atSeq, context.access), blob));
  const type = isNamed ? await findImageType(deps.database, { applicationId, documentId }, blob) : null;
  const size = type === null ? null : await deps.blobs.size(applicationId, blob);
  if (type === null || size === null) throw new ApiError("not_found", "There is no such attachment");
  return bytesReply(context, {
    etag: blob,
    size,
    headers: {
      "content-type": type,
      "cache-control": "private, max-age=31536000, immutable",
      "content-security-policy": "default-src 'none'; sandbox",
    },
    async read(range) {
      const bytes = await deps.blobs.read(applicationId, blob, range);
      if (bytes === null) throw new ApiError("not_found", "There is no such attachment");
      return bytes;
    },
  });
}

/** A file in the document's file, for those who may download it. */
function fileNamed({ room, grants }: ReadLayer, blob: string): RecordOf<"attachment"> | null {
  if (!grants.permissions.includes("download")) return null;
  const records = room.snapshot(grants).records.filter((record) => record.kind === "attachment");
  return records.find(({ data }) => data.blob === blob) ?? null;
}

/** Never as what it says to be: a page of the file would be one of ours. */
async function readFileInFile(deps: DocumentDeps, context: Context<unknown, Access>, { data }: RecordOf<"attachment">): Promise<Reply> {
  const { applicationId } = context.access;
  const size = await deps.blobs.size(applicationId, data.blob);
  if (size === null) throw new ApiError("not_found", "There is no such attachment");
  return bytesReply(context, {
    etag: data.blob,
    size,
    headers: {
      "content-type": "application/octet-stream",
      "content-disposition": attachmentDisposition(data.name),
      "cache-control": "private, max-age=31536000, immutable",
      "content-security-policy": "default-src 'none'; sandbox",
    },
    async read(range) {
      const bytes = await deps.blobs.read(applicationId, data.blob, range);
      if (bytes === null) throw new ApiError("not_found", "There is no such attachment");
      return bytes;
    },
  });
}

/** Does a record that the caller sees show it: one that the layer changed, or one of the file as it came? */
function names({ room, base, grants }: ReadLayer | LayerAt, blob: string): boolean {
  const isShown = (id: string): boolean => {
    const record = room.record(id, grants);
    return record !== null && !record.deleted && record.kind === "annotation" && record.data.attachment?.blob === blob;
  };
  if (room.changed({ names: blob }).some(({ id }) => isShown(id))) return true;
  for (const { id, kind, data } of base.records.list())
    if (kind === "annotation" && data.attachment?.blob === blob && isShown(id)) return true;
  return false;
}

/** Throws ApiError `forbidden`. */
export function requireCreate(grants: Grants): void {
  const head = { kind: "annotation", createdBy: grants.userId, grp: grants.defaultGroup } as const;
  if (!can(grants, "create", null, head)) throw new ApiError("forbidden", "This session may not make annotations");
}

async function fileOf<T>(body: StreamBody, use: (bytes: AsyncIterable<Uint8Array>) => Promise<T>): Promise<T> {
  if (body.kind === "raw") return use(body.bytes);
  for await (const part of body.parts) {
    if (part.kind === "file" && part.name === "file") return use(part.bytes);
  }
  throw new ApiError("bad_request", "The form has no part `file`");
}

/** The same bytes, once the first of them have shown what they are. */
async function* checked(bytes: AsyncIterable<Uint8Array>, found: (mediaType: string) => void): AsyncGenerator<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0);
  let isKnown = false;
  for await (const chunk of bytes) {
    if (isKnown) {
      yield chunk;
      continue;
    }
    head = Buffer.concat([head, chunk]);
    if (head.length < PICTURE_HEAD) continue;
    found(pictureType(head));
    isKnown = true;
    yield head;
  }
  if (isKnown) return;
  found(pictureType(head));
  yield head;
}
