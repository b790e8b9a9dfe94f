/**
 * An upload: the bytes go to storage while they are hashed, then one transaction makes the document, its first revision and the job that
 * prepares it. Whatever is not a PDF is converted by
 * that job. When this returns all of it is on disk. Whatever fails leaves nothing behind.
 */
import { type Actor, SERVICE } from "../audit/audit.ts";
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ApiError, ID_PATTERN, newId } from "@lectern/protocol/plain";
import { SNIFF_BYTES, type UploadedKind, uploadedKind } from "../convert/kinds.ts";
import { type ReceivedBlob, type Statement, type StoredBlob, UniqueViolation } from "../ports.ts";
import type { DocumentDeps } from "./deps.ts";
import { documentPasswordContext } from "./password.ts";
import type { Making } from "../requests/once.ts";
import { madeBy, requestMade } from "../requests/store.ts";
import { overwriteDocument } from "../revisions/overwrite.ts";
import { prepareJob } from "./prepare-job.ts";
import { type DocumentKey, type DocumentMetadata, type DocumentRow, findDocument, hasBlob, insertDocument } from "./store.ts";

/** All but `bytes` and `signal` is read again when the bytes have ended: fields of a form may stand behind its file. */
export interface Upload {
  readonly applicationId: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** As the client calls it; becomes the title when none is given. */
  readonly fileName?: string | null;
  /** Content type that the client gives it; the bytes decide what it is. */
  readonly mediaType?: string | null;
  /** Default: a new id. */
  readonly documentId?: string | undefined;
  readonly title?: string | null;
  readonly metadata?: DocumentMetadata | undefined;
  /** A document of that id gets the file as its next revision. */
  readonly overwrite?: boolean | undefined;
  /** Then: what people have written on it goes on. */
  readonly keepAnnotations?: boolean | undefined;
  /** Some of this is known only when the bytes have ended. */
  readonly fieldsFollow?: boolean;
  /** What the bytes must have, lower-case hex. */
  readonly sha256?: string | undefined;
  /** Instant JSON or XFDF that is applied to it; of a form it is known when the bytes have ended. */
  readonly changes?: Uint8Array | undefined;
  /** Of an encrypted file; not needed to upload it. */
  readonly password?: string | null;
  readonly signal?: AbortSignal;
  /**
   * Known when the bytes have ended: null, or that they are one of the files of which the document is made. `copy` writes them to a path. Answers what
   * is uploaded in their place.
   */
  readonly instead?: ((copy: (path: string) => Promise<void>) => Promise<Upload>) | null;
  /** The request that brings it, when it may be repeated: the same bytes for the same id make one document, or one revision of it. */
  readonly request?: string | null;
  /** Or that request, where the bytes do not matter. */
  readonly making?: Making;
  /** What is to be written with it, or not at all. */
  readonly also?: readonly Statement[];
  /** Who uploads it; default: the service itself. */
  readonly by?: Actor;
}

const MAX_TITLE = 1024;
/** Other spellings of what a kind of file is called. */
const ENDINGS = [".jpg", ".jpeg", ".tif", ".heif", ".htm", ".markdown", ".docx", ".xlsx", ".pptx"];

/** `overwrite`: the revision that the file will be of a document that is there already. */
export type Uploaded = DocumentRow & { readonly overwrite?: number };

/**
 * The document, `preparing`; or as it is, when the file is to take the place of its own. Throws ApiError `exists`, `invalid_parameters` (id), `unsupported_media_type`, `invalid_document`, `too_large`,
 * `wrong_password`.
 */
export async function uploadDocument(deps: DocumentDeps, upload: Upload): Promise<Uploaded> {
  const { applicationId, signal } = upload;
  requireId(upload);
  // Of a request that is repeated the bytes say whether it is the same one.
  if (upload.fieldsFollow !== true && (upload.request ?? null) === null) await requireFree(deps, upload);
  let kind: UploadedKind | null = null;
  const bytes = checkedBytes(upload.bytes, async (head) => {
    kind = uploadedKind(head, { fileName: upload.fileName ?? null, mediaType: upload.mediaType ?? null });
    if (kind.kind === "office") await deps.converter.require();
  });
  const received = await deps.blobs.receive(applicationId, bytes, {
    maxBytes: deps.maxUploadBytes,
    ...(signal === undefined ? {} : { signal }),
  });
  const blob: StoredBlob = { sha256: received.sha256, size: received.size };
  const { instead = null } = upload;
  const keep = async (): Promise<Uploaded> => {
    try {
      if (upload.sha256 !== undefined && upload.sha256 !== blob.sha256)
        throw new ApiError("unprocessable", `The file has the SHA-256 ${blob.sha256}, which is not the one that was announced`);
      // Only now is everything known that the caller says of it: fields of a form may stand behind its file.
      requireId(upload);
      const request = requestOf(upload, blob);
      const made = request === null ? null : await madeBefore(deps, applicationId, request);
      if (made !== null) return made;
      const existing = await requireFree(deps, upload);
      const key = { applicationId, documentId: upload.documentId ?? newId(deps.clock.now(), deps.random(10)) };
      // Under the lock: whoever deletes equal bytes that nobody used any more has done so, or waits until these are used.
      await received.store();
      return await withChanges(deps, upload, (changes): Promise<Uploaded> => {
        const stored = { ...blob, kind: kind!, changes, request };
        return existing === null ? record(deps, upload, key, stored) : overwrite(deps, upload, existing, stored);
      });
    } catch (error) {
      if (!(await hasBlob(deps.database, applicationId, blob.sha256))) await deps.blobs.delete(applicationId, blob.sha256);
      throw error;
    }
  };
  try {
    if (instead === null) return await deps.locks.hold(applicationId, blob.sha256, keep);
    return await uploadDocument(deps, await instead((path) => takeOut(deps, applicationId, received, path)));
  } finally {
    await received.release();
  }
}

/** Bytes that were uploaded and are no document of their own. */
async function takeOut(deps: DocumentDeps, applicationId: string, received: ReceivedBlob, path: string): Promise<void> {
  const { sha256 } = received;
  await deps.locks.hold(applicationId, sha256, async () => {
    const isUsed = await hasBlob(deps.database, applicationId, sha256);
    await received.store();
    await pipeline((await deps.blobs.read(applicationId, sha256))!, createWriteStream(path, { mode: 0o600 }));
    if (!isUsed) await deps.blobs.delete(applicationId, sha256);
  });
}

/** `use` writes the rows by which the document uses it. */
async function withChanges<T>(
  deps: DocumentDeps,
  { applicationId, changes }: Upload,
  use: (stored: StoredBlob | null) => Promise<T>,
): Promise<T> {
  if (changes === undefined) return use(null);
  const write = (): Promise<StoredBlob> => deps.blobs.write(applicationId, Readable.from([changes]));
  const stored = await write();
  try {
    const outcome = await use(stored);
    // The collector may have taken the same bytes, unused, before the rows were written.
    if ((await deps.blobs.size(applicationId, stored.sha256)) === null) await write();
    return outcome;
  } catch (error) {
    if (!(await hasBlob(deps.database, applicationId, stored.sha256))) await deps.blobs.delete(applicationId, stored.sha256);
    throw error;
  }
}

function requestOf({ request = null, documentId }: Upload, { sha256 }: StoredBlob): string | null {
  return request === null
    ? null
    : createHash("sha256")
        .update(JSON.stringify([request, documentId ?? null, sha256]))
        .digest("base64url");
}

/** The document that the same request has made before, as it is now. */
export async function madeBefore(deps: DocumentDeps, applicationId: string, request: string): Promise<DocumentRow | null> {
  const documentId = await madeBy(deps.database, applicationId, request);
  return documentId === null ? null : findDocument(deps.database, { applicationId, documentId });
}

function requireId({ documentId }: Upload): void {
  if (documentId !== undefined && !ID_PATTERN.test(documentId))
    throw new ApiError("invalid_parameters", "document_id must be 1 to 128 letters, digits or _.:@~-");
}

/** The document that is to be overwritten; null when there is none of that id. */
async function requireFree(deps: DocumentDeps, { applicationId, documentId, overwrite: allowed }: Upload): Promise<DocumentRow | null> {
  if (documentId === undefined) return null;
  const found = await findDocument(deps.database, { applicationId, documentId });
  if (found !== null && allowed !== true) throw taken(documentId);
  return found;
}

async function overwrite(deps: DocumentDeps, upload: Upload, existing: DocumentRow, blob: UploadedBlob): Promise<Uploaded> {
  const n = await overwriteDocument(deps, {
    key: { applicationId: existing.applicationId, documentId: existing.id },
    blob,
    title: upload.title ?? null,
    metadata: upload.metadata ?? null,
    password: await provenPassword(deps, upload, blob),
    keepAnnotations: upload.keepAnnotations === true,
    by: upload.by,
    making: upload.making,
  });
  return { ...existing, overwrite: n };
}

type UploadedBlob = StoredBlob & { readonly kind: UploadedKind; readonly changes: StoredBlob | null; readonly request: string | null };

async function record(deps: DocumentDeps, upload: Upload, key: DocumentKey, blob: UploadedBlob): Promise<DocumentRow> {
  const { applicationId, documentId } = key;
  const now = deps.clock.now();
  const password = await provenPassword(deps, upload, blob);
  const document: DocumentRow = {
    applicationId,
    id: documentId,
    title: upload.title ?? titleOf(upload.fileName ?? null, blob.kind.extension),
    status: "preparing",
    statusReason: null,
    revision: 1,
    sourceSha256: blob.sha256,
    byteSize: blob.size,
    pageCount: null,
    passwordProtected: password !== null,
    sealedPassword: password === null ? null : deps.secret.seal(password, documentPasswordContext(key)),
    metadata: upload.metadata ?? {},
    createdAt: now,
    updatedAt: now,
  };
  const also = [
    ...deps.usageOfUpload({ ...key, revision: document.revision, bytes: blob.size, now }),
    deps.jobs.statement(prepareJob(document, "upload", blob.kind)),
    ...deps.rowsOf("document.created", document, upload.by ?? SERVICE),
    ...(blob.request === null ? [] : [requestMade({ applicationId, request: blob.request, made: documentId, now })]),
    ...(upload.also ?? []),
    ...(upload.making?.made(documentId) ?? []),
  ];
  try {
    await insertDocument(deps.database, { ...document, mediaType: blob.kind.mediaType, changes: blob.changes, now }, also);
  } catch (error) {
    throw error instanceof UniqueViolation && error.index === 0 ? taken(documentId) : error;
  }
  deps.jobs.wake();
  return document;
}

/** The password if one was given and the file needs it; throws `wrong_password` when it does not open it. */
async function provenPassword(deps: DocumentDeps, { applicationId, password, signal }: Upload, blob: UploadedBlob): Promise<string | null> {
  if (blob.kind.kind !== "pdf" || password === undefined || password === null || password === "") return null;
  const path = await deps.blobs.localPath(applicationId, blob.sha256);
  const { encrypted } = await deps.renderer.probe({ path, sha256: blob.sha256, password }, signal);
  return encrypted ? password : null;
}

/** The same bytes, once the first of them have shown what the file is. */
async function* checkedBytes(bytes: AsyncIterable<Uint8Array>, check: (head: Uint8Array) => Promise<void>): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  let checked = false;
  for await (const chunk of bytes) {
    if (checked) yield chunk;
    else {
      head = Buffer.concat([head, chunk]);
      if (head.length < SNIFF_BYTES) continue;
      await check(head);
      checked = true;
      yield head;
    }
  }
  if (checked) return;
  await check(head);
  yield head;
}

/** `C:\files\Contract 7.pdf` → `Contract 7` */
function titleOf(fileName: string | null, extension: string): string | null {
  const name = (fileName ?? "")
    .split(/[/\\]/)
    .at(-1)!
    .replace(/\p{Cc}/gu, "")
    .trim();
  const ending = extname(name).toLowerCase();
  const title = ending === extension || ENDINGS.includes(ending) ? name.slice(0, -ending.length).trim() : name;
  return title === "" ? null : title.slice(0, MAX_TITLE);
}

function taken(documentId: string): ApiError {
  return new ApiError("exists", `There is a document with the id ${documentId} already`);
}
