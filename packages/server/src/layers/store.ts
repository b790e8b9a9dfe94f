/**
 * Layers in the database: the log that a room writes to (`layerLog`), and finding, listing and deleting layers.
 * A commit is one transaction that first moves the layer's `seq` from what the room believes it to be: who comes second writes nothing.
 */
import type { ErrorCode } from "@lectern/protocol/plain";
import { ApiError, newId } from "@lectern/protocol/plain";
import type {
  ChangeLog,
  CommitResult,
  LayerHead,
  LoggedChange,
  LoggedOp,
  PeerRow,
  PeerUpdate,
  PendingCommit,
  StoredRecord,
} from "@lectern/sync/room";
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

const LAYER = "SELECT id, application_id, document_id, name, revision, seq, epoch, floor_seq, erased_seq, created_at FROM layers";

interface LayerRow {
  readonly id: string;
  readonly application_id: string;
  readonly document_id: string;
  readonly name: string;
  readonly revision: number;
  readonly seq: number;
  readonly epoch: number;
  readonly floor_seq: number;
  readonly erased_seq: number;
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

function headOf(row: Pick<LayerRow, "seq" | "epoch" | "floor_seq" | "erased_seq">): LayerHead {
  return { seq: row.seq, epoch: row.epoch, floorSeq: row.floor_seq, ...(row.erased_seq === 0 ? {} : { erasedSeq: row.erased_seq }) };
}

/** null when nobody has opened a layer of that name yet. */
export async function findLayer(database: Database, { applicationId, documentId, name }: LayerName): Promise<Layer | null> {
  const sql = `${LAYER} WHERE application_id = ? AND document_id = ? AND name = ?`;
  const [row] = await database.query<LayerRow>(sql, [applicationId, documentId, name]);
  return row === undefined ? null : layerOf(row);
}

const INSERT_LAYER = `INSERT INTO layers (id, application_id, document_id, name, revision, seq, floor_seq, epoch, created_at)
  VALUES (?, ?, ?, ?, ?, 0, 0,
    COALESCE((SELECT epoch + 1 FROM deleted_layers WHERE application_id = ? AND document_id = ? AND name = ?), 0), ?)`;

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
        sql: `${INSERT_LAYER} ON CONFLICT (application_id, document_id, name) DO NOTHING`,
        params: [newId(now, random(10)), applicationId, documentId, name, revision, applicationId, documentId, name, now],
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

/**
 * A layer that is not there yet. With a source it has that layer's rows, and history begins there. Throws ApiError `exists`, `not_found` (the
 * document, or the source).
 */
export async function createLayer(
  database: Database,
  wanted: LayerName & { readonly revision: number },
  source: Layer | null,
  { clock, random, also = [] }: { readonly clock: Clock; readonly random: Random; readonly also?: readonly Statement[] },
): Promise<Layer> {
  const { applicationId, documentId, name } = wanted;
  const now = clock.now();
  const id = newId(now, random(10));
  const revision = source?.revision ?? wanted.revision;
  const insert = { sql: INSERT_LAYER, params: [id, applicationId, documentId, name, revision, applicationId, documentId, name, now] };
  const copy =
    source === null
      ? []
      : [
          // Nobody writes to the source before this has ended.
          { sql: "UPDATE layers SET seq = seq WHERE id = ?", params: [source.id], expect: 1 },
          {
            sql: `UPDATE layers SET seq = (SELECT seq FROM layers WHERE id = ?), floor_seq = (SELECT seq FROM layers WHERE id = ?),
              erased_seq = (SELECT erased_seq FROM layers WHERE id = ?) WHERE id = ?`,
            params: [source.id, source.id, source.id, id],
          },
          {
            sql: `INSERT INTO records (layer_id, id, kind, seq, page_id, created_by, created_at, updated_by, updated_at, grp, deleted, data)
              SELECT CAST(? AS TEXT), id, kind, seq, page_id, created_by, created_at, updated_by, updated_at, grp, deleted, data FROM records WHERE layer_id = ?`,
            params: [id, source.id],
          },
        ];
  try {
    await database.transaction([
      { sql: "SELECT id FROM documents WHERE application_id = ? AND id = ?", params: [applicationId, documentId], expect: 1 },
      insert,
      ...copy,
      ...also,
    ]);
  } catch (error) {
    if (error instanceof UniqueViolation) throw new ApiError("exists", `There is a layer with the name ${name} already`, { cause: error });
    if (error instanceof Conflict) throw new ApiError("not_found", "The document or the source layer does not exist", { cause: error });
    throw error;
  }
  const made = await findLayer(database, wanted);
  if (made === null) throw new ApiError("not_found", "The layer was deleted");
  return made;
}

/** By name; the default layer, where it exists, is first. What earlier revisions left is not among them. */
export async function listLayers(database: Database, applicationId: string, documentId: string): Promise<Layer[]> {
  return (await allLayers(database, applicationId, documentId)).filter(({ name }) => !name.startsWith("*"));
}

/** The default layer as earlier revisions left it, oldest first: its rows under the name `*` and the revision. No caller can name it. */
export async function archivedLayers(database: Database, { applicationId, documentId }: Omit<LayerName, "name">): Promise<Layer[]> {
  const all = await allLayers(database, applicationId, documentId);
  return all.filter(({ name }) => name.startsWith("*")).toSorted((a, b) => a.revision - b.revision);
}

async function allLayers(database: Database, applicationId: string, documentId: string): Promise<Layer[]> {
  const sql = `${LAYER} WHERE application_id = ? AND document_id = ? ORDER BY name`;
  return (await database.query<LayerRow>(sql, [applicationId, documentId])).map(layerOf);
}

/** Everything of one layer. */
export async function deleteLayer(database: Database, layerId: string, also: readonly Statement[] = []): Promise<void> {
  await database.transaction([
    {
      sql: `INSERT INTO deleted_layers (application_id, document_id, name, epoch)
        SELECT application_id, document_id, name, epoch FROM layers WHERE id = ?
        ON CONFLICT (application_id, document_id, name) DO UPDATE SET epoch = excluded.epoch`,
      params: [layerId],
    },
    ...["records", "changes", "peers", "seen"].map((table) => ({ sql: `DELETE FROM ${table} WHERE layer_id = ?`, params: [layerId] })),
    // Of two who delete it at once, one does it.
    { sql: "DELETE FROM layers WHERE id = ?", params: [layerId], ...(also.length === 0 ? {} : { expect: 1 }) },
    ...also,
  ]);
}

/** Everything of all layers of a document, for the transaction that deletes it. */
export function deleteLayersOfDocument(applicationId: string, documentId: string): Statement[] {
  const params = [applicationId, documentId];
  const mine = "(SELECT id FROM layers WHERE application_id = ? AND document_id = ?)";
  return [
    ...["records", "changes", "peers", "seen"].map((table) => ({ sql: `DELETE FROM ${table} WHERE layer_id IN ${mine}`, params })),
    { sql: "DELETE FROM layers WHERE application_id = ? AND document_id = ?", params },
  ];
}

/**
 * The statements that copy layers, with records and history, to another document of the application. The first one of each holds the layer as
 * a commit does, so that what follows sees one moment of it.
 */
export function copyLayers(layers: readonly { readonly from: string; readonly to: string }[], documentId: string): Statement[] {
  return layers.flatMap(({ from, to }) => [
    { sql: "UPDATE layers SET seq = seq WHERE id = ?", params: [from], expect: 1 },
    {
      sql: `INSERT INTO layers (id, application_id, document_id, name, revision, seq, floor_seq, epoch, erased_seq, created_at)
        SELECT ?, application_id, ?, name, revision, seq, floor_seq, epoch, erased_seq, created_at FROM layers WHERE id = ?`,
      params: [to, documentId, from],
    },
    {
      sql: `INSERT INTO records (layer_id, id, kind, seq, page_id, created_by, created_at, updated_by, updated_at, grp, deleted, data)
        SELECT ?, id, kind, seq, page_id, created_by, created_at, updated_by, updated_at, grp, deleted, data FROM records WHERE layer_id = ?`,
      params: [to, from],
    },
    {
      sql: `INSERT INTO changes (layer_id, seq, sid, n, actor, at, session_id, ops)
        SELECT ?, seq, sid, n, actor, at, session_id, ops FROM changes WHERE layer_id = ?`,
      params: [to, from],
    },
  ]);
}

/** The change by which a layer came to another revision; no client can name a queue like that. */
const REVISION_SID = /^revision:(\d+)$/;

/** null: an ordinary change. */
export function revisionOf({ sid }: Pick<LoggedChange, "sid">): number | null {
  const found = REVISION_SID.exec(sid);
  return found === null ? null : Number(found[1]);
}

export interface LayerMove {
  /** Of the document, where the layer goes. */
  readonly revision: number;
  /** A new id, for what it leaves behind. */
  readonly archiveId: string;
  /** What it has on the new base, with the seq after its own. */
  readonly records: readonly StoredRecord[];
  readonly now: number;
}

/**
 * The statements by which the default layer goes to another revision as one change. What it had stays readable as `archivedLayers`; its id, its
 * queues and what people have seen go with it. Whoever has committed since `layer` was read wins (`Conflict`).
 */
export function moveLayer({ id, name, revision: from, head }: Layer, { revision, archiveId, records, now }: LayerMove): Statement[] {
  const seq = head.seq + 1;
  return [
    { sql: "UPDATE layers SET seq = seq WHERE id = ? AND seq = ? AND epoch = ?", params: [id, head.seq, head.epoch], expect: 1 },
    {
      sql: `INSERT INTO layers (id, application_id, document_id, name, revision, seq, floor_seq, epoch, erased_seq, created_at)
        SELECT ?, application_id, document_id, ?, revision, seq, floor_seq, epoch, erased_seq, created_at FROM layers WHERE id = ?`,
      params: [archiveId, `${name}*${from}`, id],
    },
    { sql: "UPDATE records SET layer_id = ? WHERE layer_id = ?", params: [archiveId, id] },
    { sql: "UPDATE changes SET layer_id = ? WHERE layer_id = ?", params: [archiveId, id] },
    {
      sql: "UPDATE layers SET seq = ?, floor_seq = ?, epoch = epoch + 1, revision = ? WHERE id = ?",
      params: [seq, seq, revision, id],
    },
    ...rowStatements(INSERT_CHANGES, [changeRow(id, { seq, sid: `revision:${revision}`, n: 1, actor: null, at: now, ops: [] })]),
    ...rowStatements(
      UPSERT_RECORDS,
      records.map((record) => recordRow(id, record)),
    ),
  ];
}

/** A statement for so many rows. */
interface RowsInsert {
  readonly count: number;
  readonly sql: string;
}

/** Many rows in one statement cost a server less than many statements do, and few texts are prepared once each. Most rows first. */
function rowsInserts(columns: number, sql: (rows: string) => string): readonly RowsInsert[] {
  const row = `(${Array.from({ length: columns }, () => "?").join(", ")})`;
  return [50, 10, 1].map((count) => ({ count, sql: sql(Array.from({ length: count }, () => row).join(", ")) }));
}

const HEAD = "SELECT seq, epoch, floor_seq, erased_seq FROM layers WHERE id = ?";
const ERASED = "UPDATE layers SET erased_seq = ? WHERE id = ?";
const ADVANCE = "UPDATE layers SET seq = ? WHERE id = ? AND seq = ?";
const INSERT_PEER = "INSERT INTO peers (layer_id, sid, user_id, last_n, rejects, updated_at) VALUES (?, ?, ?, ?, ?, ?)";
const UPDATE_PEER = "UPDATE peers SET user_id = ?, last_n = ?, rejects = ?, updated_at = ? WHERE layer_id = ? AND sid = ? AND last_n = ?";
/** For one who has the layer to itself, and has read the row before. */
const PUT_PEER = `${INSERT_PEER} ON CONFLICT (layer_id, sid) DO UPDATE SET user_id = excluded.user_id, last_n = excluded.last_n,
  rejects = excluded.rejects, updated_at = excluded.updated_at`;
/** Nobody else writes to the layer before the transaction has ended. */
const HOLD = "UPDATE layers SET seq = seq WHERE id = ?";
const INSERT_CHANGES = rowsInserts(8, (rows) => `INSERT INTO changes (layer_id, seq, sid, n, actor, at, session_id, ops) VALUES ${rows}`);
const UPSERT_RECORDS = rowsInserts(
  12,
  (rows) => `INSERT INTO records (layer_id, id, kind, seq, page_id, created_by, created_at, updated_by, updated_at, grp, deleted, data)
  VALUES ${rows} ON CONFLICT (layer_id, id) DO UPDATE SET kind = excluded.kind, seq = excluded.seq,
  page_id = excluded.page_id, created_by = excluded.created_by, created_at = excluded.created_at, updated_by = excluded.updated_by,
  updated_at = excluded.updated_at, grp = excluded.grp, deleted = excluded.deleted, data = excluded.data`,
);
const INSERT_EVENT = `INSERT INTO outbox (id, application_id, topic, payload, created_at)
  VALUES (?, (SELECT application_id FROM layers WHERE id = ?), ?, ?, ?)`;
/** By id, so that a layer that is read again has its records in the same order. */
const RECORDS =
  "SELECT id, kind, seq, created_by, created_at, updated_by, updated_at, grp, deleted, data FROM records WHERE layer_id = ? ORDER BY id";
const CHANGES_SINCE = "SELECT seq, sid, n, actor, at, session_id, ops FROM changes WHERE layer_id = ? AND seq > ? ORDER BY seq";
const peersSql = (count: number): string => {
  const marks = Array.from({ length: count }, () => "?").join(", ");
  return `SELECT sid, user_id, last_n, rejects FROM peers WHERE layer_id = ? AND sid IN (${marks})`;
};
const PEER = "SELECT sid, user_id, last_n, rejects FROM peers WHERE layer_id = ? AND sid = ?";

/** Head, all records and the changes with seq > since, from one moment. Throws ApiError `gone` when the layer has been deleted. */
export async function momentOf(
  database: Database,
  layerId: string,
  since: number,
): Promise<{ readonly head: LayerHead; readonly records: readonly StoredRecord[]; readonly changes: readonly LoggedChange[] }> {
  const [heads, records, changes] = await database.snapshot([
    { sql: HEAD, params: [layerId] },
    { sql: RECORDS, params: [layerId] },
    { sql: CHANGES_SINCE, params: [layerId, since] },
  ]);
  const head = heads![0];
  if (head === undefined) throw new ApiError("gone", "The layer has been deleted");
  return { head: headOf(head as unknown as LayerRow), records: records!.map(recordOf), changes: changes!.map(changeOf) };
}

/** The log of one layer. Its methods throw ApiError `gone` when the layer has been deleted. */
export function layerLog(database: Database, layerId: string, clock: Clock): ChangeLog {
  async function withHead(query: Query): Promise<{ head: LayerHead; rows: Row[] }> {
    const [heads, rows] = await database.snapshot([{ sql: HEAD, params: [layerId] }, query]);
    const head = heads![0];
    if (head === undefined) throw new ApiError("gone", "The layer has been deleted");
    return { head: headOf(head as unknown as LayerRow), rows: rows! };
  }

  const inTurn = async (
    since: number,
    sids: readonly string[],
    decide: Parameters<NonNullable<ChangeLog["commitInTurn"]>>[2],
  ): Promise<CommitResult> => {
    const first: Statement[] = [
      { sql: HOLD, params: [layerId], expect: 1 },
      { sql: HEAD, params: [layerId] },
      { sql: CHANGES_SINCE, params: [layerId, since] },
      ...(sids.length === 0 ? [] : [{ sql: peersSql(sids.length), params: [layerId, ...sids] }]),
    ];
    try {
      await database.exchange!(first, async ([, heads, changes, peers = []]) => {
        const head = headOf(heads![0] as unknown as LayerRow);
        const turn = { head, changes: since < head.floorSeq ? null : changes!.map(changeOf), peers: peers.map(peerOf) };
        const writes = await decide(turn);
        checkOrder(head.seq, writes.commits);
        const now = clock.now();
        return [
          { sql: ADVANCE, params: [head.seq + writes.commits.length, layerId, head.seq] },
          ...writes.peers.map(({ sid, userId, lastN, rejects }) => ({
            sql: PUT_PEER,
            params: [layerId, sid, userId, lastN, JSON.stringify(rejects), now],
          })),
          ...commitStatements(layerId, writes.commits, now),
        ];
      });
      return "committed";
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      if ((await database.query(HEAD, [layerId])).length === 0) throw new ApiError("gone", "The layer has been deleted", { cause: error });
      return "conflict";
    }
  };

  return {
    async load() {
      const { head, rows } = await withHead({ sql: RECORDS, params: [layerId] });
      return { head, records: rows.map(recordOf), texts: rows.map((row) => row.data as string) };
    },

    async commitBatch(expectedSeq, commits, peers) {
      checkOrder(expectedSeq, commits);
      const now = clock.now();
      const guards: Statement[] = [
        { sql: ADVANCE, params: [expectedSeq + commits.length, layerId, expectedSeq], expect: 1 },
        ...peers.map((peer) => peerStatement(layerId, peer, now)),
      ];
      try {
        await database.transaction([...guards, ...commitStatements(layerId, commits, now)]);
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

    ...(database.exchange === undefined ? {} : { commitInTurn: (since, sids, decide) => inTurn(since, sids, decide) }),

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

function checkOrder(expectedSeq: number, commits: readonly PendingCommit[]): void {
  const wrong = commits.findIndex(({ change }, index) => change.seq !== expectedSeq + index + 1);
  if (wrong >= 0) throw new Error(`change ${commits[wrong]!.change.seq} does not follow ${expectedSeq + wrong}`);
}

/** All of a batch but its guards. */
function commitStatements(layerId: string, commits: readonly PendingCommit[], now: number): Statement[] {
  return [
    ...rowStatements(
      INSERT_CHANGES,
      commits.map(({ change, json }) => changeRow(layerId, change, json?.ops)),
    ),
    ...rowStatements(UPSERT_RECORDS, lastStates(layerId, commits)),
    ...commits.filter(({ erases }) => erases === true).map(({ change }) => ({ sql: ERASED, params: [change.seq, layerId] })),
    ...commits.flatMap((commit) => eventStatements(layerId, commit, now)),
  ];
}

function peerStatement(layerId: string, { sid, userId, lastN, rejects, expected }: PeerUpdate, now: number): Statement {
  const text = JSON.stringify(rejects);
  if (expected === 0) return { sql: INSERT_PEER, params: [layerId, sid, userId, lastN, text, now], expect: 1 };
  return { sql: UPDATE_PEER, params: [userId, lastN, text, now, layerId, sid, expected], expect: 1 };
}

function rowStatements(inserts: readonly RowsInsert[], rows: readonly SqlValue[][]): Statement[] {
  const statements: Statement[] = [];
  for (let at = 0; at < rows.length;) {
    const { count, sql } = inserts.find((insert) => insert.count <= rows.length - at)!;
    const params: SqlValue[] = [];
    // Not `flat`, which looks each value up by its name: a tenth of all that a change needs.
    for (const end = at + count; at < end; at++) params.push(...rows[at]!);
    statements.push({ sql, params });
  }
  return statements;
}

function changeRow(layerId: string, { seq, sid, n, actor, at, session, ops }: LoggedChange, json = JSON.stringify(ops)): SqlValue[] {
  return [layerId, seq, sid, n, actor, at, session ?? null, json];
}

/** The commits of a batch may write one record several times: its last state counts. */
function lastStates(layerId: string, commits: readonly PendingCommit[]): SqlValue[][] {
  const rows = new Map<string, SqlValue[]>();
  for (const { records, json } of commits)
    for (const [index, record] of records.entries()) rows.set(record.id, recordRow(layerId, record, json?.data[index]));
  return [...rows.values()];
}

function recordRow(layerId: string, record: StoredRecord, json = JSON.stringify(record.data)): SqlValue[] {
  const { id, kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, deleted, data } = record;
  const page = "page" in data && typeof data.page === "string" ? data.page : null;
  return [layerId, id, kind, seq, page, createdBy, createdAt, updatedBy, updatedAt, grp, deleted ? 1 : 0, json];
}

function eventStatements(layerId: string, { change, events }: PendingCommit, now: number): Statement[] {
  return events.map(({ topic, payload }, index) => ({
    sql: INSERT_EVENT,
    params: [`${layerId}-${change.seq}-${index}`, layerId, topic, JSON.stringify(payload), now],
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

export function changeOf(row: Row): LoggedChange {
  const { seq, sid, n, actor, at } = row as unknown as LoggedChange;
  const session = row.session_id === null ? {} : { session: row.session_id as string };
  return { seq, sid, n, actor, at, ...session, ops: JSON.parse(row.ops as string) as LoggedOp[] };
}

function peerOf(row: Row): PeerRow {
  const { sid, user_id: userId, last_n: lastN } = row as { sid: string; user_id: string | null; last_n: number };
  return { sid, userId, lastN, rejects: JSON.parse(row.rejects as string) as { n: number; code: ErrorCode; id: string | null }[] };
}
