/**
 * API keys: made, listed, revoked, and found again by the secret that a request carries. What was found is believed for three seconds, so a
 * revocation on another node counts within five; `lastUsedAt` is written at most once a minute for each key, after the answer.
 */
import { ApiError, newId } from "@lectern/protocol/plain";
import { type Actor, audit as auditOf, SERVICE } from "../audit/audit.ts";
import type { KeyScope } from "../handlers.ts";
import { type Clock, type Database, type Random, UniqueViolation } from "../ports.ts";
import type { Making } from "../requests/once.ts";
import { hashKey, hintOf, isWellFormed, type KeyMode, makeKey, sameHash } from "./key.ts";
import {
  type ApiKey,
  CONFIGURED_ID,
  deleteConfiguredKey,
  findKey,
  findKeyByHash,
  insertKey,
  listAccessTokens,
  listKeys,
  markUsed,
  putConfiguredKey,
  revokeKey,
} from "./store.ts";

export interface MadeKey {
  readonly apiKey: ApiKey;
  readonly key: string;
}

export interface ApiKeys {
  /** `key` is shown to its owner now, and to the same request when it is repeated. */
  create(
    applicationId: string,
    options: { readonly name: string; readonly scope: KeyScope; readonly mode: KeyMode; readonly making?: Making },
    by?: Actor,
  ): Promise<MadeKey>;
  /** What that request made before; null: it is there no more. */
  made(id: string, mode: KeyMode, making: Making): Promise<MadeKey | null>;
  list(applicationId: string): Promise<ApiKey[]>;
  /** A key that ends at `expiresAt`, for some documents (null: all). */
  createToken(
    applicationId: string,
    options: {
      readonly name: string;
      readonly scope: KeyScope;
      readonly documents: readonly string[] | null;
      readonly expiresAt: number;
      readonly making?: Making;
    },
    by?: Actor,
  ): Promise<MadeKey>;
  /** Access tokens that have not expired, newest first. */
  listTokens(applicationId: string): Promise<ApiKey[]>;
  /** Throws ApiError `not_found`. */
  revokeToken(applicationId: string, id: string, by?: Actor): Promise<ApiKey>;
  /** The access token that this secret is. Throws ApiError `not_found`. */
  revokeSecret(applicationId: string, secret: string, by?: Actor): Promise<ApiKey>;
  /** Throws ApiError `not_found`. */
  revoke(applicationId: string, id: string, by?: Actor): Promise<ApiKey>;
  /** Whose key this is; null when it is nobody's, or revoked. Throws ApiError `token_expired` for an access token. */
  find(key: string): Promise<ApiKey | null>;
  /** LECTERN_API_KEY, with all rights to the application; null when it is not set (any more). Called once, at the start. */
  configure(key: string | null, applicationId: string): Promise<void>;
  /** Waits for what is still being written. */
  close(): Promise<void>;
}

interface Options {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** `lastUsedAt` could not be written: nobody waits for it. */
  readonly onError: (error: unknown) => void;
}

const BELIEVED_MS = 3_000;
const USED_EVERY_MS = 60_000;
const MOST_REMEMBERED = 10_000;

export function apiKeys({ database, clock, random, onError }: Options): ApiKeys {
  /** By hash. */
  const remembered = new Map<string, { readonly key: ApiKey; readonly at: number }>();
  /** Hashes of keys that were found: hashing is a good part of what a small request costs. */
  const hashes = new Map<string, string>();
  /** When each was last written as used, by id. */
  const used = new Map<string, number>();
  const writing = new Set<Promise<unknown>>();
  const audit = auditOf({ clock, random });
  let configuredHash: string | null = null;

  function believed(hash: string): ApiKey | null {
    const known = remembered.get(hash);
    if (known === undefined) return null;
    const age = clock.now() - known.at;
    return age >= 0 && age < BELIEVED_MS ? known.key : null;
  }

  async function lookUp(hash: string): Promise<ApiKey | null> {
    const now = clock.now();
    remembered.delete(hash);
    const found = await findKeyByHash(database, hash);
    if (found === null || !sameHash(found.hash, hash)) return null;
    if (remembered.size >= MOST_REMEMBERED) remembered.delete(remembered.keys().next().value!);
    remembered.set(hash, { key: found.key, at: now });
    return found.key;
  }

  /** Of our making, or the one that the configuration names. What is neither is not looked for. */
  function isOurs(key: string, hash: string): boolean {
    return (configuredHash !== null && sameHash(hash, configuredHash)) || isWellFormed(key);
  }

  function noteUse({ id, lastUsedAt }: ApiKey): void {
    const now = clock.now();
    if (now - (used.get(id) ?? lastUsedAt ?? 0) < USED_EVERY_MS) return;
    used.set(id, now);
    const write = database
      .transaction([markUsed(id, now)])
      .catch(onError)
      .finally(() => writing.delete(write));
    writing.add(write);
  }

  async function make(
    given: Pick<ApiKey, "applicationId" | "name" | "scope" | "expiresAt" | "documents">,
    { mode, making, by }: { readonly mode: KeyMode; readonly making: Making | undefined; readonly by: Actor },
  ): Promise<MadeKey> {
    const now = clock.now();
    const newKeyId = newId(now, random(10));
    const key = makeKey(mode, making?.secretOf(newKeyId) ?? random);
    const apiKey: ApiKey = { ...given, id: newKeyId, hint: hintOf(key), createdAt: now, lastUsedAt: null, revokedAt: null };
    const { applicationId, name, scope, id } = apiKey;
    const action = apiKey.expiresAt === null ? "key.created" : "token.created";
    await database.transaction([
      ...(making?.made(id) ?? []),
      insertKey(apiKey, hashKey(key)),
      audit(by, { applicationId, action, target: id, details: { name, scope } }),
    ]);
    return { apiKey, key };
  }

  async function revoke(applicationId: string, id: string, by = SERVICE): Promise<ApiKey> {
    const deed = audit(by, { applicationId, action: "key.revoked", target: id });
    const revoked = await revokeKey(database, applicationId, id, clock.now(), [deed]);
    if (revoked === null) throw new ApiError("not_found", "There is no such API key");
    remembered.clear();
    return revoked;
  }

  async function revokeToken(applicationId: string, key: ApiKey | null, by: Actor): Promise<ApiKey> {
    if (key === null || key.expiresAt === null || key.applicationId !== applicationId)
      throw new ApiError("not_found", "There is no such access token");
    return revoke(applicationId, key.id, by);
  }

  return {
    create: (applicationId, { name, scope, mode, making }, by = SERVICE) =>
      make({ applicationId, name, scope, expiresAt: null, documents: null }, { mode, making, by }),
    createToken: (applicationId, { name, scope, documents, expiresAt, making }, by = SERVICE) =>
      make({ applicationId, name, scope, documents, expiresAt }, { mode: "access", making, by }),
    async made(id, mode, making) {
      const key = makeKey(mode, making.secretOf(id));
      const found = await findKeyByHash(database, hashKey(key));
      return found?.key.id === id ? { apiKey: found.key, key } : null;
    },
    listTokens: (applicationId) => listAccessTokens(database, applicationId, clock.now()),
    async revokeToken(applicationId, id, by = SERVICE) {
      return revokeToken(applicationId, await findKey(database, id), by);
    },
    async revokeSecret(applicationId, secret, by = SERVICE) {
      return revokeToken(applicationId, (await findKeyByHash(database, hashKey(secret)))?.key ?? null, by);
    },

    list: (applicationId) => listKeys(database, applicationId),

    revoke,

    async find(key) {
      const known = hashes.get(key);
      const hash = known ?? hashKey(key);
      if (known === undefined && !isOurs(key, hash)) return null;
      const found = believed(hash) ?? (await lookUp(hash));
      if (found !== null && known === undefined) {
        if (hashes.size >= MOST_REMEMBERED) hashes.delete(hashes.keys().next().value!);
        hashes.set(key, hash);
      }
      if (found === null || found.revokedAt !== null) return null;
      if (found.expiresAt !== null && found.expiresAt <= clock.now()) throw new ApiError("token_expired", "The access token has expired");
      noteUse(found);
      return found;
    },

    async configure(key, applicationId) {
      if (key === null) {
        await database.transaction([deleteConfiguredKey()]);
        return;
      }
      const hash = hashKey(key);
      const row: ApiKey = {
        id: CONFIGURED_ID,
        applicationId,
        name: "LECTERN_API_KEY",
        hint: hintOf(key),
        scope: "all",
        createdAt: clock.now(),
        lastUsedAt: null,
        revokedAt: null,
        expiresAt: null,
        documents: null,
      };
      try {
        await database.transaction([putConfiguredKey(row, hash)]);
      } catch (error) {
        // one of our own keys was put into the variable: it is there already, with the rights it was given
        if (!(error instanceof UniqueViolation)) throw error;
        await database.transaction([deleteConfiguredKey()]);
      }
      configuredHash = hash;
    },

    async close() {
      await Promise.all(writing);
    },
  };
}
