/** As whom a request writes, and what makes a repeat of it harmless. */
import { createHash } from "node:crypto";
import { ApiError } from "@lectern/protocol/plain";
import type { Clock, Database } from "../ports.ts";
import type { OpenLayer } from "./rooms.ts";
import { layerLog } from "./store.ts";
import type { Access, ApplicationCaller, Context, SessionCaller } from "../handlers.ts";

export type LayerContext = Context<ApplicationCaller | SessionCaller, Access>;

/** A key may say for whom it acts; a session is somebody already. Throws ApiError `forbidden`. */
export function writerOf({ caller }: LayerContext, userId: string | null | undefined): string | null {
  if (caller.kind === "application") return userId ?? null;
  if (userId !== undefined && userId !== caller.session.userId) {
    throw new ApiError("forbidden", "user_id must be left out, or be the session's own", {
      failingPaths: [{ path: "$.user_id", details: "is not the session's user" }],
    });
  }
  return caller.session.userId;
}

/** Queue of this request: the same key with another body is another request. null: it did not ask for that. */
export function requestSid(context: Pick<LayerContext, "caller" | "header">, what: readonly unknown[]): string | null {
  const key = context.header("idempotency-key");
  if (key === null) return null;
  if (key.length > 255) throw new ApiError("bad_request", "Idempotency-Key may have 255 characters");
  const { caller } = context;
  const id = caller.kind === "session" ? caller.session.id : caller.id;
  const request = createHash("sha256")
    .update(JSON.stringify([caller.kind, id, key, what]))
    .digest("base64url");
  return `rest:${request}`;
}

/** Has the request of this sid been applied to the layer? For what could not even be planned a second time. */
export async function isRepeated(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  { layer }: Pick<OpenLayer, "layer">,
  sid: string | null,
): Promise<boolean> {
  return sid !== null && (await layerLog(database, layer.id, clock).peer(sid)) !== null;
}
