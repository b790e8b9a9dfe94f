/**
 * Sessions: minted by a backend with its key, looked up for every token and grant, ended by expiry or revocation. What is known of a session is
 * kept for three seconds, so a revocation on another node is noticed within five.
 */
import type { AllowedDocument } from "@lectern/protocol";
import { ApiError, needsUser, newId, type Permission } from "@lectern/protocol/plain";
import type { Clock, Database, Random } from "../ports.ts";
import type { ServerSecret } from "../secret.ts";
import { parseOrigin } from "./origins.ts";
import { passwordContext, type Session, type SessionDocument } from "./session.ts";
import { findSession, insertSession, listSessions, type ListedUntil, markRevoked, updateDocuments } from "./store.ts";
import type { SessionTokens } from "./token.ts";

const HOUR = 3_600_000;
export const MAX_LIFETIME = 24 * HOUR;
/** Clients ask for 24 h by their own clock. */
const GRACE = 5 * 60_000;
const KNOWN_FOR = 3000;
const MOST_KNOWN = 10_000;
const LEEWAY = 5000;

export interface SessionDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly secret: ServerSecret;
  readonly tokens: SessionTokens;
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

export interface Sessions {
  /** Throws ApiError `not_found`, `invalid_parameters`, `wrong_password`. */
  mint(applicationId: string, request: MintRequest): Promise<{ readonly session: Session; readonly jwt: string }>;
  list(
    applicationId: string,
    options: { readonly limit: number; readonly until: ListedUntil | null; readonly documentId: string | null },
  ): Promise<Session[]>;
  /** Throws ApiError `not_found`. */
  revoke(applicationId: string, id: string): Promise<Session>;
  /** The live session of a token. Throws ApiError `invalid_token`, `token_expired`, `session_revoked`. */
  authenticate(token: string): Promise<Session>;
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
  const { database, clock, random, secret, tokens } = deps;
  const known = new Map<string, { readonly session: Session | null; readonly at: number }>();
  const counted = new Set<string>();
  const listeners = new Set<(id: string) => void>();

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

  return {
    live,
    async mint(applicationId, request) {
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
        expiresAt: expiry(request, now),
        revokedAt: null,
      };
      await database.transaction([insertSession(session)]);
      return { session, jwt: await tokens.sign({ sessionId: session.id, expiresAt: session.expiresAt }) };
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
    async revoke(applicationId, id) {
      const found = await findSession(database, id);
      if (found === null || found.applicationId !== applicationId) throw new ApiError("not_found", "There is no such session");
      if (found.revokedAt !== null) return found;
      await database.transaction([markRevoked(id, clock.now())]);
      const session = (await findSession(database, id))!;
      remember(id, session);
      for (const listener of listeners) listener(id);
      return session;
    },
    async authenticate(token) {
      return live((await tokens.verify(token)).sessionId);
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

const MEANS: Readonly<Record<NonNullable<AllowedDocument["permissions"]>[number], Permission>> = {
  read: "read",
  "read-document": "read",
  write: "write",
  download: "download",
  "cover-image": "cover",
};

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
    permissions: [...new Set(permissions.map((permission) => MEANS[permission]))],
    collaboration: given.collaboration_permissions ?? null,
    group: given.group ?? null,
    sealedPassword: password === null ? null : deps.secret.seal(password, passwordContext(applicationId, documentId)),
  };
}

function expiry({ exp, expires_in }: MintRequest, now: number): number {
  if (exp !== undefined && expires_in !== undefined) throw invalid("$.expires_in", "give exp or expires_in, not both");
  const at = exp !== undefined ? exp * 1000 : now + (expires_in === undefined ? HOUR : expires_in * 1000);
  const path = exp === undefined ? "$.expires_in" : "$.exp";
  if (at <= now) throw invalid(path, "is in the past");
  if (at > now + MAX_LIFETIME + GRACE) throw invalid(path, "a session lasts 24 hours at most");
  return at;
}

function invalid(path: string, details: string): ApiError {
  return new ApiError("invalid_parameters", `${path}: ${details}`, { failingPaths: [{ path, details }] });
}
