/**
 * Session tokens: JWTs signed with the server's own Ed25519 key. A token holds no rights and no document, only the id of a session; the keys are
 * made at the first start and kept in the database. Verification takes one algorithm and our own keys, whatever a header asks for.
 */
import { ApiError, newId } from "@lectern/protocol/plain";
import { type CryptoKey, decodeProtectedHeader, errors, exportJWK, generateKeyPair, importJWK, type JWK, jwtVerify, SignJWT } from "jose";
import type { Clock, Database, Random } from "../ports.ts";
import { insertSigningKey, signingKeys } from "./store.ts";

export interface TokenClaims {
  readonly sessionId: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface SessionTokens {
  /** The same token for the same session. */
  sign(session: { readonly id: string; readonly createdAt: number; readonly expiresAt: number }): Promise<string>;
  /** Does it say that we signed it? */
  isOwn(header: TokenHeader): boolean;
  /** `anyTime`: an expired one is good, too. Throws ApiError `invalid_token`, `token_expired`. */
  verify(token: string, header: TokenHeader, options?: { readonly anyTime?: boolean }): Promise<TokenClaims>;
}

export interface TokenHeader {
  readonly alg: string;
  readonly kid?: unknown;
}

const ALGORITHM = "EdDSA";
export const AUDIENCE = "lectern";
/** Difference between clocks that is forgiven, seconds. */
export const LEEWAY = 5;
/** Headers that would name a key or code of the sender's choice. */
const REFUSED_HEADERS = ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip"];

interface Options {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** The server's public URL; known once the port is bound. */
  readonly issuer: () => string;
}

export async function sessionTokens({ database, clock, random, issuer }: Options): Promise<SessionTokens> {
  const keys = await loadKeys(database, clock, random);
  const newest = keys[0]!;
  const byId = new Map(keys.map((key) => [key.id, key.publicKey]));
  return {
    sign({ id, createdAt, expiresAt }) {
      return new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, kid: newest.id, typ: "JWT" })
        .setIssuer(issuer())
        .setAudience(AUDIENCE)
        .setJti(id)
        .setIssuedAt(Math.floor(createdAt / 1000))
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(newest.privateKey);
    },
    isOwn: ({ kid }) => typeof kid === "string" && byId.has(kid),
    async verify(token, header, { anyTime = false } = {}) {
      if (header.alg !== ALGORITHM) throw new ApiError("invalid_token", "The token is not signed with the algorithm that this server uses");
      const key = typeof header.kid === "string" ? byId.get(header.kid) : undefined;
      if (key === undefined) throw new ApiError("invalid_token", "The token was not signed by this server");
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          issuer: issuer(),
          audience: AUDIENCE,
          clockTolerance: LEEWAY,
          currentDate: anyTime ? new Date(0) : new Date(clock.now()),
          requiredClaims: ["exp", "jti", "iss", "aud"],
        });
        if (typeof payload.jti !== "string" || payload.jti === "") throw new ApiError("invalid_token", "The token names no session");
        return { sessionId: payload.jti, expiresAt: payload.exp! * 1000 };
      } catch (error) {
        throw tokenError(error);
      }
    },
  };
}

/** The header of a token of any signer. Throws ApiError `invalid_token`, also for headers that would bring a key along. */
export function tokenHeader(token: string): TokenHeader {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch (error) {
    throw new ApiError("invalid_token", "The token is not a JWT", { cause: error });
  }
  const refused = REFUSED_HEADERS.find((name) => name in header);
  if (refused !== undefined) throw new ApiError("invalid_token", `The token has a header ${refused}, which is not accepted`);
  if (typeof header.alg !== "string") throw new ApiError("invalid_token", "The token names no algorithm");
  return { alg: header.alg, kid: header.kid };
}

/** What of a verification went wrong, in our words. */
export function tokenError(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new ApiError("token_expired", undefined, { cause: error });
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim } = error;
    const details: Readonly<Record<string, string>> = {
      iss: "The token was made for another server or public URL",
      nbf: "The token is not valid yet",
    };
    return new ApiError("invalid_token", details[claim] ?? `The claim ${claim} is not as it must be`, { cause: error });
  }
  return error instanceof errors.JOSEError ? new ApiError("invalid_token", "The signature does not match", { cause: error }) : error;
}

interface SigningKey {
  readonly id: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** Newest first: that one signs, all verify. */
async function loadKeys(database: Database, clock: Clock, random: Random): Promise<SigningKey[]> {
  let rows = await signingKeys(database);
  if (rows.length === 0) {
    // Of processes that start at the same time one makes it: a token must be good on all of them.
    rows = await database.lock("signing keys", async () => {
      if ((await signingKeys(database)).length === 0) await createKey(database, clock, random);
      return signingKeys(database);
    });
  }
  return Promise.all(
    rows.map(async ({ id, private_jwk, public_jwk }) => ({
      id,
      privateKey: (await importJWK(JSON.parse(private_jwk) as JWK, ALGORITHM)) as CryptoKey,
      publicKey: (await importJWK(JSON.parse(public_jwk) as JWK, ALGORITHM)) as CryptoKey,
    })),
  );
}

async function createKey(database: Database, clock: Clock, random: Random): Promise<void> {
  const { privateKey, publicKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  const [privateJwk, publicJwk] = [await exportJWK(privateKey), await exportJWK(publicKey)];
  const now = clock.now();
  await database.transaction([
    insertSigningKey({
      id: newId(now, random(10)),
      private_jwk: JSON.stringify(privateJwk),
      public_jwk: JSON.stringify(publicJwk),
      created_at: now,
    }),
  ]);
}
