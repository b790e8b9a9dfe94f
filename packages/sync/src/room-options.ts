/** What a room is given, and what it gives to those who join and call. */
import type { ClientMessage } from "@lectern/protocol";
import type { ErrorCode, Grants, SyncLimits } from "@lectern/protocol/plain";
import type { BaseRecords } from "./base-records.ts";
import type { ChangeLog, LoggedChange, PendingCommit, StoredRecord } from "./change-log.ts";
import type { RoomFault } from "./decide.ts";
import type { LayerRules } from "./layer-rules.ts";
import type { PresenceLink } from "./presence-link.ts";
import type { Expectation } from "./stage.ts";
import type { Clock, Connection } from "./socket.ts";

/** "This layer is at this seq now", between nodes: lossy, a hint costs nothing when it is late, lost or sent twice. */
export interface LayerHint {
  readonly layer: string;
  readonly seq: number;
}

export interface LayerHints {
  publish(hint: LayerHint): void;
  /** Returns how to stop. */
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
  /** Shows the people of other nodes; without it those of this one only. */
  readonly presence?: PresenceLink;
  /** How often to look for changes of other nodes whose hint was lost, ms; 0 never. Only while somebody is in the room. */
  readonly pollMs?: number;
  /** Which of these blobs the document uses; without it a client can name none. */
  readonly hasBlobs?: (sha256s: readonly string[]) => Promise<ReadonlySet<string>>;
  /** What the content must be beyond its schemas, and what follows from a change. */
  readonly rules?: LayerRules;
  /** Webhook and usage events to write in the same transaction. */
  readonly eventsOf?: (change: LoggedChange, records: readonly StoredRecord[]) => PendingCommit["events"];
  /** Characters of the records' data up to which `welcome` carries them itself when there is a snapshot URL. */
  readonly inlineChars?: number;
  /** Nobody is in it any more; called again each time. */
  readonly onEmpty?: () => void;
  /** The room closed itself: the log failed, or the layer's base was replaced. Open a new one for whoever comes. */
  readonly onClosed?: (error: unknown) => void;
  /** A push that could not be decided for a fault of ours; it was refused as `internal`, and nothing else is affected. */
  readonly onError?: (error: unknown) => void;
  readonly fault?: RoomFault;
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
  /** Asked at the last moment; false: the connection has ended while the room was looking things up, and nobody joins. */
  readonly isWanted?: () => boolean;
  /** Id of the session, for the log. */
  readonly session?: string | undefined;
}

/** One connection in the room. */
export interface Member {
  /** Its peer id. */
  readonly id: string;
  /** A checked message; `hello` and `auth` are the socket's business. */
  receive(message: ClientMessage): void;
  /** New rights, from a new token. When they differ the client is told to say hello again. */
  reauthorise(grants: Grants): void;
  /** The connection ended. Nothing more is sent. */
  leave(): void;
  /** Tells why, and closes the connection; what it sent and is not decided is dropped. */
  bye(code: ErrorCode, retryAfter?: number): void;
}

export interface CommitCaller {
  readonly grants: Grants;
  /** Becomes `createdBy` and `updatedBy`; the session's user when left out. */
  readonly userId?: string | null;
  /** Makes a repeat harmless: the same sid is applied once and answers with a seq again. Left out: never repeated. */
  readonly sid?: string;
  /**
   * The server itself (import, jobs, operations that it expands): may write what no client may, with no limit of ops but `RECORDS_PER_CHANGE`.
   * Permissions still count.
   */
  readonly server?: boolean;
  /** Id of the session, for the log. */
  readonly session?: string | null;
  /** With `server`: what was before this change is meant to disappear. For sessions history begins with it. */
  readonly erases?: boolean;
  /** With `server`: the change is refused as `conflict` when one of these properties has another value by then. */
  readonly expects?: readonly Expectation[];
}

export interface Committed {
  /** The change is in every state from this seq on. */
  readonly seq: number;
  /** It had been applied before, under this sid. */
  readonly repeated: boolean;
}
