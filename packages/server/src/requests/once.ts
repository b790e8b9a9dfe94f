/**
 * What a request with an Idempotency-Key makes, it makes once: whoever sends it again is given what it made. A secret of which only the hash is
 * kept is derived from the request and the server's own secret, so it can be told again without being stored.
 */
import { createHash } from "node:crypto";
import { ApiError } from "@lectern/protocol/plain";
import type { Caller, Context } from "../handlers.ts";
import { type Clock, Conflict, type Database, type Random, type Statement, UniqueViolation } from "../ports.ts";
import type { ServerSecret } from "../secret.ts";
import { madeBy, requestMade, requestMadeAnew } from "./store.ts";

/** The request that makes something. */
export interface Making {
  /** Goes into the transaction that makes it. */
  readonly made: (id: string) => readonly Statement[];
  /** What its secret is made of, up to 32 bytes: as good as random ones, and the same when the request is repeated. */
  readonly secretOf: (id: string) => Random;
}

export interface MadeOnce<T> {
  readonly applicationId: string;
  /** What is asked for: the same key with something else is another request. */
  readonly what: readonly unknown[];
  /** What the request made; null: it is gone, and made anew. */
  readonly find: (id: string, making: Making) => Promise<T | null>;
  readonly make: (making: Making) => Promise<T>;
}

export type Once = <T>(context: Pick<Context<Caller>, "caller" | "header">, what: MadeOnce<T>) => Promise<T>;

export function oncePerRequest({
  database,
  clock,
  random,
  secret,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly secret: ServerSecret;
}): Once {
  return async (context, { applicationId, what, find, make }) => {
    const hash = requestHash(context, what);
    if (hash === null) return make({ made: () => [], secretOf: () => random });
    // What is asked for may hold a password, which nobody is to guess from the table.
    const request = secret.mac("request", [hash]).toString("base64url");
    const secretOf =
      (id: string): Random =>
      (bytes) =>
        secret.mac("secret of a request", [request, id]).subarray(0, bytes);
    const making = (gone: string | null): Making => ({
      made(id) {
        const row = { applicationId, request, made: id, now: clock.now() };
        return [gone === null ? requestMade(row) : requestMadeAnew(row, gone)];
      },
      secretOf,
    });
    const before = await madeBy(database, applicationId, request);
    const found = before === null ? null : await find(before, making(before));
    if (found !== null) return found;
    try {
      return await make(making(before));
    } catch (error) {
      if (!(error instanceof UniqueViolation || error instanceof Conflict || error instanceof ApiError)) throw error;
      // The same request, at the same moment.
      const id = await madeBy(database, applicationId, request);
      const other = id === null || id === before ? null : await find(id, making(id));
      if (other === null) throw error;
      return other;
    }
  };
}

/** Of who sends it, its key and what it asks for; null: it has no key. Throws ApiError `bad_request`. */
export function requestHash({ caller, header }: Pick<Context<Caller>, "caller" | "header">, what: unknown): string | null {
  const key = header("idempotency-key");
  if (key === null) return null;
  if (key.length > 255) throw new ApiError("bad_request", "Idempotency-Key may have 255 characters");
  return createHash("sha256")
    .update(JSON.stringify([caller.kind, idOf(caller), key, what]))
    .digest("base64url");
}

function idOf(caller: Caller): string {
  if (caller.kind === "session") return caller.session.id;
  return caller.kind === "account" ? caller.accountId : caller.id;
}
