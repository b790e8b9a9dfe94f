/** What a client is given, and what it tells. */
import type { AnyRecord, Op, Page, Peer, Snapshot } from "@lectern/protocol";
import type { ErrorCode, FailingPath, Grants } from "@lectern/protocol/plain";
import type { PushQueue } from "./push-queue.ts";
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
  /** The session's rights, when they are known and whenever they change. */
  grants: Grants;
  /** What this client was opened with is not what the layer stands on any more: its document has another file, or it was made anew. */
  replaced: { readonly epoch: number };
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
  /** Asked before every connection; `expired`: the last one is of no use any more. A thrown ApiError of 401 or 403 closes the client. */
  readonly getToken: (why: "connect" | "expired") => Promise<string>;
  readonly fetchSnapshot: (url: string) => Promise<Snapshot>;
  readonly initial?: InitialRecords;
  /** The pages of the revision by their derived ids, so that they can be changed like records; null: none of that id. */
  readonly page?: (id: string) => Page | null;
  /** When the token allows several. */
  readonly document?: string;
  readonly layer?: string;
  /** Errors that concern nobody's change: a listener that threw, a queue that cannot be written. Left out: thrown in a task of their own. */
  readonly onError?: (error: unknown) => void;
}

export interface CreateOptions {
  readonly id?: string;
  /** Left out: the session's default group. */
  readonly grp?: string | null;
}
