/** The log of layers as history: who wrote what, page by page; what people have seen; and what is to be forgotten. */
import type { LoggedChange, LoggedOp, Writer } from "@lectern/sync/room";
import type { Database, Statement } from "../../ports.ts";
import { changeOf } from "../store.ts";

const AT_ONCE = 1000;

/** Who wrote these changes of a layer; those that are not kept are left out. */
export async function writersOf(database: Database, layerId: string, seqs: readonly number[]): Promise<Map<number, Writer>> {
  const writers = new Map<number, Writer>();
  for (let at = 0; at < seqs.length; at += AT_ONCE) {
    const some = seqs.slice(at, at + AT_ONCE);
    const marks = some.map(() => "?").join(", ");
    const rows = await database.query<{ seq: number; at: number; actor: string | null }>(
      `SELECT seq, at, actor FROM changes WHERE layer_id = ? AND seq IN (${marks})`,
      [layerId, ...some],
    );
    for (const { seq, ...writer } of rows) writers.set(seq, writer);
  }
  return writers;
}

/** Up to `limit` changes with `after` < seq <= `upTo`, oldest or newest first. */
export async function changesBetween(
  database: Database,
  layerId: string,
  range: { readonly after: number; readonly upTo: number; readonly limit: number; readonly newestFirst: boolean },
): Promise<LoggedChange[]> {
  const direction = range.newestFirst ? "DESC" : "ASC";
  const rows = await database.query(
    `SELECT seq, sid, n, actor, at, session_id, ops FROM changes WHERE layer_id = ? AND seq > ? AND seq <= ? ORDER BY seq ${direction} LIMIT ?`,
    [layerId, range.after, range.upTo, range.limit],
  );
  return rows.map(changeOf);
}

/** Layers that hold changes made before `before`, with the last of those. */
export async function layersWithOldChanges(
  database: Database,
  before: number,
  limit: number,
): Promise<readonly { readonly layerId: string; readonly seq: number }[]> {
  const rows = await database.query<{ layer_id: string; seq: number }>(
    "SELECT layer_id, MAX(seq) AS seq FROM changes WHERE at < ? GROUP BY layer_id LIMIT ?",
    [before, limit],
  );
  return rows.map(({ layer_id: layerId, seq }) => ({ layerId, seq }));
}

/** Forgets the changes up to this seq: earlier states cannot be read any more, and who was away longer reads the layer anew. */
export function forgetChanges(layerId: string, seq: number): Statement[] {
  return [
    { sql: "UPDATE layers SET floor_seq = ? WHERE id = ? AND floor_seq < ?", params: [seq, layerId, seq] },
    { sql: "DELETE FROM changes WHERE layer_id = ? AND seq <= ?", params: [layerId, seq] },
  ];
}

/** Everything of a layer that nobody can open. */
export function forgetLayer(layerId: string): Statement[] {
  return [
    ...["records", "changes", "peers", "seen"].map((table) => ({ sql: `DELETE FROM ${table} WHERE layer_id = ?`, params: [layerId] })),
    { sql: "DELETE FROM layers WHERE id = ?", params: [layerId] },
  ];
}

/**
 * Removes what was before an erasing change: earlier changes, what that change overwrote, and the content of what was deleted up to it. Answers with
 * the files of pages that it named.
 */
export async function forgetErased(
  database: Database,
  layerId: string,
  erasedSeq: number,
  also: readonly Statement[] = [],
): Promise<Set<string>> {
  const [erasing] = await changesBetween(database, layerId, { after: erasedSeq - 1, upTo: erasedSeq, limit: 1, newestFirst: false });
  const earlier = await database.query<{ ops: string }>("SELECT ops FROM changes WHERE layer_id = ? AND seq < ?", [layerId, erasedSeq]);
  const files = new Set<string>();
  const note = (content: unknown): void => {
    const source = (content as { readonly source?: unknown } | null | undefined)?.source;
    if (typeof source === "string") files.add(source);
  };
  for (const { before } of erasing?.ops ?? []) note(before?.data["content"]);
  for (const { op, before } of earlier.flatMap((row) => JSON.parse(row.ops) as LoggedOp[])) {
    note(before?.data["content"]);
    if (op[0] === "c") note((op[3] as { readonly content?: unknown }).content);
    if (op[0] === "u") note(op[2]["content"]);
  }
  const kept = erasing?.ops.map(({ before, ...rest }) => ({ ...rest, before: before === null ? null : { ...before, data: {} } }));
  await database.transaction([
    ...(kept === undefined
      ? []
      : [{ sql: "UPDATE changes SET ops = ? WHERE layer_id = ? AND seq = ?", params: [JSON.stringify(kept), layerId, erasedSeq] }]),
    { sql: "DELETE FROM changes WHERE layer_id = ? AND seq < ?", params: [layerId, erasedSeq] },
    { sql: "UPDATE layers SET floor_seq = ? WHERE id = ? AND floor_seq < ?", params: [erasedSeq, layerId, erasedSeq] },
    {
      sql: "UPDATE records SET data = '{}' WHERE layer_id = ? AND seq <= ? AND deleted = 1 AND kind <> 'page'",
      params: [layerId, erasedSeq],
    },
    ...also,
  ]);
  return files;
}

/** A change under this sid is in the layer's log. */
export async function wasApplied(database: Database, layerId: string, sid: string): Promise<boolean> {
  return (await database.query("SELECT sid FROM peers WHERE layer_id = ? AND sid = ?", [layerId, sid])).length > 0;
}
