/**
 * Public keys that applications register to sign session tokens themselves. A key belongs to one application of the installation, so that a token
 * is of one application; it has one algorithm, whatever the header of a token says.
 */
import type { JwtAlgorithm } from "@lectern/protocol";
import { ApiError, newId } from "@lectern/protocol/plain";
import { type Actor, audit as auditOf, SERVICE } from "../audit/audit.ts";
import { type Clock, type Database, type Random, UniqueViolation } from "../ports.ts";
import type { Making } from "../requests/once.ts";
import { readPublicKey } from "./pem.ts";
import {
  findPublicKey,
  insertPublicKey,
  listPublicKeys,
  type PublicKeyRow,
  publicKeysForDocument,
  putPublicKey,
  removeConfiguredKeys,
  removePublicKey,
} from "./store.ts";

export interface NewPublicKey {
  readonly name: string;
  readonly pem: string;
  /** Default: what fits the key. */
  readonly algorithm?: JwtAlgorithm | undefined;
  /** Seconds. */
  readonly maxTtl?: number | undefined;
  readonly making?: Making;
}

export interface PublicKeys {
  /** Throws ApiError `invalid_parameters`, `exists`. */
  create(applicationId: string, key: NewPublicKey, by?: Actor): Promise<PublicKeyRow>;
  /** Oldest first. */
  list(applicationId: string): Promise<PublicKeyRow[]>;
  /** Throws ApiError `not_found`, and `conflict` for the key of the configuration. */
  remove(applicationId: string, id: string, by?: Actor): Promise<PublicKeyRow>;
  /** Also one that was removed. */
  find(id: string): Promise<PublicKeyRow | null>;
  /** Those of the applications that have a document of this id. */
  forDocument(documentId: string): Promise<PublicKeyRow[]>;
  /** LECTERN_JWT_PUBLIC_KEY; null when it is not set (any more). Called once, at the start. */
  configure(key: { readonly pem: string; readonly algorithm: JwtAlgorithm | null } | null, applicationId: string): Promise<void>;
  /** Called when one was removed by this process. Returns how to stop. */
  onRemoved(listener: () => void): () => void;
}

const CONFIGURED = "configured-";

export function publicKeys({
  database,
  clock,
  random,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
}): PublicKeys {
  const listeners = new Set<() => void>();
  const audit = auditOf({ clock, random });
  return {
    async create(applicationId, { name, pem, algorithm, maxTtl, making }, by = SERVICE) {
      const now = clock.now();
      const key: PublicKeyRow = {
        ...readGiven(pem, algorithm ?? null),
        id: newId(now, random(10)),
        applicationId,
        name,
        maxTtl: maxTtl ?? null,
        createdAt: now,
        removedAt: null,
      };
      try {
        const details = { name, algorithm: key.algorithm, fingerprint: key.fingerprint };
        await database.transaction([
          insertPublicKey(key),
          ...(making?.made(key.id) ?? []),
          audit(by, { applicationId, action: "public_key.created", target: key.id, details }),
        ]);
      } catch (error) {
        if (!(error instanceof UniqueViolation && error.index === 0)) throw error;
        throw new ApiError("exists", "This public key is registered already; each application needs keys of its own", { cause: error });
      }
      return key;
    },
    list: (applicationId) => listPublicKeys(database, applicationId),
    async remove(applicationId, id, by = SERVICE) {
      if (id.startsWith(CONFIGURED)) throw new ApiError("conflict", "This key stands in LECTERN_JWT_PUBLIC_KEY: unset it there");
      const deed = audit(by, { applicationId, action: "public_key.removed", target: id });
      const removed = await removePublicKey(database, { applicationId, id, now: clock.now() }, [deed]);
      if (removed === null) throw new ApiError("not_found", "There is no such public key");
      for (const listener of listeners) listener();
      return removed;
    },
    find: (id) => findPublicKey(database, id),
    forDocument: (documentId) => publicKeysForDocument(database, documentId),
    async configure(given, applicationId) {
      const now = clock.now();
      if (given === null) return void (await database.transaction([removeConfiguredKeys(CONFIGURED, "", now)]));
      const read = readPublicKey(given.pem, given.algorithm);
      const id = `${CONFIGURED}${read.fingerprint.slice(0, 32)}`;
      const key: PublicKeyRow = {
        ...read,
        id,
        applicationId,
        name: "LECTERN_JWT_PUBLIC_KEY",
        maxTtl: null,
        createdAt: now,
        removedAt: null,
      };
      await database.transaction([removeConfiguredKeys(CONFIGURED, id, now)]);
      try {
        await database.transaction([putPublicKey(key)]);
      } catch (error) {
        // Somebody registered the same key: it is there already, for the application that did.
        if (!(error instanceof UniqueViolation)) throw error;
      }
    },
    onRemoved(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function readGiven(pem: string, algorithm: JwtAlgorithm | null): ReturnType<typeof readPublicKey> {
  try {
    return readPublicKey(pem, algorithm);
  } catch (error) {
    const details = (error as Error).message;
    throw new ApiError("invalid_parameters", `$.pem: ${details}`, { failingPaths: [{ path: "$.pem", details }], cause: error });
  }
}
