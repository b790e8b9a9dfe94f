/**
 * Tokens that applications sign with keys of their own. Such a token carries the rights itself; the session that it stands for is named by what was
 * signed and the key, so the same token is always the same session, and another encoding of its signature is no new one.
 * Which key: `kid` when it names a registration, else those of all applications that have a document of the id in the token are tried.
 */
import { createHash } from "node:crypto";
import { AppClaims, DocumentId } from "@lectern/protocol";
import { ApiError, base32, needsUser } from "@lectern/protocol/plain";
import { type CryptoKey, decodeJwt, errors, importSPKI, jwtVerify, type JWTPayload } from "jose";
import type { Clock } from "../ports.ts";
import type { PublicKeys } from "../public-keys/public-keys.ts";
import type { PublicKeyRow } from "../public-keys/store.ts";
import { permissionsOf, type Session } from "./session.ts";
import { AUDIENCE, LEEWAY, type TokenHeader, tokenError } from "./token.ts";

export interface AppTokens {
  /** The session as the token says it; nothing is stored. Throws ApiError `invalid_token`, `token_expired`. */
  verify(token: string, header: TokenHeader, options?: AppTokenOptions): Promise<Session>;
}

export interface AppTokenOptions {
  /** Keys of this application only. */
  readonly applicationId?: string;
  /** To revoke it: when it was or will be good does not matter. */
  readonly anyTime?: boolean;
}

/** What might be the id of a registration. */
const KEY_ID = /^[\w-]{1,64}$/;
/** The last moment that a Date can tell. */
const FOREVER = 8.64e15;
/** What clocks may differ by when a key's tokens are limited, ms. */
const GRACE = 5 * 60_000;

interface Options {
  readonly keys: Pick<PublicKeys, "find" | "forDocument" | "list">;
  readonly clock: Clock;
  readonly publicUrl: () => string;
}

export function appTokens({ keys, clock, publicUrl }: Options): AppTokens {
  /** Of the newest keys, by id: reading a key costs as much as a verification. */
  const imported = new Map<string, CryptoKey>();

  async function importedKey({ id, pem, algorithm }: PublicKeyRow): Promise<CryptoKey> {
    const known = imported.get(id);
    if (known !== undefined) return known;
    const key = await importSPKI(pem, algorithm);
    if (imported.size >= 1000) imported.clear();
    imported.set(id, key);
    return key;
  }

  async function candidates(header: TokenHeader, documentId: string, applicationId: string | undefined): Promise<PublicKeyRow[]> {
    if (applicationId !== undefined) return keys.list(applicationId);
    const named = typeof header.kid === "string" && KEY_ID.test(header.kid) ? await keys.find(header.kid) : null;
    if (named?.removedAt != null) throw new ApiError("invalid_token", "The public key of this token has been removed");
    return named === null ? keys.forDocument(documentId) : [named];
  }

  async function verified(token: string, header: TokenHeader, tried: readonly PublicKeyRow[], at: Date) {
    for (const key of tried) {
      if (key.algorithm !== header.alg) continue;
      try {
        const { payload } = await jwtVerify(token, await importedKey(key), {
          algorithms: [key.algorithm],
          clockTolerance: LEEWAY,
          currentDate: at,
          requiredClaims: ["exp"],
        });
        return { key, payload };
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw tokenError(error);
      }
    }
    throw new ApiError(
      "invalid_token",
      "The token was signed neither by this server nor with a public key of an application that has this document",
    );
  }

  return {
    async verify(token, header, { applicationId, anyTime = false } = {}) {
      const unproved = unverified(token);
      const documentId = DocumentId.safeParse(unproved["document_id"]).data;
      if (documentId === undefined) throw new ApiError("invalid_token", "The token was not signed by this server");
      const now = clock.now();
      const at = anyTime ? momentOf(unproved) : now;
      const tried = await candidates(header, documentId, applicationId);
      const { key, payload } = await verified(token, header, tried, new Date(at));
      if (payload.aud !== undefined && ![payload.aud].flat().some((audience) => audience === AUDIENCE || audience === publicUrl()))
        throw new ApiError("invalid_token", "The token is meant for another audience: leave `aud` out, or say lectern");
      const claims = readClaims(payload);
      if (!anyTime) checkLifetime(claims, key, now);
      return sessionOf(token, claims, key, now);
    },
  };
}

function unverified(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch (error) {
    throw new ApiError("invalid_token", "The token is not a JWT", { cause: error });
  }
}

/** A moment at which neither its expiry nor its beginning is in the way. */
function momentOf({ exp }: JWTPayload): number {
  return typeof exp === "number" ? Math.max(0, Math.min(exp * 1000 - 1000, FOREVER)) : 0;
}

function readClaims(payload: JWTPayload): AppClaims {
  const read = AppClaims.safeParse(payload);
  if (!read.success) {
    const { path, message } = read.error.issues[0]!;
    throw new ApiError("invalid_token", `The token's claim ${path.join(".")}: ${message}`);
  }
  const { collaboration_permissions: collaboration, user_id: userId } = read.data;
  if (needsUser(collaboration ?? []) && userId == null)
    throw new ApiError("invalid_token", "The token's collaboration_permissions speak of `self`, which needs a user_id");
  return read.data;
}

function checkLifetime({ exp, iat }: AppClaims, { maxTtl }: PublicKeyRow, now: number): void {
  if (maxTtl === null) return;
  const from = Math.min(iat == null ? now : iat * 1000, now);
  if (exp * 1000 - from > maxTtl * 1000 + GRACE)
    throw new ApiError("invalid_token", `Tokens of this public key may last ${maxTtl} seconds at most; this one lasts longer`);
}

function sessionOf(token: string, claims: AppClaims, key: PublicKeyRow, now: number): Session {
  const signed = token.slice(0, token.lastIndexOf("."));
  return {
    id: base32(createHash("sha256").update(`${key.id}.${signed}`).digest().subarray(0, 20)),
    applicationId: key.applicationId,
    userId: claims.user_id ?? null,
    creatorName: claims.creator_name ?? null,
    documents: [
      {
        documentId: claims.document_id,
        layer: claims.layer ?? "",
        permissions: permissionsOf(claims.permissions),
        collaboration: claims.collaboration_permissions ?? null,
        group: claims.default_group ?? null,
        sealedPassword: null,
      },
    ],
    allowedOrigins: [],
    createdAt: now,
    expiresAt: Math.min(Math.floor(claims.exp) * 1000, FOREVER),
    revokedAt: null,
    publicKeyId: key.id,
  };
}
