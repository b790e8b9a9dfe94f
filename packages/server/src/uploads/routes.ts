/** Routes of resumable uploads: headers of tus in and out. */
import { ApiError } from "@lectern/protocol/plain";
import { actorOf } from "../audit/audit.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { type ApplicationCaller, type Context, type Handlers, type Reply, reply } from "../handlers.ts";
import type { ResumableUpload } from "./store.ts";
import { announcedSize, checksumOf, metadataOf, numberOf, requirePartType, requireVersion } from "./tus.ts";
import { beginUpload, endUpload, type Part, receivePart, resumableUpload } from "./uploads.ts";

type UploadContext = Context<ApplicationCaller, null>;

export function uploadRoutes(deps: DocumentDeps, publicUrl: () => string): Handlers["uploads"] {
  return {
    async create(_input, context) {
      const { caller } = context;
      requireVersion(context);
      const size = announcedSize(context);
      if (size === 0) throw new ApiError("invalid_parameters", "Upload-Length: a document is not empty");
      const withPart = typeOf(context) !== null;
      if (withPart) requirePartType(typeOf(context));
      const begun = await beginUpload(deps, { applicationId: caller.applicationId, size, ...metadataOf(context) });
      const upload = withPart ? await receivePart(deps, partOf(context, begun.id, { offset: 0, isBeginning: true })) : begun;
      // Without a host, so that it is right by whatever name the service was called.
      const { pathname } = new URL(`viewer/uploads/${upload.id}`, `${publicUrl().replace(/\/$/, "")}/`);
      return answer(upload, { status: 201, headers: { location: pathname }, body: true });
    },
    async get({ uploadId }, { caller }) {
      return answer(await resumableUpload(deps, caller.applicationId, uploadId), { status: 200, body: true });
    },
    async append({ uploadId }, context) {
      requireVersion(context);
      requirePartType(typeOf(context));
      const part = partOf(context, uploadId, { offset: numberOf(context, "upload-offset"), isBeginning: false });
      return answer(await receivePart(deps, part), { status: 204, body: false });
    },
    async end({ uploadId }, context) {
      requireVersion(context);
      await endUpload(deps, context.caller.applicationId, uploadId);
      return reply(null, { status: 204 });
    },
  };
}

function typeOf({ body }: UploadContext): string | null {
  if (body?.kind === "multipart") return "multipart/form-data";
  return body?.mediaType ?? null;
}

function partOf(context: UploadContext, id: string, { offset, isBeginning }: { offset: number; isBeginning: boolean }): Part {
  const { caller, body } = context;
  if (body?.kind !== "raw") throw new ApiError("unsupported_media_type");
  return {
    applicationId: caller.applicationId,
    id,
    offset,
    // With the beginning it is known already, or not.
    size: isBeginning || context.header("upload-length") === null ? null : numberOf(context, "upload-length"),
    length: context.header("content-length") === null ? null : numberOf(context, "content-length"),
    bytes: body.bytes,
    checksum: checksumOf(context),
    password: context.password,
    by: actorOf(context),
  };
}

function answer(
  upload: ResumableUpload,
  how: { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body: boolean },
): Reply {
  const { id, received, size, documentId, finishedAt, fields } = upload;
  const expires = new Date(upload.expiresAt);
  const data = {
    id,
    offset: received,
    length: size,
    document_id: documentId,
    finished: finishedAt !== null,
    expires_at: expires.toISOString(),
  };
  return reply(how.body ? JSON.stringify({ data }) : null, {
    status: how.status,
    headers: {
      ...how.headers,
      "upload-offset": String(received),
      ...(size === null ? { "upload-defer-length": "1" } : { "upload-length": String(size) }),
      "upload-expires": expires.toUTCString(),
      ...(fields.given === null ? {} : { "upload-metadata": fields.given }),
      ...(finishedAt === null ? {} : { "lectern-document-id": documentId }),
    },
  });
}
