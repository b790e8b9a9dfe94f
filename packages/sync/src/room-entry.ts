/** `@lectern/sync/room`: the half that runs where the layer's log is. */
export type { LayerRules, RulesLayer } from "./layer-rules.ts";
export { type BaseRecords, memoryBaseRecords } from "./base-records.ts";
export type {
  ChangeLog,
  CommitResult,
  LayerHead,
  LoggedChange,
  LoggedOp,
  PeerRow,
  PeerUpdate,
  PendingCommit,
  StoredRecord,
  Turn,
  TurnWrites,
} from "./change-log.ts";
export { type LayerReader, pastLayer, rewind, type Writer, writersWanted } from "./history-past.ts";
export { MemoryChangeLog } from "./memory-change-log.ts";
export { SyncRoom } from "./room.ts";
export { ReplacedError } from "./room-error.ts";
export { RECORDS_PER_CHANGE } from "./stage.ts";
export type { Expectation } from "./stage.ts";
export type { CommitCaller, Committed, JoinOptions, LayerHint, LayerHints, Member, SyncRoomOptions } from "./room-options.ts";
export { type Admission, type Hello, localSocket, type RoomSocket, type RoomSocketOptions, roomSocket } from "./room-socket.ts";
export { applyOp, applyPatch, compose, deepEqual, diff, invert, type Stamp } from "./change.ts";
export { peerColor } from "./room-presence.ts";
export type { PresenceLink } from "./presence-link.ts";
export type { Clock, Connect, Connection, SharedFrame } from "./socket.ts";
