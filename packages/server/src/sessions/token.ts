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
  sign(claims: TokenClaims): Promise<string>;
  /** Throws ApiError `invalid_token`, `token_expired`. */
  verify(token: string): Promise<TokenClaims>;
}

const ALGORITHM = "EdDSA";
const AUDIENCE = "lectern";
/** Difference between clocks that is forgiven, seconds. */
const LEEWAY = 5;
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
    sign({ sessionId, expiresAt }) {
      return new SignJWT()
        .setProtectedHeader({ alg: ALGORITHM, kid: newest.id, typ: "JWT" })
        .setIssuer(issuer())
        .setAudience(AUDIENCE)
        .setJti(sessionId)
        .setIssuedAt(Math.floor(clock.now() / 1000))
        .setExpirationTime(Math.floor(expiresAt / 1000))
        .sign(newest.privateKey);
    },
    async verify(token) {
      const key = keyOf(token, byId);
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [ALGORITHM],
          issuer: issuer(),
          audience: AUDIENCE,
          clockTolerance: LEEWAY,
          currentDate: new Date(clock.now()),
          requiredClaims: ["exp", "jti", "iss", "aud"],
        });
        if (typeof payload.jti !== "string" || payload.jti === "") throw new ApiError("invalid_token", "The token names no session");
        return { sessionId: payload.jti, expiresAt: payload.exp! * 1000 };
      } catch (error) {
        throw explain(error);
      }
    },
  };
}

function keyOf(token: string, keys: ReadonlyMap<string, CryptoKey>): CryptoKey {
  let header: ReturnType<typeof decodeProtectedHeader>;
  try {
    header = decodeProtectedHeader(token);
  } catch (error) {
    throw new ApiError("invalid_token", "The token is not a JWT", { cause: error });
  }
  const refused = REFUSED_HEADERS.find((name) => name in header);
  if (refused !== undefined) throw new ApiError("invalid_token", `The token has a header ${refused}, which is not accepted`);
  if (header.alg !== ALGORITHM) throw new ApiError("invalid_token", "The token is not signed with the algorithm that this server uses");
  const key = typeof header.kid === "string" ? keys.get(header.kid) : undefined;
  if (key === undefined) throw new ApiError("invalid_token", "The token was not signed by this server");
  return key;
}

function explain(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) return new ApiError("token_expired", undefined, { cause: error });
  if (error instanceof errors.JWTClaimValidationFailed) {
    const detail =
      error.claim === "iss" ? "The token was made for another server or public URL" : `The claim ${error.claim} is not as it must be`;
    return new ApiError("invalid_token", detail, { cause: error });
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
