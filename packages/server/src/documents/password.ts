/**
 * Passwords of encrypted documents: checked by opening the file in a worker, kept only sealed under a key of the server. Whoever reads proves
 * the password anew; the server's own work (drawing, exporting) uses the sealed one.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { ApiError, newId } from "@lectern/protocol/plain";
import type { RenderSource } from "../ports.ts";
import type { DocumentDeps } from "./deps.ts";
import { allRevisions } from "../revisions/store.ts";
import { prepareJob } from "./prepare-job.ts";
import { type DocumentKey, type DocumentRow, findDocument, markUnlocked } from "./store.ts";

/** What a sealed password belongs to: it cannot be moved to another document. */
export function documentPasswordContext({ applicationId, documentId }: DocumentKey): string {
  return `document password ${applicationId}/${documentId}`;
}

/** The document's file for the workers, with its password if it is known. */
export async function renderSource(deps: DocumentDeps, document: DocumentRow, blob = document.sourceSha256): Promise<RenderSource> {
  const path = await deps.blobs.localPath(document.applicationId, blob);
  const password = sealedPassword(deps, blob === document.sourceSha256 ? document : await asOf(deps, document, blob));
  return { path, sha256: blob, ...(password === null ? {} : { password }) };
}

/** A file of an earlier revision has the password of that one. */
async function asOf(deps: DocumentDeps, document: DocumentRow, blob: string): Promise<DocumentRow> {
  if (document.revision === 1) return document;
  const all = await allRevisions(deps.database, { applicationId: document.applicationId, documentId: document.id });
  const earlier = all.filter(({ sourceBlob }) => sourceBlob === blob);
  const found = earlier.find((revision) => revision.sealedPassword !== null) ?? earlier[0];
  return found === undefined ? document : { ...document, sealedPassword: found.sealedPassword };
}

/** Null: none is kept, as of a document that needs none. */
export function sealedPassword(deps: DocumentDeps, document: DocumentRow): string | null {
  if (document.sealedPassword === null) return null;
  const password = deps.secret.unseal(
    document.sealedPassword,
    documentPasswordContext({ applicationId: document.applicationId, documentId: document.id }),
  );
  if (password === null) throw new ApiError("internal", "The document's password cannot be unsealed: was the server's key replaced?");
  return password;
}

/**
 * Does the caller know the document's password? Nothing is asked of documents without one. The first right password of a `locked` document
 * lets it be prepared: the row that is returned is `preparing` then. Throws ApiError `password_required`, `wrong_password`.
 */
export async function provePassword(
  deps: DocumentDeps,
  document: DocumentRow,
  password: string | null,
  signal?: AbortSignal,
): Promise<DocumentRow> {
  if (!document.passwordProtected) return document;
  if (password === null || password === "") throw new ApiError("password_required");
  const sealed = sealedPassword(deps, document);
  if (sealed !== null && isSame(sealed, password)) return document;
  // Not the one that we keep; but a file may have two, of its owner and of its readers.
  const path = await deps.blobs.localPath(document.applicationId, document.sourceSha256);
  await deps.renderer.probe({ path, sha256: document.sourceSha256, password }, signal);
  return document.status === "locked" ? unlock(deps, document, password) : document;
}

async function unlock(deps: DocumentDeps, document: DocumentRow, password: string): Promise<DocumentRow> {
  const key = { applicationId: document.applicationId, documentId: document.id };
  const now = deps.clock.now();
  // The job that found it locked may not be gone yet, so this one has a key of its own.
  const job = deps.jobs.statement(prepareJob(document, newId(now, deps.random(10))));
  const unlocked = await markUnlocked(deps.database, key, deps.secret.seal(password, documentPasswordContext(key)), now, job);
  if (unlocked) deps.jobs.wake();
  const row = await findDocument(deps.database, key);
  if (row === null) throw new ApiError("not_found", "There is no such document");
  return row;
}

function isSame(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
