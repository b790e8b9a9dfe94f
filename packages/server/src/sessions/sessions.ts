/**
 * Sessions: minted by a backend with its key, looked up for every token and grant, ended by expiry or revocation. What is known of a session is
 * kept for three seconds, so a revocation on another node is noticed within five.
 */
import { createHash } from "node:crypto";
import type { AllowedDocument } from "@lectern/protocol";
import { ApiError, needsUser, newId } from "@lectern/protocol/plain";
import { type Clock, Conflict, type Database, type Random } from "../ports.ts";
import { type Actor, audit as auditOf, SERVICE } from "../audit/audit.ts";
import type { Making } from "../requests/once.ts";
import type { ServerSecret } from "../secret.ts";
import type { AppTokens } from "./app-token.ts";
import { expiry, invalid } from "./expiry.ts";
import { parseOrigin } from "./origins.ts";
import { passwordContext, permissionsOf, type Session, type SessionDocument } from "./session.ts";
import { findSession, insertSession, insertSessionOnce, listSessions, type ListedUntil, markRevoked, updateDocuments } from "./store.ts";
import { type SessionTokens, type TokenHeader, tokenHeader } from "./token.ts";

const KNOWN_FOR = 3000;
const MOST_KNOWN = 10_000;
const LEEWAY = 5000;

export interface SessionDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly secret: ServerSecret;
  readonly tokens: SessionTokens;
  /** Those that applications sign themselves. */
  readonly appTokens: AppTokens;
  /** Does the document exist? Throws ApiError `wrong_password` when a password is given for an encrypted one and does not open it. */
  readonly checkDocument: (document: {
    readonly applicationId: string;
    readonly documentId: string;
    readonly password: string | null;
  }) => Promise<boolean>;
  /** Counts a session that was opened; a repeat is harmless. */
  readonly countOpened: (session: Session) => Promise<void>;
}

export interface MintRequest {
  readonly allowed_documents?: readonly AllowedDocument[];
  readonly user_id?: string;
  readonly creator_name?: string;
  readonly exp?: number;
  readonly expires_in?: number;
  readonly allowed_origins?: readonly string[];
}

export interface Minted {
  readonly session: Session;
  readonly jwt: string;
}

export interface Sessions {
  /** Throws ApiError `not_found`, `invalid_parameters`, `wrong_password`. */
  mint(applicationId: string, request: MintRequest, how?: { readonly by?: Actor; readonly making?: Making }): Promise<Minted>;
  /** The session as it was minted; null when there is none of this id, or it has expired. */
  minted(id: string): Promise<Minted | null>;
  list(
    applicationId: string,
    options: { readonly limit: number; readonly until: ListedUntil | null; readonly documentId: string | null },
  ): Promise<Session[]>;
  /** Throws ApiError `not_found`. */
  revoke(applicationId: string, id: string, by?: Actor): Promise<Session>;
  /** Revokes the session of a token, also of one that was never used or has expired. Throws ApiError `invalid_token`, `not_found`. */
  revokeToken(applicationId: string, token: string, by?: Actor): Promise<Session>;
  /** What is known of sessions is looked up again. */
  forget(): void;
  /** The live session of a token. A token that an application signed gets its row here. Throws ApiError `invalid_token`, `token_expired`, `session_revoked`. */
  authenticate(token: string): Promise<Session>;
  /** Also one that has ended. Throws ApiError `not_found`. */
  get(applicationId: string, id: string): Promise<Session>;
  /** The session, when it is neither expired nor revoked. Throws as above. */
  live(id: string): Promise<Session>;
  /** Keeps a password that was proved after minting. */
  keepPassword(session: Session, document: SessionDocument, password: string): Promise<Session>;
  /** The session was used to open something: counted once. */
  opened(session: Session): Promise<void>;
  /** Called with the id of each session that this process revokes. Returns how to stop. */
  onRevoked(listener: (id: string) => void): () => void;
}

export function sessions(deps: SessionDeps): Sessions {
  const { database, clock, random, secret, tokens, appTokens } = deps;
  const known = new Map<string, { readonly session: Session | null; readonly at: number }>();
  /** Tokens whose signature was found right, by their hash: the sessions they stand for. */
  const proved = new Map<string, string>();
  const counted = new Set<string>();
  const listeners = new Set<(id: string) => void>();
  const audit = auditOf({ clock, random });

  function remember(id: string, session: Session | null): void {
    known.delete(id);
    known.set(id, { session, at: clock.now() });
    if (known.size > MOST_KNOWN) known.delete(known.keys().next().value!);
  }

  async function find(id: string): Promise<Session | null> {
    const entry = known.get(id);
    if (entry !== undefined && Math.abs(clock.now() - entry.at) < KNOWN_FOR) return entry.session;
    const session = await findSession(database, id);
    remember(id, session);
    return session;
  }

  async function live(id: string): Promise<Session> {
    const session = await find(id);
    if (session === null) throw new ApiError("invalid_token", "The session does not exist");
    if (session.revokedAt !== null) throw new ApiError("session_revoked");
    if (session.expiresAt + LEEWAY <= clock.now()) throw new ApiError("token_expired");
    return session;
  }

  /** The id of the session that a token of an application stands for; its row is there. */
  async function keptSession(token: string, header: TokenHeader): Promise<string> {
    const session = await appTokens.verify(token, header);
    if ((await find(session.id)) === null) {
      const { applicationId, userId, publicKeyId, id, documents } = session;
      const documentId = documents.length === 1 ? { documentId: documents[0]!.documentId } : {};
      const details = { user_id: userId, public_key: publicKeyId, documents: documents.slice(0, 50).map((each) => each.documentId) };
      const by: Actor = { kind: "session", id, address: null };
      const deed = audit(by, { applicationId, action: "session.first_used", target: id, details, ...documentId });
      await database.transaction([{ ...insertSessionOnce(session), expect: 1 }, deed]).catch((error: unknown) => {
        // Another process was faster: it is there, and told of.
        if (!(error instanceof Conflict)) throw error;
      });
      remember(id, await findSession(database, id));
    }
    return session.id;
  }

  const get = (applicationId: string, id: string): Promise<Session> => sessionOf(database, applicationId, id);

  async function revoke(applicationId: string, id: string, by = SERVICE): Promise<Session> {
    const before = await get(applicationId, id);
    // Everybody has been told.
    if (before.revokedAt !== null) return before;
    const session = await revokeSession(deps, { applicationId, id, by });
    remember(id, session);
    for (const listener of listeners) listener(id);
    return session;
  }

  return {
    get,
    live,
    async mint(applicationId, request, { by = SERVICE, making } = {}) {
      const now = clock.now();
      const session: Session = {
        id: newId(now, random(10)),
        applicationId,
        userId: request.user_id ?? null,
        creatorName: request.creator_name ?? null,
        documents: await Promise.all(
          (request.allowed_documents ?? []).map((given, index) => allowed(deps, applicationId, request, given, index)),
        ),
        allowedOrigins: (request.allowed_origins ?? []).map((text, index) => parseOrigin(text, `$.allowed_origins[${index}]`)),
        createdAt: now,
        expiresAt: expiry(request, now, "a session"),
        revokedAt: null,
        publicKeyId: null,
      };
      const documentId = session.documents.length === 1 ? { documentId: session.documents[0]!.documentId } : {};
      const details = { user_id: session.userId, documents: session.documents.slice(0, 50).map((each) => each.documentId) };
      const deed = { applicationId, action: "session.minted", target: session.id, details, ...documentId };
      await database.transaction([...(making?.made(session.id) ?? []), insertSession(session), audit(by, deed)]);
      return { session, jwt: await tokens.sign(session) };
    },
    async minted(id) {
      const session = await findSession(database, id);
      return session === null || session.expiresAt <= clock.now() ? null : { session, jwt: await tokens.sign(session) };
    },
    async list(applicationId, { limit, until, documentId }) {
      if (documentId === null) return listSessions(database, applicationId, limit, until);
      const found: Session[] = [];
      for (let at = until; found.length < limit;) {
        const some = await listSessions(database, applicationId, 1000, at);
        found.push(...some.filter(({ documents }) => documents.some((document) => document.documentId === documentId)));
        if (some.length < 1000) break;
        at = some.at(-1)!;
      }
      return found.slice(0, limit);
    },
    revoke,
    async revokeToken(applicationId, token, by = SERVICE) {
      const header = tokenHeader(token);
      const anyTime = true;
      if (tokens.isOwn(header)) return revoke(applicationId, (await tokens.verify(token, header, { anyTime })).sessionId, by);
      const session = await appTokens.verify(token, header, { applicationId, anyTime });
      await database.transaction([insertSessionOnce(session)]);
      return revoke(applicationId, session.id, by);
    },
    forget: () => known.clear(),
    async authenticate(token) {
      const hash = createHash("sha256").update(token).digest("base64");
      const before = proved.get(hash);
      if (before !== undefined) return live(before);
      const header = tokenHeader(token);
      const id = tokens.isOwn(header) ? (await tokens.verify(token, header)).sessionId : await keptSession(token, header);
      const session = await live(id);
      if (proved.size >= MOST_KNOWN) proved.clear();
      proved.set(hash, id);
      return session;
    },
    async keepPassword(session, document, password) {
      const sealedPassword = secret.seal(password, passwordContext(session.applicationId, document.documentId));
      const documents = session.documents.map((each) => (each === document ? { ...each, sealedPassword } : each));
      await database.transaction([updateDocuments(session.id, documents)]);
      const changed = { ...session, documents };
      remember(session.id, changed);
      return changed;
    },
    async opened(session) {
      if (counted.has(session.id)) return;
      await deps.countOpened(session);
      if (counted.size > MOST_KNOWN) counted.clear();
      counted.add(session.id);
    },
    onRevoked(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Also one that has ended. Throws ApiError `not_found`. */
async function sessionOf(database: Database, applicationId: string, id: string): Promise<Session> {
  const found = await findSession(database, id);
  if (found === null || found.applicationId !== applicationId) throw new ApiError("not_found", "There is no such session");
  return found;
}

/** Services that use the database notice it within five seconds. One that is revoked stays as it is. Throws ApiError `not_found`. */
export async function revokeSession(
  deps: Pick<SessionDeps, "database" | "clock" | "random">,
  { applicationId, id, by = SERVICE }: { readonly applicationId: string; readonly id: string; readonly by?: Actor },
): Promise<Session> {
  const { database, clock } = deps;
  const found = await sessionOf(database, applicationId, id);
  if (found.revokedAt !== null) return found;
  const deed = auditOf(deps)(by, { applicationId, action: "session.revoked", target: id });
  await database.transaction([markRevoked(id, clock.now()), deed]);
  return (await findSession(database, id))!;
}

async function allowed(
  deps: SessionDeps,
  applicationId: string,
  request: MintRequest,
  given: AllowedDocument,
  index: number,
): Promise<SessionDocument> {
  const path = `$.allowed_documents[${index}]`;
  const { document_id: documentId, password = null } = given;
  if (given.collaboration_permissions !== undefined && needsUser(given.collaboration_permissions) && request.user_id === undefined) {
    throw invalid(`${path}.collaboration_permissions`, "a permission for `self` needs a user_id");
  }
  if (!(await deps.checkDocument({ applicationId, documentId, password }))) {
    throw new ApiError("not_found", `There is no document ${documentId}`, {
      failingPaths: [{ path: `${path}.document_id`, details: "there is no such document" }],
    });
  }
  const permissions = given.document_permissions ?? given.permissions ?? ["read", "write"];
  return {
    documentId,
    layer: given.layer ?? "",
    permissions: permissionsOf(permissions),
    collaboration: given.collaboration_permissions ?? null,
    group: given.group ?? null,
    sealedPassword: password === null ? null : deps.secret.seal(password, passwordContext(applicationId, documentId)),
  };
}
