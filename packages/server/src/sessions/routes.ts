/** Sessions over HTTP, for backends. */
import type { Api, Output } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { actorOf } from "../audit/audit.ts";
import type { Handlers } from "../handlers.ts";
import type { Once } from "../requests/once.ts";
import type { Session } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { ListedUntil } from "./store.ts";

export function sessionRoutes({
  sessions,
  once,
  publicUrl,
}: {
  readonly sessions: Sessions;
  readonly once: Once;
  readonly publicUrl: () => string;
}): Omit<Handlers["sessions"], "explain"> {
  return {
    async create(input, context) {
      const { applicationId } = context.caller;
      const { session, jwt } = await once(context, {
        applicationId,
        what: ["session", input],
        find: (id) => sessions.minted(id),
        make: (making) => sessions.mint(applicationId, input, { by: actorOf(context), making }),
      });
      // Behind the hash, so that no server and no log sees the token.
      return { jwt, session_id: session.id, exp: Math.floor(session.expiresAt / 1000), view_url: `${publicUrl()}/view#${jwt}` };
    },
    async list({ limit = 100, cursor, document_id }, { caller }) {
      const until = cursor === undefined ? null : readCursor(cursor);
      const found = await sessions.list(caller.applicationId, { limit: limit + 1, until, documentId: document_id ?? null });
      const shown = found.slice(0, limit);
      const last = found.length > limit ? shown.at(-1) : undefined;
      return { data: shown.map(summary), next_cursor: last === undefined ? null : writeCursor(last) };
    },
    async revoke({ sessionId }, context) {
      const session = await sessions.revoke(context.caller.applicationId, sessionId, actorOf(context));
      return { session_id: session.id, revoked_at: iso(session.revokedAt!) };
    },
  };
}

function summary(session: Session): Output<Api["sessions"]["list"]>["data"][number] {
  return {
    session_id: session.id,
    user_id: session.userId,
    creator_name: session.creatorName,
    documents: session.documents.map(({ documentId }) => documentId),
    created_at: iso(session.createdAt),
    expires_at: iso(session.expiresAt),
    revoked_at: session.revokedAt === null ? null : iso(session.revokedAt),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

function writeCursor({ createdAt, id }: ListedUntil): string {
  return Buffer.from(`${createdAt}.${id}`).toString("base64url");
}

function readCursor(cursor: string): ListedUntil {
  const match = /^(\d{1,15})\.([0-9a-z]{1,64})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (match === null)
    throw new ApiError("invalid_parameters", "$.query.cursor: not a cursor of this list", {
      failingPaths: [{ path: "$.query.cursor", details: "not a cursor of this list" }],
    });
  return { createdAt: Number(match[1]), id: match[2]! };
}
