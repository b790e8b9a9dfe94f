/**
 * The audit trail: one row for each thing that somebody did, written in the transaction of what it tells of. Changes of records are not written
 * again here: their log says who and when, and `GET /audit` shows both as one.
 */
import { newId } from "@lectern/protocol/plain";
import type { Context } from "../handlers.ts";
import type { Clock, Random, Statement } from "../ports.ts";
import { insertAudit } from "./store.ts";

/** Who did it: an API key, somebody signed in to the dashboard, a session, somebody who is signing in, or the service and its commands. */
export interface Actor {
  readonly kind: "key" | "account" | "session" | "visitor" | "service";
  /** Of the key, the account or the session. */
  readonly id: string | null;
  readonly address: string | null;
}

export const SERVICE: Actor = { kind: "service", id: null, address: null };

export interface Deed {
  /** null: it belongs to no application, as a sign-in does. */
  readonly applicationId: string | null;
  /** `document.created`, `key.revoked`: what it was done to and what was done. */
  readonly action: string;
  readonly documentId?: string;
  /** Id of what it was done to, when that is no document. */
  readonly target?: string;
  /** Small, and never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The row for the transaction that does it. */
export type Audit = (by: Actor, deed: Deed) => Statement;

export function audit({ clock, random }: { readonly clock: Clock; readonly random: Random }): Audit {
  return (by, { applicationId, action, documentId = null, target = null, details = {} }) => {
    const at = clock.now();
    return insertAudit({ id: newId(at, random(10)), applicationId: applicationId ?? "", at, action, by, documentId, target, details });
  };
}

export function actorOf({ caller, address }: Pick<Context, "caller" | "address">): Actor {
  switch (caller?.kind) {
    case "application":
      // An access token is a key that ends by itself.
      return { kind: caller.via === "dashboard" ? "account" : "key", id: caller.id, address };
    case "session":
      return { kind: "session", id: caller.session.id, address };
    case "account":
      return { kind: "account", id: caller.accountId, address };
    case undefined:
      return { kind: "visitor", id: null, address };
  }
}
