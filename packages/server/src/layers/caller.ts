/** As whom a request writes, and what makes a repeat of it harmless. */
import { ApiError } from "@lectern/protocol/plain";
import type { Clock, Database } from "../ports.ts";
import { requestHash } from "../requests/once.ts";
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
export function requestSid(context: Pick<LayerContext, "caller" | "header">, what: unknown): string | null {
  const request = requestHash(context, what);
  return request === null ? null : `rest:${request}`;
}

/** Has the request of this sid been applied to the layer? For what could not even be planned a second time. */
export async function isRepeated(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  { layer }: Pick<OpenLayer, "layer">,
  sid: string | null,
): Promise<boolean> {
  return sid !== null && (await layerLog(database, layer.id, clock).peer(sid)) !== null;
}
