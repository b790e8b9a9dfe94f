/**
 * Pictures of image annotations. Whoever may make an annotation may upload one; it is read by those who see a record that names it, so that
 * knowing a blob's name opens nothing.
 */
import { ApiError, can, type Grants } from "@lectern/protocol/plain";
import { type DocumentKey, findImageType } from "../documents/store.ts";
import type { Access, Context, Handlers, Reply, StreamBody } from "../handlers.ts";
import { bytesReply } from "../http/ranges.ts";
import { type LayerAt, layerAt } from "../layers/history/past.ts";
import { layerFor, type ReadingDeps, type ReadLayer } from "../layers/reading.ts";
import { useBlob } from "../operations/own-blob.ts";
import { PICTURE_HEAD, pictureType } from "./picture-type.ts";

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
      const written = async (bytes: AsyncIterable<Uint8Array>) =>
        deps.blobs.write(
          key.applicationId,
          checked(bytes, (type) => (mediaType = type)),
          { maxBytes: Math.min(MAX_PICTURE_BYTES, deps.maxUploadBytes), signal },
        );
      const blob = await fileOf(body, written);
      await deps.locks.hold(key.applicationId, blob.sha256, async () => {
        // The collector may have taken it between the end of the writing and our lock, when the same bytes lay there unused.
        if ((await deps.blobs.size(key.applicationId, blob.sha256)) === null)
          throw new ApiError("unavailable", undefined, { retryAfter: 1 });
        await useBlob(deps, key, { ...blob, mediaType });
      });
      return { data: { id: blob.sha256, content_type: mediaType, size: blob.size } };
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

function names({ room, grants }: ReadLayer | LayerAt, blob: string): boolean {
  return room
    .changed({ names: blob })
    .some(
      ({ id, kind, deleted, data }) =>
        kind === "annotation" && !deleted && data.attachment?.blob === blob && room.record(id, grants)?.deleted === false,
    );
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
