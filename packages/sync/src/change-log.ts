/**
 * PORT: where a layer's log lives. One implementation in memory here (the reference), others in the server; all run `changeLogSuite`.
 * A layer's state is base ⊕ records: `load` gives what the layer itself changed, the base is handed to the room separately.
 */
import type { AnyRecord, Op, Reject } from "@lectern/protocol";

/** A stored record: a tombstone keeps its last data so that it can be restored. */
export type StoredRecord = AnyRecord & { readonly deleted: boolean };

/** What a change did to one record. Enough for audit, undo, catch-up and the time machine. */
export interface LoggedOp {
  readonly id: string;
  /** As checked, and as the server wrote it (cascades): `applyOp` of the record before gives exactly the record after. A create names its group. */
  readonly op: Op;
  /**
   * Head before the change, for deciding who may learn of it; null when it did not exist. `data` holds what the op overwrote only:
   * for an update the old values of the patched properties (one that is missing did not exist), else nothing.
   */
  readonly before: {
    readonly createdBy: string | null;
    readonly grp: string | null;
    readonly deleted: boolean;
    /** The change that had written it last; 0 for what the revision has. */
    readonly seq: number;
    readonly data: Record<string, unknown>;
  } | null;
}

export interface LoggedChange {
  readonly seq: number;
  /** "" and 0 for a change that nobody will repeat. */
  readonly sid: string;
  readonly n: number;
  /** User id; null for nobody in particular. */
  readonly actor: string | null;
  readonly at: number;
  /** The session that made it; left out for a backend's key and for the server itself. */
  readonly session?: string;
  readonly ops: readonly LoggedOp[];
}

/** One accepted push, ready to be written. */
export interface PendingCommit {
  readonly change: LoggedChange;
  /** Whole new state of each record touched. */
  readonly records: readonly StoredRecord[];
  /** The same as JSON texts, from who has made them already: of `change.ops`, and of the data of each of `records`. */
  readonly json?: { readonly ops: string; readonly data: readonly string[] };
  /** Events for webhooks and usage, written in the same transaction. */
  readonly events: readonly { readonly topic: string; readonly payload: unknown }[];
  /** What was before it is meant to disappear: the layer's `erasedSeq` becomes its seq, in the same transaction. */
  readonly erases?: boolean;
}

export interface LayerHead {
  readonly seq: number;
  /** Raised together with `seq` when the base is replaced. */
  readonly epoch: number;
  /** Catch-up from before this seq is a reset. */
  readonly floorSeq: number;
  /** The last erasing change: for sessions history begins with it. Left out or 0: there was none. */
  readonly erasedSeq?: number;
}

/** What is known of a queue of pushes: which was decided last, and which of the last ones were refused (their answer may have been lost). */
export interface PeerRow {
  readonly sid: string;
  readonly userId: string | null;
  readonly lastN: number;
  readonly rejects: readonly Reject[];
}

/** A peer's new row. `expected` is the `lastN` it must have in the log now (0: no row). */
export interface PeerUpdate extends PeerRow {
  readonly expected: number;
}

export type CommitResult = "committed" | "conflict";

/** What a layer is when its turn has come, and what the room writes then. */
export interface Turn {
  readonly head: LayerHead;
  /** With seq > since; null when `since` is below the floor. */
  readonly changes: readonly LoggedChange[] | null;
  /** Rows of the peers asked for, of those that there are. */
  readonly peers: readonly PeerRow[];
}

export interface TurnWrites {
  readonly commits: readonly PendingCommit[];
  readonly peers: readonly PeerUpdate[];
}

export interface ChangeLog {
  /** Head and all records of the layer, tombstones included, from one snapshot. `texts`: JSON of the data of each, from a log that has it as text. */
  load(): Promise<{ readonly head: LayerHead; readonly records: readonly StoredRecord[]; readonly texts?: readonly string[] }>;
  /**
   * Writes commits and peers in one transaction if the layer's seq still is `expectedSeq` and every peer still is where it is expected;
   * resolved only when it is on disk. `conflict`: somebody else was first, nothing was written. `commits` have the seqs expectedSeq + 1, + 2, …
   * and may be empty (pushes that were all refused are decided, too). Rejection: it is unknown whether it was written.
   */
  commitBatch(expectedSeq: number, commits: readonly PendingCommit[], peers: readonly PeerUpdate[]): Promise<CommitResult>;
  /**
   * For a room that came second: waits for its turn, and nobody else writes from before `decide` is called until what it gave is on disk. `decide` is
   * called once at most. `conflict`: nothing was written, try again. Left out where one process has the log for itself.
   */
  commitInTurn?(since: number, sids: readonly string[], decide: (turn: Turn) => TurnWrites | Promise<TurnWrites>): Promise<CommitResult>;
  /** Changes with seq > since in order, and the head, from one snapshot; null when `since` is below the floor. */
  changesSince(since: number): Promise<{ readonly head: LayerHead; readonly changes: readonly LoggedChange[] } | null>;
  peer(sid: string): Promise<PeerRow | null>;
}
