/**
 * Uploads in parts, which go on where they were after whatever happened: the bytes lie in a file, how many of them are synced stands in the
 * database, and only that is told. The last part makes the document by way of `uploadDocument`, in whose transaction the upload ends: all of it is
 * received when it is a document, and not before. One writer at a time, by a lease in the database, which a killed process does not keep.
 */
import { type FileHandle, mkdir, open, readdir, rm, stat } from "node:fs/promises";
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { ApiError, newId } from "@lectern/protocol/plain";
import type { Actor } from "../audit/audit.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { findDocument } from "../documents/store.ts";
import { uploadDocument } from "../documents/upload.ts";
import { Conflict } from "../ports.ts";
import {
  deleteUpload,
  expiredUploads,
  extendHold,
  findUpload,
  finishUpload,
  holdUpload,
  insertUpload,
  knownUploads,
  noteReceived,
  noteSize,
  releaseAllUploads,
  releaseUpload,
  type ResumableUpload,
  type UploadFields,
} from "./store.ts";

/** After its last part an upload is kept for so long; a finished one answers for so long, too. */
export const KEPT_MS = 24 * 3_600_000;
/** Longer than a body may be silent (http/pace.ts). */
const HELD_MS = 30_000;
/** So much, or so long, at most is sent again after a crash. */
const SYNC_BYTES = 16_000_000;
const SYNC_MS = 5000;
const BATCH = 100;

export type UploadDeps = Pick<DocumentDeps, "database" | "clock" | "random" | "uploadsDir" | "maxUploadBytes">;

export interface Part {
  readonly applicationId: string;
  readonly id: string;
  /** Where the client believes it to be. */
  readonly offset: number;
  /** Of all of the upload, when the client says it now. */
  readonly size: number | null;
  /** Of this part, when it was announced. */
  readonly length: number | null;
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly checksum: { readonly algorithm: string; readonly digest: Buffer } | null;
  readonly password: string | null;
  readonly by: Actor;
}

/** Throws ApiError `too_large`, `exists`. */
export async function beginUpload(
  deps: DocumentDeps,
  given: {
    readonly applicationId: string;
    readonly documentId: string | null;
    readonly size: number | null;
    readonly fields: UploadFields;
  },
): Promise<ResumableUpload> {
  const { database, clock, random } = deps;
  if (given.size !== null && given.size > deps.maxUploadBytes) throw largerThan(deps.maxUploadBytes);
  if (
    given.documentId !== null &&
    (await findDocument(database, { applicationId: given.applicationId, documentId: given.documentId })) !== null
  )
    throw new ApiError("exists", `There is a document with the id ${given.documentId} already`);
  const now = clock.now();
  const upload: ResumableUpload = {
    id: newId(now, random(10)),
    applicationId: given.applicationId,
    documentId: given.documentId ?? newId(now, random(10)),
    size: given.size,
    received: 0,
    fields: given.fields,
    createdAt: now,
    expiresAt: now + KEPT_MS,
    finishedAt: null,
  };
  await mkdir(deps.uploadsDir, { recursive: true, mode: 0o700 });
  await synced(await open(join(deps.uploadsDir, upload.id), "wx", 0o600));
  await synced(await open(deps.uploadsDir, "r"));
  await insertUpload(database, upload);
  return upload;
}

async function synced(file: FileHandle): Promise<void> {
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Throws ApiError `not_found`; also when it has expired. */
export async function resumableUpload({ database, clock }: UploadDeps, applicationId: string, id: string): Promise<ResumableUpload> {
  const upload = await findUpload(database, applicationId, id);
  if (upload === null || upload.expiresAt <= clock.now()) throw new ApiError("not_found", "There is no such upload, or it has expired");
  return upload;
}

/**
 * Writes the part; what has been told as received is on disk. Throws ApiError `conflict` (another offset), `locked`, `too_large`,
 * `checksum_mismatch`, `request_timeout`, and, with the last part, what `uploadDocument` throws: where trying again cannot help, the upload is gone.
 */
export async function receivePart(deps: DocumentDeps, part: Part): Promise<ResumableUpload> {
  const { database, clock, random } = deps;
  const { applicationId, id } = part;
  await resumableUpload(deps, applicationId, id);
  const holder = newId(clock.now(), random(10));
  const until = (): number => clock.now() + HELD_MS;
  if (!(await holdUpload(database, id, holder, { now: clock.now(), until: until() })))
    throw new ApiError("locked", "Another request is writing to this upload", { retryAfter: 1 });
  try {
    // Looked at again: now nobody else changes it.
    const known = await resumableUpload(deps, applicationId, id);
    const upload = part.size === null ? known : await withSize(deps, known, part.size, holder);
    if (part.offset !== upload.received)
      throw new ApiError("conflict", `The upload is at ${upload.received}, not at ${part.offset}`, { extra: { offset: upload.received } });
    if (part.length !== null && part.length > mostOf(deps, upload) - upload.received) throw tooLong(deps, upload);
    if (upload.finishedAt !== null) return upload;
    const received = await append(deps, upload, part, async (now) => {
      const state = { received: now, heldUntil: until(), expiresAt: clock.now() + KEPT_MS };
      if (!(await noteReceived(database, id, holder, state)))
        throw new ApiError("locked", "Another request has taken this upload over", { retryAfter: 1 });
    });
    if (received === upload.size) await makeDocument(deps, upload, part, holder);
    return await resumableUpload(deps, applicationId, id);
  } finally {
    await releaseUpload(database, id, holder);
  }
}

/** Throws ApiError `invalid_parameters` (it was another one, or less than has come), `too_large`, `locked`. */
async function withSize(deps: UploadDeps, upload: ResumableUpload, size: number, holder: string): Promise<ResumableUpload> {
  if (upload.size === size) return upload;
  if (upload.size !== null) throw new ApiError("invalid_parameters", `Upload-Length: the upload was announced with ${upload.size} bytes`);
  if (size === 0 || size < upload.received)
    throw new ApiError("invalid_parameters", `Upload-Length: ${upload.received} bytes have come already, and a document is not empty`);
  if (size > deps.maxUploadBytes) throw largerThan(deps.maxUploadBytes);
  if (!(await noteSize(deps.database, upload.id, holder, size)))
    throw new ApiError("locked", "Another request has taken this upload over", { retryAfter: 1 });
  return { ...upload, size };
}

/** Up to where it is now, all of it synced. All but the last byte's part is noted: what is noted as whole is a document. */
async function append(deps: UploadDeps, upload: ResumableUpload, part: Part, note: (received: number) => Promise<void>): Promise<number> {
  const { clock, uploadsDir } = deps;
  const most = mostOf(deps, upload);
  const isWhole = (received: number): boolean => received === upload.size;
  const file = await open(join(uploadsDir, upload.id), "r+").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") throw elsewhere(error);
    throw error;
  });
  const hash: Hash | null = part.checksum === null ? null : createHash(part.checksum.algorithm);
  let [at, noted, notedAt] = [upload.received, upload.received, clock.now()];
  const sync = async (): Promise<void> => {
    await file.datasync();
    if (!isWhole(at)) await note(at);
    [noted, notedAt] = [at, clock.now()];
  };
  try {
    if ((await file.stat()).size < at) throw elsewhere();
    // What a crash left beyond what was told.
    await file.truncate(at);
    try {
      for await (const chunk of part.bytes) {
        if (at + chunk.length > most) throw tooLong(deps, upload);
        for (let done = 0; done < chunk.length;) done += (await file.write(chunk, done, chunk.length - done, at + done)).bytesWritten;
        hash?.update(chunk);
        at += chunk.length;
        // Of a part with a checksum nothing counts until it is known.
        if (hash === null && (at - noted >= SYNC_BYTES || clock.now() - notedAt >= SYNC_MS)) await sync();
      }
    } catch (error) {
      // The connection ended, or something of this part is wrong: what came before stays.
      if (hash === null && at > noted && !isWhole(at)) await sync();
      throw error;
    }
    if (hash !== null && !hash.digest().equals(part.checksum!.digest))
      throw new ApiError("checksum_mismatch", "The part does not have the checksum that was sent with it");
    await sync();
    return at;
  } finally {
    await file.close();
  }
}

async function makeDocument(deps: DocumentDeps, upload: ResumableUpload, { password, by }: Part, holder: string): Promise<void> {
  const { applicationId, documentId, id, fields } = upload;
  const path = join(deps.uploadsDir, id);
  const keep = keepHeld(deps, upload, holder);
  const bytes = createReadStream(path);
  try {
    const now = deps.clock.now();
    await uploadDocument(deps, {
      applicationId,
      documentId,
      bytes,
      fileName: fields.fileName,
      mediaType: fields.mediaType,
      title: fields.title,
      sha256: fields.sha256 ?? undefined,
      password,
      by,
      also: [finishUpload(id, holder, { now, expiresAt: now + KEPT_MS })],
    });
  } catch (error) {
    if (error instanceof Conflict)
      throw new ApiError("locked", "Another request has taken this upload over", { retryAfter: 1, cause: error });
    // Neither a wrong password nor a service that is busy makes the bytes worthless.
    if (error instanceof ApiError && error.status < 500 && error.code !== "wrong_password") await removeUpload(deps, id);
    throw error;
  } finally {
    keep.stop();
    bytes.destroy();
  }
  await rm(path, { force: true });
}

/** Copying and hashing a large file may take longer than a lease. */
function keepHeld({ database, clock, ...deps }: DocumentDeps, { id }: ResumableUpload, holder: string): { stop(): void } {
  let stop = (): void => undefined;
  const again = (): void => {
    stop = clock.setTimeout(() => {
      extendHold(database, id, holder, clock.now() + HELD_MS).catch((error: unknown) => deps.onError("keeping an upload", error));
      again();
    }, HELD_MS / 3);
  };
  again();
  return { stop: () => stop() };
}

/** Row first: a file without one is found by its age. */
export async function removeUpload({ database, uploadsDir }: UploadDeps, id: string): Promise<void> {
  await deleteUpload(database, id);
  await rm(join(uploadsDir, id), { force: true });
}

/** Throws ApiError `not_found`, `locked`. */
export async function endUpload(deps: UploadDeps, applicationId: string, id: string): Promise<void> {
  const { database, clock, random } = deps;
  await resumableUpload(deps, applicationId, id);
  const now = clock.now();
  if (!(await holdUpload(database, id, newId(now, random(10)), { now, until: now + HELD_MS })))
    throw new ApiError("locked", "A request is writing to this upload", { retryAfter: 1 });
  await removeUpload(deps, id);
}

/** At the start of a process that has the database to itself: nobody writes any more. */
export async function freeUploads({ database }: UploadDeps): Promise<void> {
  if (!database.shared) await releaseAllUploads(database);
}

/** Those that have expired, and files of which nobody knows any more. */
export async function removeExpiredUploads(deps: UploadDeps, signal: AbortSignal): Promise<void> {
  for (;;) {
    const expired = await expiredUploads(deps.database, deps.clock.now(), BATCH);
    for (const id of expired) {
      signal.throwIfAborted();
      await removeUpload(deps, id);
    }
    if (expired.length < BATCH) break;
  }
  const names = await readdir(deps.uploadsDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  for (let first = 0; first < names.length; first += BATCH) {
    const some = names.slice(first, first + BATCH);
    const known = await knownUploads(deps.database, some);
    for (const name of some.filter((one) => !known.has(one))) {
      const path = join(deps.uploadsDir, name);
      const file = await stat(path).catch(() => null);
      if (file !== null && file.mtimeMs < deps.clock.now() - KEPT_MS) await rm(path, { force: true });
    }
  }
}

function mostOf({ maxUploadBytes }: UploadDeps, { size }: ResumableUpload): number {
  return size ?? maxUploadBytes;
}

function tooLong({ maxUploadBytes }: UploadDeps, { size }: ResumableUpload): ApiError {
  if (size === null) return largerThan(maxUploadBytes);
  return new ApiError("too_large", `The upload was announced with ${size} bytes, and more were sent`);
}

function largerThan(limit: number): ApiError {
  return new ApiError("too_large", `The file is larger than the limit of ${limit} bytes`);
}

function elsewhere(cause?: unknown): ApiError {
  return new ApiError("unavailable", "The bytes of this upload are not on this node", { retryAfter: 1, cause });
}
