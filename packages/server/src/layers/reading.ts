/**
 * The way to every read and write of a document: it exists, has been prepared, its password is proved, and what its owner forbids in the file is
 * taken from a session's rights. Everything about one layer goes through `layerFor`.
 */
import { ApiError, type Grants } from "@lectern/protocol/plain";
import { type Attempts, networkOf } from "../accounts/attempts.ts";
import type { DocumentBase } from "../documents/base.ts";
import type { DocumentDeps } from "../documents/deps.ts";
import { provePassword } from "../documents/password.ts";
import type { StoredManifest } from "../documents/manifest.ts";
import { requireReady, waitForReady } from "../documents/status.ts";
import { type DocumentRow, findRevision } from "../documents/store.ts";
import type { Access } from "../handlers.ts";
import type { OpenLayer, Rooms } from "./rooms.ts";

export interface ReadingDeps {
  readonly documents: DocumentDeps;
  readonly rooms: Rooms;
  /** Wrong document passwords, by session or address. */
  readonly passwordAttempts: Attempts;
}

export interface Reading {
  /** Seconds to wait while the document is being prepared; default `DEFAULT_WAIT`. */
  readonly wait?: number | undefined;
  /** Who tries passwords, when there is no session. */
  readonly address: string;
  readonly signal?: AbortSignal;
}

export interface ReadLayer extends OpenLayer {
  readonly document: DocumentRow;
  /** What the caller may do: the access's, without what the file's owner forbids. */
  readonly grants: Grants;
  /** null with an API key; the log of changes names it. */
  readonly sessionId: string | null;
}

/** The document when it can be read. Throws ApiError `not_found`, `preparing`, `document_failed`, `password_required`, `wrong_password`, `rate_limited`. */
export async function readableDocument(deps: ReadingDeps, access: Access, reading: Reading): Promise<DocumentRow> {
  const key = { applicationId: access.applicationId, documentId: access.documentId };
  let document = await waitForReady(deps.documents, key, reading);
  if (document.passwordProtected) {
    document = await proved(deps, document, access, reading);
    if (document.status === "preparing") document = await waitForReady(deps.documents, key, reading);
  }
  requireReady(document, deps.documents.readiness.progress(key));
  return document;
}

async function proved(deps: ReadingDeps, document: DocumentRow, access: Access, { address, signal }: Reading): Promise<DocumentRow> {
  if (access.password === null) return provePassword(deps.documents, document, null, signal);
  const who = access.sessionId === null ? `address ${networkOf(address)}` : `session ${access.sessionId}`;
  deps.passwordAttempts.take(who);
  try {
    const proven = await provePassword(deps.documents, document, access.password, signal);
    deps.passwordAttempts.giveBack(who);
    return proven;
  } catch (error) {
    if (!(error instanceof ApiError && error.code === "wrong_password")) deps.passwordAttempts.giveBack(who);
    throw error;
  }
}

/** The layer that the access names, with its room. `create`: one that nobody has used yet comes into being; for a session it always does. */
export async function layerFor(deps: ReadingDeps, access: Access, reading: Reading & { readonly create?: boolean }): Promise<ReadLayer> {
  const document = await readableDocument(deps, access, reading);
  const opened = await deps.rooms.open(document, access.layerName, { create: reading.create === true || access.sessionId !== null });
  const own = document.revision === opened.base.revision ? document : await documentOf(deps.documents, document, opened.base);
  // Its file may have another password than the one that took its place.
  if (own !== document && own.passwordProtected) await proved(deps, own, access, reading);
  const { layer, base, room, pages } = opened;
  const { sessionId } = access;
  return { layer, base, room, pages, document: own, sessionId, grants: grantsWithin(access, base.manifest) };
}

/** The document as the revision that a layer stands on has it: another file, when the document was overwritten since. */
export async function documentOf(
  deps: Pick<DocumentDeps, "blobs" | "database">,
  document: DocumentRow,
  base: DocumentBase,
): Promise<DocumentRow> {
  if (document.revision === base.revision) return document;
  const key = { applicationId: document.applicationId, documentId: document.id };
  const revision = await findRevision(deps.database, key, base.revision);
  const byteSize = await deps.blobs.size(document.applicationId, base.source);
  return {
    ...document,
    revision: base.revision,
    sourceSha256: base.source,
    pageCount: base.manifest.pageCount,
    byteSize: byteSize ?? document.byteSize,
    passwordProtected: revision?.passwordProtected === true,
    sealedPassword: revision?.sealedPassword ?? null,
  };
}

/** API keys act for the document's owner; sessions are bound by what the file says. */
export function grantsWithin({ grants, sessionId }: Pick<Access, "grants" | "sessionId">, { permissions }: StoredManifest): Grants {
  if (sessionId === null || permissions.annotationAndForms) return grants;
  return { ...grants, permissions: grants.permissions.filter((permission) => permission !== "write") };
}
