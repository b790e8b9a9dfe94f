/** The audit trail as rows, and the log of changes beside it. The only SQL of this folder. */
import type { LoggedOp } from "@lectern/sync/room";
import type { Database, Row, SqlValue, Statement } from "../ports.ts";
import type { Actor } from "./audit.ts";

export interface AuditRow {
  readonly id: string;
  /** "": of no application. */
  readonly applicationId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly action: string;
  readonly by: Actor;
  readonly documentId: string | null;
  readonly target: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A change of a layer, as the audit shows it. */
export interface ChangeRow {
  readonly at: number;
  readonly layerId: string;
  readonly seq: number;
  readonly actor: string | null;
  readonly sessionId: string | null;
  readonly documentId: string;
  readonly layer: string;
  /** Queue of the change: says of some what they were, see `changeAction`. */
  readonly sid: string;
  readonly ops: readonly LoggedOp[];
}

export function insertAudit({ id, applicationId, at, action, by, documentId, target, details }: AuditRow): Statement {
  return {
    sql: `INSERT INTO audit (id, application_id, at, action, actor_kind, actor, address, document_id, target, details)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    params: [id, applicationId, at, action, by.kind, by.id, by.address, documentId, target, JSON.stringify(details)],
  };
}

export interface AuditFilter {
  readonly applicationId: string;
  /** Also what belongs to no application: sign-ins. */
  readonly withAccounts: boolean;
  readonly actor: string | null;
  readonly documentId: string | null;
  /** `document.deleted`, or `document.*`. */
  readonly action: string | null;
  readonly from: number | null;
  /** Not included. */
  readonly to: number | null;
}

export interface AuditPosition {
  readonly at: number;
  readonly id: string;
}

export interface ChangePosition {
  readonly at: number;
  readonly layerId: string;
  readonly seq: number;
}

type Direction = "newest" | "oldest";

/** Entries behind `after`, in this direction. */
export async function auditRows(
  database: Database,
  filter: AuditFilter,
  { after, order, limit }: { readonly after: AuditPosition | null; readonly order: Direction; readonly limit: number },
): Promise<AuditRow[]> {
  const where = conditions(filter, "audit.at");
  if (filter.actor !== null) where.add("audit.actor = ?", filter.actor);
  if (filter.documentId !== null) where.add("audit.document_id = ?", filter.documentId);
  if (filter.action?.endsWith(".*") === true) where.add("lower(audit.action) LIKE ? ESCAPE '!'", `${likePrefix(filter.action)}%`);
  else if (filter.action !== null) where.add("audit.action = ?", filter.action);
  const [sign, direction] = order === "newest" ? ["<", "DESC"] : [">", "ASC"];
  if (after !== null) where.add(`(audit.at, audit.id) ${sign} (?, ?)`, after.at, after.id);
  const rows = await database.query(
    `SELECT * FROM audit WHERE audit.application_id IN (?, ?) AND ${where.sql()} ORDER BY audit.at ${direction}, audit.id ${direction} LIMIT ?`,
    [filter.applicationId, filter.withAccounts ? "" : filter.applicationId, ...where.params, limit],
  );
  return rows.map(auditOf);
}

const CHANGED = "layer.changed";
/** By the queues that `mergeSid` and `restoreSid` name. */
const CHANGE_ACTIONS = [
  { action: "layer.merged", sid: "merge:" },
  { action: "layer.restored", sid: "restore:" },
] as const;

export function changeAction(sid: string): string {
  return CHANGE_ACTIONS.find((known) => sid.startsWith(known.sid))?.action ?? CHANGED;
}

/** Can a change of a layer be what the filter asks for? */
export function isAboutChanges(action: string | null): boolean {
  return action === null || action === "layer.*" || action === CHANGED || CHANGE_ACTIONS.some((known) => known.action === action);
}

/** The same for what was changed in layers. */
export async function changeRows(
  database: Database,
  filter: AuditFilter,
  { after, order, limit }: { readonly after: ChangePosition | null; readonly order: Direction; readonly limit: number },
): Promise<ChangeRow[]> {
  const where = conditions(filter, "changes.at");
  if (filter.actor !== null) where.add("(changes.actor = ? OR changes.session_id = ?)", filter.actor, filter.actor);
  if (filter.documentId !== null) where.add("layers.document_id = ?", filter.documentId);
  const named = CHANGE_ACTIONS.find(({ action }) => action === filter.action);
  if (named !== undefined) where.add("lower(changes.sid) LIKE ?", `${named.sid}%`);
  if (filter.action === CHANGED) for (const { sid: prefix } of CHANGE_ACTIONS) where.add("lower(changes.sid) NOT LIKE ?", `${prefix}%`);
  const [sign, direction] = order === "newest" ? ["<", "DESC"] : [">", "ASC"];
  if (after !== null) where.add(`(changes.at, changes.layer_id, changes.seq) ${sign} (?, ?, ?)`, after.at, after.layerId, after.seq);
  const rows = await database.query(
    `SELECT changes.at, changes.layer_id, changes.seq, changes.actor, changes.session_id, changes.sid, changes.ops, layers.document_id, layers.name
      FROM changes JOIN layers ON layers.id = changes.layer_id WHERE layers.application_id = ? AND ${where.sql()}
      ORDER BY changes.at ${direction}, changes.layer_id ${direction}, changes.seq ${direction} LIMIT ?`,
    [filter.applicationId, ...where.params, limit],
  );
  return rows.map((row) => ({
    at: row.at as number,
    layerId: row.layer_id as string,
    seq: row.seq as number,
    actor: row.actor as string | null,
    sessionId: row.session_id as string | null,
    documentId: row.document_id as string,
    layer: row.name as string,
    sid: row.sid as string,
    ops: JSON.parse(row.ops as string) as LoggedOp[],
  }));
}

function conditions({ from, to }: AuditFilter, at: string) {
  const parts: string[] = [`${at} >= ?`];
  const params: SqlValue[] = [from ?? 0];
  const add = (sql: string, ...values: SqlValue[]): void => {
    parts.push(sql);
    params.push(...values);
  };
  if (to !== null) add(`${at} < ?`, to);
  return { params, add, sql: () => parts.join(" AND ") };
}

/** `session_*` and the like hold characters that LIKE reads. */
function likePrefix(pattern: string): string {
  return pattern.slice(0, -1).replaceAll(/[!%_]/g, "!$&");
}

function auditOf(row: Row): AuditRow {
  return {
    id: row.id as string,
    applicationId: row.application_id as string,
    at: row.at as number,
    action: row.action as string,
    by: { kind: row.actor_kind as Actor["kind"], id: row.actor as string | null, address: row.address as string | null },
    documentId: row.document_id as string | null,
    target: row.target as string | null,
    details: JSON.parse(row.details as string) as Record<string, unknown>,
  };
}
