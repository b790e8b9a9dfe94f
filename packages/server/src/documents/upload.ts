/**
 * An upload: the bytes go to storage while they are hashed, then one transaction makes the document, its first revision and the job that
 * prepares it. When this returns all of it is on disk. Whatever fails leaves nothing behind.
 */
import { ApiError, ID_PATTERN, newId } from "@lectern/protocol/plain";
import { type StoredBlob, UniqueViolation } from "../ports.ts";
import type { DocumentDeps } from "./deps.ts";
import { documentPasswordContext } from "./password.ts";
import { prepareJob } from "./prepare-job.ts";
import { requirePdf, SNIFF_BYTES } from "./sniff.ts";
import { type DocumentKey, type DocumentMetadata, type DocumentRow, findDocument, hasBlob, insertDocument } from "./store.ts";

/** All but `bytes` and `signal` is read again when the bytes have ended: fields of a form may stand behind its file. */
export interface Upload {
  readonly applicationId: string;
  readonly bytes: AsyncIterable<Uint8Array>;
  /** As the client calls it; becomes the title when none is given. */
  readonly fileName?: string | null;
  /** Default: a new id. */
  readonly documentId?: string | undefined;
  readonly title?: string | null;
  readonly metadata?: DocumentMetadata;
  /** Of an encrypted file; not needed to upload it. */
  readonly password?: string | null;
  readonly signal?: AbortSignal;
}

const MEDIA_TYPE = "application/pdf";
const MAX_TITLE = 1024;

/**
 * The document, `preparing`. Throws ApiError `exists`, `invalid_parameters` (id), `unsupported_media_type`, `invalid_document`, `too_large`,
 * `wrong_password`, `unavailable`.
 */
export async function uploadDocument(deps: DocumentDeps, upload: Upload): Promise<DocumentRow> {
  const { applicationId, signal } = upload;
  await requireFree(deps, upload);
  const bytes = checkedBytes(upload.bytes, upload.fileName ?? null);
  const blob = await deps.blobs.write(applicationId, bytes, { maxBytes: deps.maxUploadBytes, ...(signal === undefined ? {} : { signal }) });
  return deps.locks.hold(applicationId, blob.sha256, async () => {
    try {
      // Only now is everything known that the caller says of it: fields of a form may stand behind its file.
      await requireFree(deps, upload);
      return await record(deps, upload, { applicationId, documentId: upload.documentId ?? newId(deps.clock.now(), deps.random(10)) }, blob);
    } catch (error) {
      if (!(await hasBlob(deps.database, applicationId, blob.sha256))) await deps.blobs.delete(applicationId, blob.sha256);
      throw error;
    }
  });
}

async function requireFree(deps: DocumentDeps, { applicationId, documentId }: Upload): Promise<void> {
  if (documentId === undefined) return;
  if (!ID_PATTERN.test(documentId)) throw new ApiError("invalid_parameters", "document_id must be 1 to 128 letters, digits or _.:@~-");
  if ((await findDocument(deps.database, { applicationId, documentId })) !== null) throw taken(documentId);
}

async function record(deps: DocumentDeps, upload: Upload, key: DocumentKey, blob: StoredBlob): Promise<DocumentRow> {
  const { applicationId, documentId } = key;
  // The collector may have taken it between the end of the writing and our lock, when the same bytes lay there unused.
  if ((await deps.blobs.size(applicationId, blob.sha256)) === null)
    throw new ApiError("unavailable", "The upload must be repeated", { retryAfter: 1 });
  const now = deps.clock.now();
  const password = await provenPassword(deps, upload, blob);
  const document: DocumentRow = {
    applicationId,
    id: documentId,
    title: upload.title ?? titleOf(upload.fileName ?? null),
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
  const also = [...deps.usageOfUpload({ ...key, bytes: blob.size, now }), deps.jobs.statement(prepareJob(document, "upload"))];
  try {
    await insertDocument(deps.database, { ...document, mediaType: MEDIA_TYPE, now }, also);
  } catch (error) {
    throw error instanceof UniqueViolation && error.index === 0 ? taken(documentId) : error;
  }
  deps.jobs.wake();
  return document;
}

/** The password if one was given and the file needs it; throws `wrong_password` when it does not open it. */
async function provenPassword(deps: DocumentDeps, { applicationId, password, signal }: Upload, blob: StoredBlob): Promise<string | null> {
  if (password === undefined || password === null || password === "") return null;
  const path = await deps.blobs.localPath(applicationId, blob.sha256);
  const { encrypted } = await deps.renderer.probe({ path, sha256: blob.sha256, password }, signal);
  return encrypted ? password : null;
}

/** The same bytes, once the first of them have shown that this is a PDF. */
async function* checkedBytes(bytes: AsyncIterable<Uint8Array>, fileName: string | null): AsyncGenerator<Uint8Array> {
  let head = Buffer.alloc(0);
  let checked = false;
  for await (const chunk of bytes) {
    if (checked) yield chunk;
    else {
      head = Buffer.concat([head, chunk]);
      if (head.length < SNIFF_BYTES) continue;
      requirePdf(head, fileName);
      checked = true;
      yield head;
    }
  }
  if (checked) return;
  requirePdf(head, fileName);
  yield head;
}

/** `C:\files\Contract 7.pdf` → `Contract 7` */
function titleOf(fileName: string | null): string | null {
  const name = (fileName ?? "")
    .split(/[/\\]/)
    .at(-1)!
    .replace(/\p{Cc}/gu, "")
    .replace(/\.pdf$/i, "")
    .trim();
  return name === "" ? null : name.slice(0, MAX_TITLE);
}

function taken(documentId: string): ApiError {
  return new ApiError("exists", `There is a document with the id ${documentId} already`);
}
