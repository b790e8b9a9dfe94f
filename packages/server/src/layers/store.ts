/**
 * Layers in the database: the log that a room writes to (`layerLog`), and finding, listing and deleting layers.
 * A commit is one transaction that first moves the layer's `seq` from what the room believes it to be: who comes second writes nothing.
 */
import type { ErrorCode } from "@lectern/protocol/plain";
import { ApiError, newId } from "@lectern/protocol/plain";
import type { ChangeLog, LayerHead, LoggedChange, LoggedOp, PeerRow, PeerUpdate, PendingCommit, StoredRecord } from "@lectern/sync/room";
import {
  type Clock,
  Conflict,
  type Database,
  type Query,
  type Random,
  type Row,
  type SqlValue,
  type Statement,
  UniqueViolation,
} from "../ports.ts";

export interface Layer {
  readonly id: string;
  readonly applicationId: string;
  readonly documentId: string;
  /** "" is the default layer. */
  readonly name: string;
  readonly revision: number;
  readonly head: LayerHead;
  readonly createdAt: number;
}

export interface LayerName {
  readonly applicationId: string;
  readonly documentId: string;
  readonly name: string;
}

const LAYER = "SELECT id, application_id, document_id, name, revision, seq, epoch, floor_seq, created_at FROM layers";

interface LayerRow {
  readonly id: string;
  readonly application_id: string;
  readonly document_id: string;
  readonly name: string;
  readonly revision: number;
  readonly seq: number;
  readonly epoch: number;
  readonly floor_seq: number;
  readonly created_at: number;
}

function layerOf(row: LayerRow): Layer {
  return {
    id: row.id,
    applicationId: row.application_id,
    documentId: row.document_id,
    name: row.name,
    revision: row.revision,
    head: headOf(row),
    createdAt: row.created_at,
  };
}

function headOf(row: Pick<LayerRow, "seq" | "epoch" | "floor_seq">): LayerHead {
  return { seq: row.seq, epoch: row.epoch, floorSeq: row.floor_seq };
}

/** null when nobody has opened a layer of that name yet. */
export async function findLayer(database: Database, { applicationId, documentId, name }: LayerName): Promise<Layer | null> {
  const sql = `${LAYER} WHERE application_id = ? AND document_id = ? AND name = ?`;
  const [row] = await database.query<LayerRow>(sql, [applicationId, documentId, name]);
  return row === undefined ? null : layerOf(row);
}

/** The layer of that name, made when it is missing, then on `revision`. Throws ApiError `not_found` when the document does not exist. */
export async function openLayer(
  database: Database,
  wanted: LayerName & { readonly revision: number },
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<Layer> {
  const found = await findLayer(database, wanted);
  if (found !== null) return found;
  const { applicationId, documentId, name, revision } = wanted;
  const now = clock.now();
  try {
    await database.transaction([
      { sql: "SELECT id FROM documents WHERE application_id = ? AND id = ?", params: [applicationId, documentId], expect: 1 },
      {
        sql: `INSERT INTO layers (id, application_id, document_id, name, revision, seq, floor_seq, epoch, created_at)
          VALUES (?, ?, ?, ?, ?, 0, 0, 0, ?) ON CONFLICT (application_id, document_id, name) DO NOTHING`,
        params: [newId(now, random(10)), applicationId, documentId, name, revision, now],
      },
    ]);
  } catch (error) {
    if (error instanceof Conflict) throw new ApiError("not_found", "The document does not exist", { cause: error });
    throw error;
  }
  const made = await findLayer(database, wanted);
  if (made === null) throw new ApiError("not_found", "The document was deleted");
  return made;
}

/** By name; the default layer, where it exists, is first. */
export async function listLayers(database: Database, applicationId: string, documentId: string): Promise<Layer[]> {
  const sql = `${LAYER} WHERE application_id = ? AND document_id = ? ORDER BY name`;
  return (await database.query<LayerRow>(sql, [applicationId, documentId])).map(layerOf);
}

/** Everything of one layer. */
export async function deleteLayer(database: Database, layerId: string): Promise<void> {
  await database.transaction([
    ...["records", "changes", "peers"].map((table) => ({ sql: `DELETE FROM ${table} WHERE layer_id = ?`, params: [layerId] })),
    { sql: "DELETE FROM layers WHERE id = ?", params: [layerId] },
  ]);
}

/** Everything of all layers of a document, for the transaction that deletes it. */
export function deleteLayersOfDocument(applicationId: string, documentId: string): Statement[] {
  const params = [applicationId, documentId];
  const mine = "(SELECT id FROM layers WHERE application_id = ? AND document_id = ?)";
  return [
    ...["records", "changes", "peers"].map((table) => ({ sql: `DELETE FROM ${table} WHERE layer_id IN ${mine}`, params })),
    { sql: "DELETE FROM layers WHERE application_id = ? AND document_id = ?", params },
  ];
}

const HEAD = "SELECT seq, epoch, floor_seq FROM layers WHERE id = ?";
const ADVANCE = "UPDATE layers SET seq = ? WHERE id = ? AND seq = ?";
const INSERT_PEER = "INSERT INTO peers (layer_id, sid, user_id, last_n, rejects, updated_at) VALUES (?, ?, ?, ?, ?, ?)";
const UPDATE_PEER = "UPDATE peers SET user_id = ?, last_n = ?, rejects = ?, updated_at = ? WHERE layer_id = ? AND sid = ? AND last_n = ?";
const insertChanges = (rows: string): string => `INSERT INTO changes (layer_id, seq, sid, n, actor, at, ops) VALUES ${rows}`;
const upsertRecords = (
  rows: string,
): string => `INSERT INTO records (layer_id, id, kind, seq, page_id, created_by, created_at, updated_by, updated_at, grp, deleted, data)
  VALUES ${rows} ON CONFLICT (layer_id, id) DO UPDATE SET kind = excluded.kind, seq = excluded.seq,
  page_id = excluded.page_id, created_by = excluded.created_by, created_at = excluded.created_at, updated_by = excluded.updated_by,
  updated_at = excluded.updated_at, grp = excluded.grp, deleted = excluded.deleted, data = excluded.data`;
const INSERT_EVENT = `INSERT INTO outbox (id, application_id, topic, payload, created_at)
  VALUES (?, (SELECT application_id FROM layers WHERE id = ?), ?, ?, ?)`;
const RECORDS = "SELECT id, kind, seq, created_by, created_at, updated_by, updated_at, grp, deleted, data FROM records WHERE layer_id = ?";
const CHANGES_SINCE = "SELECT seq, sid, n, actor, at, ops FROM changes WHERE layer_id = ? AND seq > ? ORDER BY seq";
const PEER = "SELECT sid, user_id, last_n, rejects FROM peers WHERE layer_id = ? AND sid = ?";

/** Up to `limit` changes with seq > since in order, and the head, from one moment. Throws ApiError `gone` when the layer has been deleted. */
export async function changesAfter(
  database: Database,
  layerId: string,
  since: number,
  limit: number,
): Promise<{ readonly head: LayerHead; readonly changes: readonly LoggedChange[] }> {
  const [heads, rows] = await database.snapshot([
    { sql: HEAD, params: [layerId] },
    { sql: `${CHANGES_SINCE} LIMIT ?`, params: [layerId, since, limit] },
  ]);
  const head = heads![0];
  if (head === undefined) throw new ApiError("gone", "The layer has been deleted");
  return { head: headOf(head as unknown as LayerRow), changes: rows!.map(changeOf) };
}

/** The log of one layer. Its methods throw ApiError `gone` when the layer has been deleted. */
export function layerLog(database: Database, layerId: string, clock: Clock): ChangeLog {
  async function withHead(query: Query): Promise<{ head: LayerHead; rows: Row[] }> {
    const [heads, rows] = await database.snapshot([{ sql: HEAD, params: [layerId] }, query]);
    const head = heads![0];
    if (head === undefined) throw new ApiError("gone", "The layer has been deleted");
    return { head: headOf(head as unknown as LayerRow), rows: rows! };
  }

  return {
    async load() {
      const { head, rows } = await withHead({ sql: RECORDS, params: [layerId] });
      return { head, records: rows.map(recordOf) };
    },

    async commitBatch(expectedSeq, commits, peers) {
      const wrong = commits.findIndex(({ change }, index) => change.seq !== expectedSeq + index + 1);
      if (wrong >= 0) throw new Error(`change ${commits[wrong]!.change.seq} does not follow ${expectedSeq + wrong}`);
      const now = clock.now();
      const guards: Statement[] = [
        { sql: ADVANCE, params: [expectedSeq + commits.length, layerId, expectedSeq], expect: 1 },
        ...peers.map((peer) => peerStatement(layerId, peer, now)),
      ];
      try {
        await database.transaction([
          ...guards,
          ...rowStatements(
            insertChanges,
            commits.map(({ change }) => changeRow(layerId, change)),
          ),
          ...rowStatements(
            upsertRecords,
            lastStates(commits).map((record) => recordRow(layerId, record)),
          ),
          ...commits.flatMap((commit) => eventStatements(layerId, commit, now)),
        ]);
        return "committed";
      } catch (error) {
        const lost = (error instanceof Conflict || error instanceof UniqueViolation) && error.index < guards.length;
        if (!lost) throw error;
        // a deleted layer has no seq to compare: that is no conflict, which the room would try again
        if ((await database.query(HEAD, [layerId])).length === 0)
          throw new ApiError("gone", "The layer has been deleted", { cause: error });
        return "conflict";
      }
    },

    async changesSince(since) {
      const { head, rows } = await withHead({ sql: CHANGES_SINCE, params: [layerId, since] });
      return since < head.floorSeq ? null : { head, changes: rows.map(changeOf) };
    },

    async peer(sid) {
      const [row] = await database.query(PEER, [layerId, sid]);
      return row === undefined ? null : peerOf(row);
    },
  };
}

function peerStatement(layerId: string, { sid, userId, lastN, rejects, expected }: PeerUpdate, now: number): Statement {
  const text = JSON.stringify(rejects);
  if (expected === 0) return { sql: INSERT_PEER, params: [layerId, sid, userId, lastN, text, now], expect: 1 };
  return { sql: UPDATE_PEER, params: [userId, lastN, text, now, layerId, sid, expected], expect: 1 };
}

/** Rows in one statement: many cost a server less than many statements do, and few texts are prepared once each. */
const ROWS_TOGETHER = [50, 10, 1];

function rowStatements(sql: (rows: string) => string, rows: readonly SqlValue[][]): Statement[] {
  const statements: Statement[] = [];
  for (let at = 0; at < rows.length;) {
    const count = ROWS_TOGETHER.find((size) => size <= rows.length - at)!;
    const some = rows.slice(at, at + count);
    const marks = `(${some[0]!.map(() => "?").join(", ")})`;
    statements.push({ sql: sql(some.map(() => marks).join(", ")), params: some.flat() });
    at += count;
  }
  return statements;
}

function changeRow(layerId: string, { seq, sid, n, actor, at, ops }: LoggedChange): SqlValue[] {
  return [layerId, seq, sid, n, actor, at, JSON.stringify(ops)];
}

/** The commits of a batch may write one record several times: its last state counts. */
function lastStates(commits: readonly PendingCommit[]): StoredRecord[] {
  return [...new Map(commits.flatMap(({ records }) => records).map((record) => [record.id, record])).values()];
}

function recordRow(layerId: string, record: StoredRecord): SqlValue[] {
  const { id, kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, deleted, data } = record;
  const page = "page" in data && typeof data.page === "string" ? data.page : null;
  return [layerId, id, kind, seq, page, createdBy, createdAt, updatedBy, updatedAt, grp, deleted ? 1 : 0, JSON.stringify(data)];
}

function eventStatements(layerId: string, { change, events }: PendingCommit, now: number): Statement[] {
  return events.map(({ topic, payload }, index) => ({
    sql: INSERT_EVENT,
    params: [`${layerId}.${change.seq}.${index}`, layerId, topic, JSON.stringify(payload), now],
  }));
}

function recordOf(row: Row): StoredRecord {
  const record = {
    id: row.id,
    kind: row.kind,
    seq: row.seq,
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedBy: row.updated_by,
    updatedAt: row.updated_at,
    grp: row.grp,
    deleted: row.deleted === 1,
    data: JSON.parse(row.data as string) as unknown,
  };
  return record as StoredRecord;
}

function changeOf(row: Row): LoggedChange {
  const { seq, sid, n, actor, at } = row as unknown as LoggedChange;
  return { seq, sid, n, actor, at, ops: JSON.parse(row.ops as string) as LoggedOp[] };
}

function peerOf(row: Row): PeerRow {
  const { sid, user_id: userId, last_n: lastN } = row as { sid: string; user_id: string | null; last_n: number };
  return { sid, userId, lastN, rejects: JSON.parse(row.rejects as string) as { n: number; code: ErrorCode; id: string | null }[] };
}
