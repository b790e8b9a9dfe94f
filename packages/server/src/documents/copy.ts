/**
 * A second document like another one: its file, all its layers with their records and history, its metadata. The bytes are not copied: both
 * documents use the same blobs. What belongs to sessions of the first one (who is connected, what a person has seen) stays behind.
 */
import { ApiError, newId } from "@lectern/protocol/plain";
import type { Actor } from "../audit/audit.ts";
import { copyLayers, listLayers } from "../layers/store.ts";
import { Conflict, UniqueViolation } from "../ports.ts";
import type { DocumentDeps } from "./deps.ts";
import { requestMade } from "../requests/store.ts";
import { allRevisions } from "../revisions/store.ts";
import { documentPasswordContext } from "./password.ts";
import { noSuchDocument, waitForReady } from "./status.ts";
import { madeBefore } from "./upload.ts";
import { copyDocumentRows, type DocumentKey, type DocumentRow, findDocument } from "./store.ts";

export interface Copy {
  readonly from: DocumentKey;
  /** Default: a new id. */
  readonly documentId?: string | undefined;
  readonly by: Actor;
  /** When it may be repeated: the same request makes one copy. */
  readonly request?: string | null;
  readonly signal?: AbortSignal;
}

/** A document that is being prepared is waited for so long. */
const PATIENCE_SECONDS = 60;

/** Throws ApiError `not_found`, `preparing`, `exists`, `conflict` when the document changes again and again. */
export async function copyDocument(deps: DocumentDeps, copy: Copy): Promise<DocumentRow> {
  const { from, signal } = copy;
  const { applicationId } = from;
  const { request = null } = copy;
  const made = request === null ? null : await madeBefore(deps, applicationId, request);
  if (made !== null) return made;
  if (copy.documentId !== undefined && (await findDocument(deps.database, { applicationId, documentId: copy.documentId })) !== null) {
    throw taken(copy.documentId);
  }
  const source = await waitForReady(deps, from, { wait: PATIENCE_SECONDS, ...(signal === undefined ? {} : { signal }) });
  if (source.status === "preparing") throw new ApiError("preparing", undefined, { retryAfter: 5 });
  const now = deps.clock.now();
  const key = { applicationId, documentId: copy.documentId ?? newId(now, deps.random(10)) };
  const document: DocumentRow = {
    ...source,
    id: key.documentId,
    sealedPassword: resealed(deps, source.sealedPassword, from, key),
    createdAt: now,
    updatedAt: now,
  };
  const earlier = await allRevisions(deps.database, from);
  const layers = await listLayers(deps.database, applicationId, from.documentId);
  const statements = [
    ...copyDocumentRows(
      source,
      document,
      earlier.flatMap(({ n, sealedPassword: sealed }) => {
        const sealedPassword = resealed(deps, sealed, from, key);
        return sealedPassword === null ? [] : [{ n, sealedPassword }];
      }),
    ),
    ...copyLayers(
      layers.map(({ id }) => ({ from: id, to: newId(now, deps.random(10)) })),
      key.documentId,
    ),
    ...deps.usageOfUpload({ ...key, revision: document.revision, bytes: document.byteSize, now }),
    ...deps.rowsOf("document.created", document, copy.by),
    ...(request === null ? [] : [requestMade({ applicationId, request, made: key.documentId, now })]),
  ];
  try {
    await deps.database.transaction(statements);
  } catch (error) {
    if (error instanceof UniqueViolation && error.index === 1) throw taken(key.documentId);
    // The same request, at the same moment.
    const other = error instanceof UniqueViolation && request !== null ? await madeBefore(deps, applicationId, request) : null;
    if (other !== null) return other;
    if (!(error instanceof Conflict)) throw error;
    if ((await findDocument(deps.database, from)) === null) throw noSuchDocument();
    throw new ApiError("conflict", "The document changed while it was copied: try again", { retryAfter: 1, cause: error });
  }
  return document;
}

/** A sealed password belongs to one document. */
function resealed({ secret }: DocumentDeps, sealedPassword: string | null, from: DocumentKey, to: DocumentKey): string | null {
  if (sealedPassword === null) return null;
  const password = secret.unseal(sealedPassword, documentPasswordContext(from));
  if (password === null) throw new ApiError("internal", "The document's password cannot be unsealed: was the server's key replaced?");
  return secret.seal(password, documentPasswordContext(to));
}

function taken(documentId: string): ApiError {
  return new ApiError("exists", `There is a document with the id ${documentId} already`);
}
