import type { AnyRecord, Op, Patch, Peer, Presence, RecordData, Snapshot } from "@lectern/protocol";
import type { ErrorCode, FailingPath, Grants, RecordKind } from "@lectern/protocol/plain";
import type { PushQueue } from "./push-queue.ts";
import type { Records } from "./record-store.ts";
import type { Clock, Connect } from "./socket.ts";

export type ConnectionState = "connecting" | "online" | "offline" | "closed";

export interface SaveState {
  /** `saved`: the server has everything. `saving`: on its way. `offline`: waits for the connection. */
  readonly state: "saved" | "saving" | "offline";
  /** Pushes that the server has not decided. */
  readonly pending: number;
  /** All of those are in the queue, so closing the tab loses none. */
  readonly onDevice: boolean;
  /** Refused or lost since the last `clearConflicts()`. */
  readonly conflicts: number;
}

/** A push that was refused; its ops have been taken back on screen. */
export interface Rejection {
  readonly code: ErrorCode;
  /** The record it failed on. */
  readonly id: string | null;
  readonly detail: string | undefined;
  readonly failingPaths: readonly FailingPath[] | undefined;
  /** What is not going to happen. */
  readonly ops: readonly Op[];
}

export interface SyncClientEvents {
  state: ConnectionState;
  save: SaveState;
  reject: Rejection;
  /** Others who have the layer open, whenever one comes, goes or moves. */
  peers: readonly Peer[];
  /** The session's rights changed. */
  grants: Grants;
  history: { readonly canUndo: boolean; readonly canRedo: boolean };
  /** The connection will not be tried again: session revoked, document deleted, … */
  closed: { readonly code: ErrorCode };
}

/** What is known before the socket is open. */
export interface InitialRecords {
  readonly seq: number;
  readonly epoch: number;
  readonly grants: Grants;
  readonly records: readonly AnyRecord[];
  /** These are all that the layer has, so the socket starts at `seq`. */
  readonly complete: boolean;
}

export interface SyncClientOptions {
  readonly connect: Connect;
  readonly queue: PushQueue;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  /** Asked before every connection; `expired`: the last one is of no use any more. A thrown ApiError 401 or 403 closes the client. */
  readonly getToken: (why: "connect" | "expired") => Promise<string>;
  readonly fetchSnapshot: (url: string) => Promise<Snapshot>;
  readonly initial?: InitialRecords;
  /** When the token allows several. */
  readonly document?: string;
  readonly layer?: string;
}

export interface CreateOptions {
  readonly id?: string;
  readonly grp?: string | null;
}

export declare class SyncClient {
  constructor(options: SyncClientOptions);
  readonly records: Records;
  readonly state: ConnectionState;
  readonly save: SaveState;
  readonly grants: Grants | null;
  /** null before the first welcome. */
  readonly self: Peer | null;
  readonly peers: readonly Peer[];
  readonly seq: number;
  /** Reads the queue and connects; resolved when the queue is read, so that edits may begin. */
  start(): Promise<void>;
  on<E extends keyof SyncClientEvents>(event: E, listener: (value: SyncClientEvents[E]) => void): () => void;
  /** Each returns at once; the record shows the change at once. Returns the new id. */
  create<K extends RecordKind>(kind: K, data: RecordData[K], options?: CreateOptions): string;
  /** Replaces top-level properties; null removes one. */
  update(id: string, patch: Patch): void;
  delete(id: string): void;
  restore(id: string): void;
  setGroup(id: string, grp: string | null): void;
  /** All that `run` does is one push, applied whole or not at all, and one step of undo. */
  transact<T>(run: () => T): T;
  undo(): void;
  redo(): void;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** Merged with what was told before; sent at most 20 times a second. */
  setPresence(presence: Presence): void;
  /** A new token for the running connection. */
  renew(token: string): void;
  clearConflicts(): void;
  /** Resolves when everything done until now has been decided; rejects with ApiError `unavailable` when the client is closed before. */
  flush(): Promise<void>;
  /** Pending pushes stay in the queue. */
  close(): void;
}
