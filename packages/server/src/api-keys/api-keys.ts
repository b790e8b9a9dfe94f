/**
 * API keys: made, listed, revoked, and found again by the secret that a request carries. What was found is believed for five seconds, so a
 * revocation on another node counts within that; `lastUsedAt` is written at most once a minute for each key, after the answer.
 */
import { ApiError, newId } from "@lectern/protocol/plain";
import type { KeyScope } from "../handlers.ts";
import { type Clock, type Database, type Random, UniqueViolation } from "../ports.ts";
import { hashKey, hintOf, isWellFormed, type KeyMode, makeKey, sameHash } from "./key.ts";
import {
  type ApiKey,
  CONFIGURED_ID,
  deleteConfiguredKey,
  findKeyByHash,
  insertKey,
  listKeys,
  markUsed,
  putConfiguredKey,
  revokeKey,
} from "./store.ts";

export interface ApiKeys {
  /** `key` is shown to its owner now and never again. */
  create(
    applicationId: string,
    options: { readonly name: string; readonly scope: KeyScope; readonly mode: KeyMode },
  ): Promise<{ apiKey: ApiKey; key: string }>;
  list(applicationId: string): Promise<ApiKey[]>;
  /** Throws ApiError `not_found`. */
  revoke(applicationId: string, id: string): Promise<ApiKey>;
  /** Whose key this is; null when it is nobody's, or revoked. */
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

const BELIEVED_MS = 5_000;
const USED_EVERY_MS = 60_000;
const MOST_REMEMBERED = 10_000;

export function apiKeys({ database, clock, random, onError }: Options): ApiKeys {
  /** By hash. */
  const remembered = new Map<string, { readonly key: ApiKey; readonly at: number }>();
  /** When each was last written as used, by id. */
  const used = new Map<string, number>();
  const writing = new Set<Promise<unknown>>();
  let configuredHash: string | null = null;

  async function lookUp(hash: string): Promise<ApiKey | null> {
    const now = clock.now();
    const known = remembered.get(hash);
    if (known !== undefined && now - known.at < BELIEVED_MS && now >= known.at) return known.key;
    remembered.delete(hash);
    const found = await findKeyByHash(database, hash);
    if (found === null || !sameHash(found.hash, hash)) return null;
    if (remembered.size >= MOST_REMEMBERED) remembered.delete(remembered.keys().next().value!);
    remembered.set(hash, { key: found.key, at: now });
    return found.key;
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

  return {
    async create(applicationId, { name, scope, mode }) {
      const now = clock.now();
      const key = makeKey(mode, random);
      const apiKey: ApiKey = {
        id: newId(now, random(10)),
        applicationId,
        name,
        hint: hintOf(key),
        scope,
        createdAt: now,
        lastUsedAt: null,
        revokedAt: null,
      };
      await database.transaction([insertKey(apiKey, hashKey(key))]);
      return { apiKey, key };
    },

    list: (applicationId) => listKeys(database, applicationId),

    async revoke(applicationId, id) {
      const revoked = await revokeKey(database, applicationId, id, clock.now());
      if (revoked === null) throw new ApiError("not_found", "There is no such API key");
      remembered.clear();
      return revoked;
    },

    async find(key) {
      const hash = hashKey(key);
      const configured = configuredHash !== null && sameHash(hash, configuredHash);
      if (!configured && !isWellFormed(key)) return null;
      const found = await lookUp(hash);
      if (found === null || found.revokedAt !== null) return null;
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
