/** The audit over HTTP: a page of it, or all of it as lines. */
import { Readable } from "node:stream";
import type { AuditEntry } from "@lectern/protocol";
import { ApiError } from "@lectern/protocol/plain";
import { type Handlers, reply } from "../handlers.ts";
import type { Database } from "../ports.ts";
import {
  type AuditFilter,
  type AuditPosition,
  auditRows,
  type AuditRow,
  changeAction,
  type ChangePosition,
  type ChangeRow,
  changeRows,
  isAboutChanges,
} from "./store.ts";

/** How far each of the two logs has been read. */
interface Position {
  readonly deed: AuditPosition | null;
  readonly change: ChangePosition | null;
}

const START: Position = { deed: null, change: null };
const LINES_TOGETHER = 500;
/** Ids of records that one entry names. */
const MOST_IDS = 50;

export function auditRoutes({ database }: { readonly database: Database }): Handlers["audit"] {
  return {
    async list({ limit = 100, cursor, ...query }, context) {
      const filter: AuditFilter = {
        applicationId: context.caller.applicationId,
        withAccounts: context.caller.via === "dashboard",
        actor: query.actor ?? null,
        documentId: query.document_id ?? null,
        action: query.action ?? null,
        from: query.from === undefined ? null : Date.parse(query.from),
        to: query.to === undefined ? null : Date.parse(query.to),
      };
      const lines = (context.header("accept") ?? "").includes("application/x-ndjson");
      if (lines) {
        const headers = {
          "content-type": "application/x-ndjson; charset=utf-8",
          "content-disposition": 'attachment; filename="audit.jsonl"',
        };
        return reply(Readable.from(allLines(database, filter, context.signal)), { headers });
      }
      const { entries, position, more } = await page(database, filter, cursor === undefined ? START : readCursor(cursor), "newest", limit);
      return { data: entries, next_cursor: more ? writeCursor(position) : null };
    },
  };
}

async function* allLines(database: Database, filter: AuditFilter, signal: AbortSignal): AsyncGenerator<string> {
  for (let at = START; ;) {
    signal.throwIfAborted();
    const { entries, position, more } = await page(database, filter, at, "oldest", LINES_TOGETHER);
    yield entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
    if (!more) return;
    at = position;
  }
}

async function page(database: Database, filter: AuditFilter, from: Position, order: "newest" | "oldest", limit: number) {
  const withChanges = isAboutChanges(filter.action);
  const [deeds, changes] = await Promise.all([
    auditRows(database, filter, { after: from.deed, order, limit: limit + 1 }),
    withChanges ? changeRows(database, filter, { after: from.change, order, limit: limit + 1 }) : [],
  ]);
  const entries: AuditEntry[] = [];
  let [d, c] = [0, 0];
  const isNext = (deed: AuditRow | undefined, change: ChangeRow | undefined): boolean =>
    deed !== undefined && (change === undefined || (order === "newest" ? deed.at >= change.at : deed.at <= change.at));
  while (entries.length < limit && (d < deeds.length || c < changes.length))
    entries.push(isNext(deeds[d], changes[c]) ? entryOfDeed(deeds[d++]!) : entryOfChange(changes[c++]!));
  const position: Position = { deed: deeds[d - 1] ?? from.deed, change: changes[c - 1] ?? from.change };
  return { entries, position, more: d < deeds.length || c < changes.length };
}

function entryOfDeed({ id, at, action, by, documentId, target, details }: AuditRow): AuditEntry {
  return {
    id,
    at: new Date(at).toISOString(),
    action,
    actor: { kind: by.kind, id: by.id, session_id: by.kind === "session" ? by.id : null, address: by.address },
    document_id: documentId,
    target,
    details: { ...details },
  };
}

function entryOfChange({ layerId, seq, at, actor, sessionId, documentId, layer, sid, ops }: ChangeRow): AuditEntry {
  return {
    id: `${layerId}.${seq}`,
    at: new Date(at).toISOString(),
    action: changeAction(sid),
    actor: { kind: "user", id: actor, session_id: sessionId, address: null },
    document_id: documentId,
    target: layer,
    details: { seq, records: ops.length, ids: ops.slice(0, MOST_IDS).map(({ id }) => id) },
  };
}

function writeCursor({ deed, change }: Position): string {
  const parts = [deed === null ? null : [deed.at, deed.id], change === null ? null : [change.at, change.layerId, change.seq]];
  return Buffer.from(JSON.stringify(parts)).toString("base64url");
}

function readCursor(cursor: string): Position {
  const text = Buffer.from(cursor, "base64url").toString("utf8");
  const match = /^\[(?:null|\[(\d{1,15}),"([0-9a-z]{1,64})"\]),(?:null|\[(\d{1,15}),"([0-9a-z]{1,64})",(\d{1,15})\])\]$/.exec(text);
  if (match === null)
    throw new ApiError("invalid_parameters", "$.query.cursor: not a cursor of this list", {
      failingPaths: [{ path: "$.query.cursor", details: "not a cursor of this list" }],
    });
  const [, at, id, changedAt, layerId, seq] = match;
  return {
    deed: id === undefined ? null : { at: Number(at), id },
    change: layerId === undefined ? null : { at: Number(changedAt), layerId, seq: Number(seq) },
  };
}
