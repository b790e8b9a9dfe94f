/**
 * Who calls, and may they: credentials in headers become a `Caller`, and for routes about a document an `Access`. Decided before a body is read.
 * A wrong kind of credential is told which kind it is; a document that a token does not open does not exist for it.
 */
import { api, type Operation } from "@lectern/protocol";
import { ApiError, type Permission } from "@lectern/protocol/plain";
import type { Access, ApplicationCaller, Caller, KeyScope, SessionCaller } from "../handlers.ts";
import { isAccessToken, kindOf, whatItIs } from "../credential.ts";
import type { ServerSecret } from "../secret.ts";
import { isOwnOrigin } from "../sessions/origins.ts";
import { checkDocument, checkScope, SCOPES } from "./scope.ts";
import { findDocument, grantsOf, passwordContext, type Session, shownName } from "../sessions/session.ts";

/** Questions that the features answer. */
export interface Identities {
  /** null: no such key, or revoked. Throws ApiError `token_expired` for an access token. */
  apiKey(key: string): Promise<KnownKey | null>;
  /** Throws ApiError `invalid_token`, `token_expired`, `session_revoked`. */
  session(token: string): Promise<Session>;
  /** Who is signed in with this cookie. */
  account(cookie: string): Promise<{ readonly id: string } | null>;
  hasApplication(applicationId: string): Promise<boolean>;
  /** Throws ApiError `not_found`, `token_expired`, `session_revoked`. */
  grant(grant: string): Promise<{ readonly access: Access; readonly session: Session }>;
}

export interface KnownKey {
  readonly id: string;
  readonly applicationId: string;
  readonly scope: KeyScope;
  readonly documents: readonly string[] | null;
  /** null: a key, which does not end by itself. */
  readonly expiresAt: number | null;
}

/** What of a request tells who makes it. Header names in lower case. */
export interface Credentials {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** A token in the query; only the cover image takes it there. */
  readonly queryToken: string | null;
  /** An image grant in the path. */
  readonly grant: string | null;
}

export interface Identified {
  readonly caller: Caller | null;
  /** Settled already, for grants only. */
  readonly access: Access | null;
  /** The session behind a token or a grant, whose list of origins counts. */
  readonly session: Session | null;
}

export const ACCOUNT_COOKIE = "lectern_account";
/** With a cookie: for which application. Being no ordinary header, it also keeps other sites' forms out. */
export const APPLICATION_HEADER = "lectern-application";

const NOBODY: Identified = { caller: null, access: null, session: null };

export function identify(operation: Operation, credentials: Credentials, identities: Identities, publicUrl: string): Promise<Identified> {
  switch (operation.auth) {
    case "none":
      return Promise.resolve(NOBODY);
    case "grant":
      return identities.grant(credentials.grant ?? "").then(({ access, session }) => ({ caller: null, access, session }));
    case "admin":
      return signedIn(credentials, identities, publicUrl).then((caller) => ({ ...NOBODY, caller }));
    case "key":
    case "token":
    case "either":
      return withCredential(operation, credentials, identities, publicUrl);
  }
}

async function withCredential(
  operation: Operation,
  credentials: Credentials,
  identities: Identities,
  publicUrl: string,
): Promise<Identified> {
  const secret = bearer(single(credentials.headers["authorization"])) ?? credentials.queryToken;
  if (secret === null) {
    const applicationId = single(credentials.headers[APPLICATION_HEADER]);
    if (operation.auth !== "token" && applicationId !== null && cookie(credentials) !== null) {
      const account = await signedIn(credentials, identities, publicUrl);
      if (!(await identities.hasApplication(applicationId))) throw new ApiError("not_found", "There is no such application");
      return {
        ...NOBODY,
        caller: { kind: "application", applicationId, via: "dashboard", id: account.accountId, scope: "all", documents: null },
      };
    }
    const kind = operation.auth === "key" ? "an API key" : operation.auth === "token" ? "a session token" : "an API key or a session token";
    throw new ApiError("unauthorized", `Send ${kind}: Authorization: Bearer …`);
  }
  switch (kindOf(secret)) {
    case "key": {
      if (operation.auth === "token")
        throw new ApiError("wrong_credential", `This is ${whatItIs(secret)}; this route takes a session token. Keep it out of browsers.`);
      const key = await identities.apiKey(secret);
      if (key === null) throw new ApiError("invalid_key", isAccessToken(secret) ? "The access token is not valid" : undefined);
      const { id, applicationId, scope, documents } = key;
      const via = key.expiresAt === null ? "key" : "access token";
      const caller: ApplicationCaller = { kind: "application", applicationId, via, id, scope, documents };
      checkScope(operation, caller);
      return { ...NOBODY, caller };
    }
    case "token": {
      if (operation.auth === "key") throw new ApiError("wrong_credential", "This is a session token; this route takes an API key");
      const session = await identities.session(secret);
      return { caller: { kind: "session", applicationId: session.applicationId, session }, access: null, session };
    }
    case null:
      throw new ApiError(
        "unauthorized",
        "This is neither an API key (lct_live_…, lct_test_…) an access token (lct_access_…) nor a session token",
      );
  }
}

/** The secret of `Bearer …`, `Token token="…"` or `Token token=…`; null when there is no such header. */
export function bearer(header: string | null): string | null {
  if (header === null) return null;
  const match = /^(?:bearer\s+|token\s+(?:token\s*=\s*)?)(?:"([^"]*)"|([^\s",]+))\s*(?:,.*)?$/i.exec(header.trim());
  if (match === null)
    throw new ApiError("unauthorized", 'Send Authorization: Bearer <key or token>, or Authorization: Token token="<key>"');
  return match[1] ?? match[2] ?? null;
}

async function signedIn(credentials: Credentials, identities: Identities, publicUrl: string) {
  const secret = cookie(credentials);
  if (secret === null) {
    const other = bearer(single(credentials.headers["authorization"]));
    if (other !== null) throw new ApiError("wrong_credential", "This route takes a dashboard sign-in, neither an API key nor a token");
    throw new ApiError("unauthorized", "Sign in to the dashboard first");
  }
  checkSameOrigin(credentials, publicUrl);
  const account = await identities.account(secret);
  if (account === null) throw new ApiError("unauthorized", "You are not signed in any more");
  return { kind: "account", accountId: account.id, secret } as const;
}

function cookie(credentials: Credentials): string | null {
  return readCookie(single(credentials.headers["cookie"]), ACCOUNT_COOKIE);
}

export function readCookie(header: string | null, name: string): string | null {
  for (const pair of (header ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

/** A change made with a cookie must come from one of our own pages. */
export function checkSameOrigin(credentials: Pick<Credentials, "method" | "headers">, publicUrl: string): void {
  if (credentials.method === "GET" || credentials.method === "HEAD") return;
  if (!isOwnOrigin(single(credentials.headers["origin"]), single(credentials.headers["host"]), publicUrl)) {
    throw new ApiError("origin_not_allowed", "Changes with a dashboard sign-in must come from the dashboard itself");
  }
}

/** What the caller may do with this document on this route. Throws ApiError `not_found`, `forbidden`. */
export function accessTo(
  operation: Operation,
  caller: ApplicationCaller | SessionCaller,
  target: { readonly documentId: string; readonly layerName: string | null; readonly password: string | null },
  secret: ServerSecret,
): Access {
  const { documentId, layerName } = target;
  if (caller.kind === "application") {
    checkDocument(caller, documentId);
    return {
      applicationId: caller.applicationId,
      documentId,
      layerName: layerName ?? "",
      grants: SCOPES[caller.scope].grants,
      name: null,
      sessionId: null,
      password: target.password,
    };
  }
  const document = findDocument(caller.session, documentId, layerName);
  if (document === null) throw new ApiError("not_found", "There is no such document for this session");
  const needed = neededPermission(operation);
  if (!needed.some((permission) => document.permissions.includes(permission))) {
    throw new ApiError("forbidden", `This session has no permission to ${needed[0]} this document`);
  }
  return {
    ...accessOfSession(caller.session, documentId, document.layer, secret),
    ...(target.password === null ? {} : { password: target.password }),
  };
}

/** The session's access to one of its documents. Throws ApiError `not_found`. */
export function accessOfSession(session: Session, documentId: string, layer: string | null, secret: ServerSecret): Access {
  const document = findDocument(session, documentId, layer);
  if (document === null) throw new ApiError("not_found", "There is no such document for this session");
  const sealed = document.sealedPassword;
  return {
    applicationId: session.applicationId,
    documentId,
    layerName: document.layer,
    grants: grantsOf(session, document),
    name: shownName(session),
    sessionId: session.id,
    password: sealed === null ? null : secret.unseal(sealed, passwordContext(session.applicationId, documentId)),
  };
}

/** Any of these is enough. */
function neededPermission(operation: Operation): readonly Permission[] {
  if (
    operation === api.documents.pdf ||
    operation === api.documents.pdfPost ||
    operation === api.pageOperations.pdf ||
    operation === api.interchange.pdfWithJson
  )
    return ["download"];
  if (operation === api.documents.cover) return ["cover", "read"];
  // Noting what one has seen writes nothing of the document. Whoever may only read has read, too.
  if (operation === api.comments.markSeen) return ["read"];
  return operation.method === "GET" ? ["read"] : ["write"];
}

/** A header that may be sent once. */
export function single(header: string | string[] | undefined): string | null {
  return typeof header === "string" && header !== "" ? header : null;
}
