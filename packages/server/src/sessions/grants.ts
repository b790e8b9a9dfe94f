/**
 * Image grants: what stands in the URL of an image instead of a token. A grant is a session's id and a MAC over that, one document and one layer;
 * it reads page content only and lives as long as its session. On the hot path it costs a look into two maps.
 */
import { timingSafeEqual } from "node:crypto";
import { ApiError } from "@lectern/protocol/plain";
import type { ServerSecret } from "../secret.ts";
import type { Session, SessionDocument } from "./session.ts";
import type { Sessions } from "./sessions.ts";

export interface Grants {
  make(session: Session, document: SessionDocument): string;
  /** Throws ApiError `not_found`, `session_revoked`, `token_expired`. */
  verify(grant: string): Promise<{ readonly session: Session; readonly document: SessionDocument }>;
}

const MOST_KNOWN = 10_000;

export function imageGrants({ secret, sessions }: { readonly secret: ServerSecret; readonly sessions: Pick<Sessions, "live"> }): Grants {
  /** Grants whose MAC was found right: which document and layer they are for. */
  const known = new Map<string, { readonly documentId: string; readonly layer: string }>();
  const macOf = (sessionId: string, { documentId, layer }: SessionDocument): Buffer =>
    secret.mac("image grant", [sessionId, documentId, layer]);
  return {
    make: (session, document) => `${session.id}.${macOf(session.id, document).toString("base64url")}`,
    async verify(grant) {
      const at = grant.lastIndexOf(".");
      const session = await liveOrHidden(sessions, grant.slice(0, Math.max(at, 0)));
      const cached = known.get(grant);
      const given = Buffer.from(grant.slice(at + 1), "base64url");
      const document = session.documents.find((each) =>
        cached === undefined
          ? given.length === 32 && timingSafeEqual(macOf(session.id, each), given)
          : each.documentId === cached.documentId && each.layer === cached.layer,
      );
      if (document === undefined || !document.permissions.includes("read")) throw new ApiError("not_found");
      if (cached === undefined) {
        if (known.size >= MOST_KNOWN) known.clear();
        known.set(grant, { documentId: document.documentId, layer: document.layer });
      }
      return { session, document };
    },
  };
}

/** A grant of no session does not open anything: it does not exist. */
async function liveOrHidden(sessions: Pick<Sessions, "live">, id: string): Promise<Session> {
  try {
    return await sessions.live(id);
  } catch (error) {
    if (error instanceof ApiError && error.code === "invalid_token") throw new ApiError("not_found", undefined, { cause: error });
    throw error;
  }
}
