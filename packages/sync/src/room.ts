import type { AnyRecord, ClientMessage, Op } from "@lectern/protocol";
import type { ErrorCode, Grants, SyncLimits } from "@lectern/protocol/plain";
import type { BaseRecords } from "./base-records.ts";
import type { ChangeLog, LoggedChange, PendingCommit, StoredRecord } from "./change-log.ts";
import type { Clock, Connection } from "./socket.ts";

/** "This layer is at this seq now", between nodes: lossy, a hint costs nothing when it is late, lost or sent twice. */
export interface LayerHint {
  readonly layer: string;
  readonly seq: number;
}
export interface LayerHints {
  publish(hint: LayerHint): void;
  subscribe(layer: string, listener: (hint: LayerHint) => void): () => void;
}

export interface SyncRoomOptions {
  readonly layerId: string;
  readonly log: ChangeLog;
  readonly base: BaseRecords;
  readonly clock: Clock;
  readonly limits: SyncLimits;
  /** Without them this is the only node. */
  readonly hints?: LayerHints;
  /** How often to look for changes of other nodes whose hint was lost, ms; 0 never. Only while somebody is in the room. */
  readonly pollMs?: number;
  /** Which of these blobs the document uses; without it a client can name none. */
  readonly hasBlobs?: (sha256s: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Webhook and usage events to write in the same transaction. */
  readonly eventsOf?: (change: LoggedChange, records: readonly StoredRecord[]) => PendingCommit["events"];
  /** Bytes up to which `welcome` carries the records itself when there is a snapshot URL. */
  readonly inlineBytes?: number;
  /** Nobody is in it any more; called again each time. */
  readonly onEmpty?: () => void;
  /** The room closed itself: the log failed, or the layer's base was replaced. Open a new one for whoever comes. */
  readonly onClosed?: (error: unknown) => void;
}

export interface JoinOptions {
  readonly connection: Connection;
  readonly grants: Grants;
  /** Shown to others. */
  readonly name: string;
  readonly sid: string;
  readonly since: number;
  readonly epoch?: number | undefined;
  readonly viewKey?: string | undefined;
  /** Where the records at `seq` or later can be fetched with this session. */
  readonly snapshotUrl?: ((seq: number) => string) | undefined;
}

/** One connection in the room. */
export interface Member {
  readonly id: string;
  /** A checked message; `hello` and `auth` are the socket's business. */
  receive(message: ClientMessage): void;
  /** New rights, from a new token. When they differ the client is told to say hello again. */
  reauthorise(grants: Grants): void;
  /** The connection ended. Nothing more is sent. */
  leave(): void;
  /** Tells why, and closes the connection. */
  bye(code: ErrorCode, retryAfter?: number): void;
}

export interface CommitCaller {
  readonly grants: Grants;
  /** Becomes `createdBy` and `updatedBy`; the session's user when left out. */
  readonly userId?: string | null;
  /** Makes a repeat harmless: the same sid is applied once and answers with a seq again. Left out: never repeated. */
  readonly sid?: string;
  /** The server itself (import, jobs): may write what no client may, with no limit of ops. Permissions still count. */
  readonly server?: boolean;
}

export interface Committed {
  /** The change is in every state from this seq on. */
  readonly seq: number;
  /** It had been applied before, under this sid. */
  readonly repeated: boolean;
}

export declare class SyncRoom {
  constructor(options: SyncRoomOptions);
  /** Reads the layer from the log; everything else waits for it. */
  load(): Promise<void>;
  readonly seq: number;
  readonly epoch: number;
  readonly memberCount: number;
  /** Sends `welcome`. Throws ApiError `forbidden` (a sid of another user), `unavailable`. */
  join(options: JoinOptions): Promise<Member>;
  /** All ops or none. Throws ApiError with the code and, for invalid data, `failingPaths` (`$.ops[2].geometry.bbox`). */
  commit(ops: readonly Op[], caller: CommitCaller): Promise<Committed>;
  /** The record as these rights see it; null when there is none or it is hidden. */
  record(id: string, grants: Grants): AnyRecord | null;
  /** All live records these rights see: base and layer, without pages that nobody changed. `pages`: only annotations and widgets of these. */
  snapshot(grants: Grants, pages?: readonly string[]): { readonly seq: number; readonly epoch: number; readonly records: readonly AnyRecord[] };
  /** The same as the JSON text of `{seq, epoch, records}`: the cheapest way to send it. */
  snapshotJson(grants: Grants): string;
  /** The page as it is now (`seq` 0: as the revision has it), deleted or not; null when there never was one. */
  page(id: string): StoredRecord | null;
  changesSince(since: number): Promise<readonly LoggedChange[] | null>;
  /** Resolves when the room has caught up to at least this seq. Throws ApiError `unavailable` when the log does not have it. */
  reach(seq: number): Promise<void>;
  /** Says bye to all; later calls throw `unavailable`. Resolves when the running commit has been decided. */
  close(code?: ErrorCode): Promise<void>;
}
