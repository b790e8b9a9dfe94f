/** Why a session may or may not do something with a record: for whoever mints sessions and wonders. Asks the same functions as a commit. */
import type { Api, Output, Parsed } from "@lectern/protocol";
import { ApiError, explain, type Explanation, type Grants, type RecordAction, type RecordHead } from "@lectern/protocol/plain";
import { kindOf } from "../credential.ts";
import type { Handlers } from "../handlers.ts";
import { findDocument, grantsOf, type Session } from "../sessions/session.ts";
import type { Sessions } from "../sessions/sessions.ts";
import { grantsWithin, layerFor, type ReadingDeps, type ReadLayer } from "./reading.ts";

type Explain = Api["sessions"]["explain"];
type Asked = Parsed<Explain>;

export function explainRoute({
  reading,
  sessions,
}: {
  readonly reading: ReadingDeps;
  readonly sessions: Pick<Sessions, "authenticate" | "get" | "live">;
}): Handlers["sessions"]["explain"] {
  return async (asked, context) => {
    const { access } = context;
    const layer = await layerFor(reading, access, context);
    const found = await sessionOf(sessions, access.applicationId, asked.session);
    if ("ended" in found) return answer(denied(found.ended), found.session, null);
    const { session } = found;
    const document = findDocument(session, access.documentId, access.layerName);
    if (document === null) return answer(denied("The session does not open this document in this layer"), session, null);
    const given = grantsOf(session, document);
    const grants = grantsWithin({ grants: given, sessionId: session.id }, layer.base.manifest);
    const { action, before, after } = statesOf(asked, grants, layer);
    const explained = explain(grants, action, before, after);
    const byFile = !explained.allowed && explain(given, action, before, after).allowed;
    const reason = byFile
      ? "The file's owner allows neither annotations nor forms in it"
      : explained.reason + inThread(explained, { action, before, after });
    return answer({ ...explained, reason }, session, grants);
  };
}

/** The session, or why there is none any more. Throws ApiError `not_found`. */
async function sessionOf(
  sessions: Pick<Sessions, "authenticate" | "get" | "live">,
  applicationId: string,
  given: string,
): Promise<{ readonly session: Session } | { readonly session: Session | null; readonly ended: string }> {
  const isToken = kindOf(given) === "token";
  const known = isToken ? null : await sessions.get(applicationId, given);
  try {
    const session = known === null ? await sessions.authenticate(given) : await sessions.live(known.id);
    if (session.applicationId !== applicationId) throw new ApiError("not_found", "There is no such session");
    return { session };
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    return { session: known, ended: error.message };
  }
}

interface States {
  readonly action: RecordAction;
  readonly before: RecordHead | null;
  readonly after: RecordHead | null;
}

function statesOf({ action, record: given, group }: Asked, grants: Grants, { room }: ReadLayer): States {
  if (typeof given !== "string") {
    const { kind, created_by: createdBy = grants.userId, group: grp = grants.defaultGroup } = given;
    return statesFor(action, { kind, createdBy, grp }, group);
  }
  const record = room.record(given, OWNER);
  if (record === null) throw new ApiError("not_found", "There is no such record in this layer");
  if (record.deleted !== (action === "restore") || action === "create") {
    const details = record.deleted ? "has been deleted: it can only be restored" : `is there: ${action} is not for it`;
    throw new ApiError("invalid_parameters", `$.record: ${details}`, { failingPaths: [{ path: "$.record", details }] });
  }
  return statesFor(action, { kind: record.kind, createdBy: record.createdBy, grp: record.grp }, group);
}

/** Sees everything. */
const OWNER: Grants = { permissions: ["read"], collaboration: null, userId: null, defaultGroup: null };

function statesFor(action: RecordAction, head: RecordHead, group: string | null | undefined): States {
  switch (action) {
    case "create":
    case "restore":
      return { action, before: null, after: head };
    case "edit":
    case "fill":
      // A value is never edited, but filled in.
      return { action: head.kind === "value" ? "fill" : action, before: head, after: head };
    case "set-group":
      return { action, before: head, after: { ...head, grp: group ?? null } };
    case "view":
    case "delete":
    case "reply":
      return { action, before: head, after: null };
  }
}

/** A commit looks at the thread, too, which a record alone does not tell. */
function inThread({ allowed }: Explanation, { action, before, after }: States): string {
  const kind = (before ?? after)?.kind;
  const asks =
    !allowed && (kind === "comment" || kind === "reaction") && (action === "create" || action === "delete" || action === "restore");
  return asks ? "; within a thread, the right to reply to what stands in it may be enough: ask `reply` of that comment" : "";
}

function denied(reason: string): Explanation {
  return { allowed: false, reason, checks: [] };
}

function answer({ allowed, reason, checks }: Explanation, session: Session | null, grants: Grants | null): Output<Explain> {
  return {
    allowed,
    reason,
    checks: checks.map(({ on, needs, met, grantedBy, why }) => ({ on, needs, met, granted_by: grantedBy, why })),
    session: {
      session_id: session?.id ?? null,
      user_id: session?.userId ?? null,
      permissions: [...(grants?.permissions ?? [])],
      collaboration_permissions: grants?.collaboration == null ? null : [...grants.collaboration],
    },
  };
}
