/** A client joined to a room on the same virtual clock, over a socket pair that a test flushes. */
import { ApiError, type Grants } from "@lectern/protocol/plain";
import { SyncClient } from "../client.ts";
import type { ConnectionState, Rejection, SaveState, SyncClientOptions } from "../client-options.ts";
import { memoryQueue, type PushQueue } from "../push-queue.ts";
import type { RecordsChanged } from "../record-store.ts";
import { roomSocket } from "../room-socket.ts";
import type { SyncRoom } from "../room.ts";
import { grantsOf } from "./fixtures.ts";
import { seededRandom } from "./random.ts";
import { SocketPair } from "./socket-pair.ts";
import { settled, type VirtualClock } from "./virtual-clock.ts";

export interface TestClient {
  readonly client: SyncClient;
  readonly queue: PushQueue;
  /** Sockets so far, oldest first. */
  readonly sockets: SocketPair[];
  /** Whose rights the next token has. */
  grants: Grants;
  /** false: connections fail. */
  reachable: boolean;
  readonly rejections: Rejection[];
  readonly changes: RecordsChanged[];
  readonly states: ConnectionState[];
  readonly saves: SaveState[];
  readonly errors: unknown[];
  /** Delivers everything in both directions until nothing is on its way. */
  flush(): Promise<void>;
}

export interface TestClientOptions extends Partial<Omit<SyncClientOptions, "clock">> {
  readonly grants?: Grants;
  readonly seed?: number;
  /** At first. */
  readonly reachable?: boolean;
}

export async function testClient(
  rooms: { readonly room: SyncRoom; readonly clock: VirtualClock },
  options: TestClientOptions = {},
): Promise<TestClient> {
  const { clock } = rooms;
  const random = seededRandom(options.seed ?? 1);
  const queue = options.queue ?? memoryQueue(() => random.id("sid"));
  const sockets: SocketPair[] = [];
  const errors: unknown[] = [];
  const test = { grants: options.grants ?? grantsOf("ann"), reachable: options.reachable ?? true };
  const client = new SyncClient({
    connect(events) {
      const pair = new SocketPair(events, (connection) =>
        roomSocket({
          connection,
          clock,
          admit: () => Promise.resolve({ room: rooms.room, grants: test.grants, name: test.grants.userId ?? "somebody" }),
          renew: () => Promise.resolve(test.grants),
          onError: (error) => errors.push(error),
        }),
      );
      sockets.push(pair);
      if (!test.reachable) pair.crash();
      return pair.client;
    },
    queue,
    clock,
    randomBytes: (count) => random.bytes(count),
    getToken: () => Promise.resolve("token"),
    fetchSnapshot: () => Promise.reject(new ApiError("not_found")),
    onError: (error) => errors.push(error),
    ...options,
  });
  const rejections: Rejection[] = [];
  const changes: RecordsChanged[] = [];
  const states: ConnectionState[] = [];
  const saves: SaveState[] = [];
  client.on("reject", (rejection) => rejections.push(rejection));
  client.on("state", (state) => states.push(state));
  client.on("save", (save) => saves.push(save));
  client.records.onChange((change) => changes.push(change));
  await client.start();
  const flush = async () => {
    await settled();
    for (let moved = true; moved;) {
      moved = false;
      for (const pair of sockets) {
        while (pair.deliverUp()) moved = true;
        while (pair.deliverDown()) moved = true;
      }
      await settled();
    }
  };
  await flush();
  return Object.assign(test, { client, queue, sockets, rejections, changes, states, saves, errors, flush });
}
