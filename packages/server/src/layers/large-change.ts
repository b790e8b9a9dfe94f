/**
 * What an operation expands to on the server (importing, restoring, merging, flattening): one change with one seq, however many ops it has, as long
 * as it writes at most `RECORDS_PER_CHANGE` records; more are several changes, each of them whole. Permissions are checked by the room as always.
 */
import type { Op } from "@lectern/protocol";
import { type CommitCaller, RECORDS_PER_CHANGE, type SyncRoom } from "@lectern/sync/room";

export interface LargeCommitted {
  /** Of the last change; the room's own when there was nothing to write. */
  readonly seq: number;
  /** How many changes it took. */
  readonly changes: number;
  /** All of it had been applied before, under this sid. */
  readonly repeated: boolean;
}

/**
 * `caller.sid` makes a repeat harmless, also of one that was interrupted between two changes, as long as the ops are the same ones.
 * Throws what `room.commit` throws; changes before the one that was refused stand.
 */
export async function commitLarge(
  room: SyncRoom,
  ops: readonly Op[],
  caller: Omit<CommitCaller, "server">,
  perChange = RECORDS_PER_CHANGE,
): Promise<LargeCommitted> {
  let seq = room.seq;
  let changes = 0;
  let repeated = ops.length > 0;
  for (let at = 0; at < ops.length;) {
    const end = at + fitting(room, ops, { at, perChange });
    const sid = caller.sid === undefined || at === 0 ? caller.sid : `${caller.sid}:${at}`;
    const committed = await room.commit(ops.slice(at, end), { ...caller, server: true, ...(sid === undefined ? {} : { sid }) });
    seq = Math.max(seq, committed.seq);
    repeated &&= committed.repeated;
    changes++;
    at = end;
  }
  return { seq, changes, repeated };
}

/** How many of the ops from there on fit into one change, with what hangs on their records and goes or comes with them. At least one. */
function fitting(room: SyncRoom, ops: readonly Op[], { at, perChange }: { readonly at: number; readonly perChange: number }): number {
  let records = 0;
  let count = 0;
  for (const [verb, id] of ops.slice(at, at + perChange)) {
    records += 1 + (verb === "c" || verb === "u" ? 0 : room.hangingOn(id));
    if (count > 0 && records > perChange) break;
    count++;
  }
  return count;
}
