/** What an API key or access token of a scope may call. Decided by the operation alone; documents are looked at when one is named. */
import { api, type Operation } from "@lectern/protocol";
import { ApiError, FULL_GRANTS, type Grants } from "@lectern/protocol/plain";
import type { ApplicationCaller, KeyScope } from "../handlers.ts";

const ABOUT_DOCUMENTS = /^\/(documents|document|uploads|copy_document|build|inspect_signatures|fonts|async)(\/|$)/;
const ABOUT_SESSIONS = /^\/(sessions|revoke)(\/|$)/;

interface Scope {
  readonly allows: (operation: Operation) => boolean;
  /** Ends "This API key may only …". */
  readonly words: string;
  /** Within a document. */
  readonly grants: Grants;
}

export const SCOPES: Readonly<Record<KeyScope, Scope>> = {
  all: { allows: () => true, words: "", grants: FULL_GRANTS },
  documents: { allows: ({ path }) => ABOUT_DOCUMENTS.test(path), words: "work with documents", grants: FULL_GRANTS },
  read: {
    allows: ({ method }) => method === "GET",
    words: "read",
    grants: { ...FULL_GRANTS, permissions: ["read", "download", "cover"] },
  },
  upload: {
    allows: (operation) => operation === api.documents.upload || operation.path.startsWith("/uploads"),
    words: "upload documents",
    grants: { ...FULL_GRANTS, permissions: [] },
  },
  sessions: {
    allows: ({ path }) => ABOUT_SESSIONS.test(path),
    words: "make, list and revoke sessions",
    grants: { ...FULL_GRANTS, permissions: [] },
  },
};

/** Throws ApiError `forbidden`. */
export function checkScope(operation: Operation, { scope, via, documents }: ApplicationCaller): void {
  const what = via === "access token" ? "This access token" : "This API key";
  if (!SCOPES[scope].allows(operation)) throw new ApiError("forbidden", `${what} may only ${SCOPES[scope].words}`);
  if (via === "access token" && (operation === api.tokens.create || operation === api.publicKeys.create))
    throw new ApiError("forbidden", "An access token makes no further credentials: use an API key");
  if (documents !== null && !("documentId" in operation.params.shape))
    throw new ApiError("forbidden", "This access token is for some documents only, and this route is not about one document");
}

/** May the caller use this document at all? For handlers that name further documents in a body. Throws ApiError `not_found`. */
export function checkDocument({ documents }: Pick<ApplicationCaller, "documents">, documentId: string): void {
  if (documents !== null && !documents.includes(documentId))
    throw new ApiError("not_found", "There is no such document for this access token");
}
