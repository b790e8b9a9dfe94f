/**
 * Why something is allowed or denied, in words: the same needs that `can` looks at, each with the grant that met it or with what was missing.
 * For operators and developers: names of grants and users are repeated, so it is never shown to a session.
 */
import {
  coveredBy,
  type Grant,
  type GrantAction,
  grantedBy,
  type Grants,
  needsOf,
  type Need,
  parseGrant,
  type PermissionType,
  type RecordAction,
  type RecordHead,
} from "./permission.ts";

export interface ExplainedNeed {
  /** The record as it is, or as it would be. */
  readonly on: "before" | "after";
  readonly needs: `${PermissionType}:${GrantAction}`;
  readonly met: boolean;
  /** The grant that matched, or the permission (`read`, `write`) that is enough without one; null when nothing did. */
  readonly grantedBy: string | null;
  readonly why: string;
}

export interface Explanation {
  /** Always what `can` answers. */
  readonly allowed: boolean;
  readonly reason: string;
  readonly checks: readonly ExplainedNeed[];
}

export function explain(grants: Grants, action: RecordAction, before: RecordHead | null, after: RecordHead | null): Explanation {
  const needs = needsOf(action, before, after);
  if (needs === null) return { allowed: false, reason: `There is no record to ${action} to`, checks: [] };
  const checks = needs.map((need) => explained(grants, need));
  const missing = checks.find(({ met }) => !met);
  if (missing !== undefined) return { allowed: false, reason: missing.why, checks };
  return { allowed: true, reason: [...new Set(checks.map(({ why }) => why))].join("; ") || "Nothing is needed for this", checks };
}

function explained(grants: Grants, need: Need): ExplainedNeed {
  const { on, type, action } = need;
  const by = grantedBy(grants, type, action, need.head);
  const why = by === null ? missing(grants, need) : met(grants, by, need);
  return { on, needs: `${type}:${action}`, met: by !== null, grantedBy: by, why };
}

function met({ collaboration }: Grants, by: string, { type, action }: Need): string {
  if (by !== "read" && by !== "write") return `${by} allows ${type}:${action}`;
  return collaboration === null
    ? `The permission ${by} allows ${type}:${action}, as the session has no list of grants`
    : `The permission ${by} allows ${type}:${action}, whatever the list of grants says`;
}

function missing(grants: Grants, { on, head, type, action }: Need): string {
  const permission = action === "view" ? "read" : "write";
  const wanted = `${type}:${coveredBy(type, action)}`;
  if (!grants.permissions.includes(permission))
    return `${type}:${action} needs the permission ${permission}, which the session does not have`;
  const candidates = (grants.collaboration ?? []).flatMap((text) => {
    const grant = parseGrant(text);
    return grant?.type === type && grant.action === coveredBy(type, action) ? [{ text, grant }] : [];
  });
  if (candidates.length === 0) return `The session's list of grants has no ${wanted}:…`;
  const record = on === "before" ? "the record as it is" : "the record as it would be";
  return candidates.map(({ text, grant }) => `${text} does not fit ${record}: ${mismatch(grants, grant, head)}`).join("; ");
}

function mismatch({ userId }: Grants, { scope, name }: Grant, { kind, createdBy, grp }: RecordHead): string {
  if (scope === "group") return grp === null ? "it has no group" : `its group is ${grp}, not ${name}`;
  if (kind === "value") return "values of form fields have no creator";
  if (scope === "self" && userId === null) return "the session has no user_id";
  if (createdBy === null) return "it has no creator, as it came with the file or was made without a user";
  return `${createdBy} created it, not ${scope === "self" ? userId : name}`;
}
