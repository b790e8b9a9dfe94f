/** `@lectern/sync/client`: the half that runs in browsers. No schema library comes with it. */
export { SyncClient } from "./client.ts";
export type {
  ConnectionState,
  CreateOptions,
  InitialRecords,
  Rejection,
  SaveState,
  SyncClientEvents,
  SyncClientOptions,
} from "./client-options.ts";
export { memoryQueue, type PushQueue, type QueuedPush, type QueueState } from "./push-queue.ts";
export type { Records, RecordsChanged } from "./record-store.ts";
export type { ClientSocket, ClientSocketEvents, Clock, Connect } from "./socket.ts";
