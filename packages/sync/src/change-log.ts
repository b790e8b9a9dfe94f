/**
 * PORT: where a layer's log lives. One implementation in memory here (the reference), others in the server; all run `changeLogSuite`.
 * A layer's state is base ⊕ records: `load` gives what the layer itself changed, the base is handed to the room separately.
 */
import type { AnyRecord, Op } from "@lectern/protocol";

/** A stored record: a tombstone keeps its last data so that it can be restored. */
export type StoredRecord = AnyRecord & { readonly deleted: boolean };

/** What a change did to one record. Enough for audit, undo, catch-up and the time machine. */
export interface LoggedOp {
  readonly id: string;
  /** As pushed or as the server wrote it (cascades). */
  readonly op: Op;
  /** Head before the change, for deciding who may learn of it; null when it did not exist. */
  readonly before: { readonly createdBy: string | null; readonly grp: string | null; readonly deleted: boolean; readonly data: Record<string, unknown> } | null;
}

export interface LoggedChange {
  readonly seq: number;
  readonly sid: string;
  readonly n: number;
  /** User id; null for nobody in particular. */
  readonly actor: string | null;
  readonly at: number;
  readonly ops: readonly LoggedOp[];
}

/** One accepted push, ready to be written. */
export interface PendingCommit {
  readonly change: LoggedChange;
  /** Whole new state of each record touched. */
  readonly records: readonly StoredRecord[];
  /** Events for webhooks and usage, written in the same transaction. */
  readonly events: readonly { readonly topic: string; readonly payload: unknown }[];
}

export interface LayerHead {
  readonly seq: number;
  readonly epoch: number;
  /** Catch-up from before this seq is a reset. */
  readonly floorSeq: number;
}

export interface PeerRow {
  readonly sid: string;
  readonly userId: string | null;
  readonly lastN: number;
}

export type CommitResult = "committed" | "conflict";

export interface ChangeLog {
  /** Head and all records of the layer, tombstones included, from one snapshot. */
  load(): Promise<{ readonly head: LayerHead; readonly records: readonly StoredRecord[] }>;
  /**
   * Writes the batch in one transaction if the layer's seq still is `expectedSeq`; resolved only when it is on disk.
   * `conflict`: somebody else was first, nothing was written. Also upserts each sid's `lastN`.
   */
  commitBatch(expectedSeq: number, commits: readonly PendingCommit[], peers: readonly PeerRow[]): Promise<CommitResult>;
  /** Changes with seq > since in order, with the records they touched as those are now; null when `since` is below the floor. */
  changesSince(since: number): Promise<{ readonly head: LayerHead; readonly changes: readonly LoggedChange[]; readonly records: readonly StoredRecord[] } | null>;
  peer(sid: string): Promise<PeerRow | null>;
}
