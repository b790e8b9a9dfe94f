/** `@lectern/sync/client`: the half that runs in browsers. No schema library comes with it. */
export {
  type ConnectionState, type CreateOptions, type InitialRecords, type Rejection, type SaveState, SyncClient, type SyncClientEvents, type SyncClientOptions,
} from "./client.ts";
export { memoryQueue, type PushQueue, type QueuedPush, type QueueState } from "./push-queue.ts";
export type { Records, RecordsChanged } from "./record-store.ts";
export type { ClientSocket, ClientSocketEvents, Clock, Connect } from "./socket.ts";
