import type { ClientMessage } from "@lectern/protocol";
import type { ErrorCode, Grants } from "@lectern/protocol/plain";
import type { SyncRoom } from "./room.ts";
import type { Clock, Connect, Connection } from "./socket.ts";

export type Hello = Extract<ClientMessage, { type: "hello" }>;

/** Who a socket speaks for, and where it belongs. */
export interface Admission {
  readonly room: SyncRoom;
  readonly grants: Grants;
  readonly name: string;
  readonly snapshotUrl?: (seq: number) => string;
}

export interface RoomSocketOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** Checks the token; a thrown ApiError becomes `bye`. */
  readonly admit: (hello: Hello) => Promise<Admission>;
  /** Checks a new token of the same session; a thrown ApiError becomes `bye`. */
  readonly renew: (token: string) => Promise<Grants>;
  /** A connection that says nothing valid for this long is closed, ms. */
  readonly helloTimeoutMs?: number;
}

export interface RoomSocket {
  /** A text frame. */
  receive(text: string): void;
  /** The connection ended. */
  closed(): void;
  /** Tells why, and closes: expiry, revocation, shutdown. */
  bye(code: ErrorCode, retryAfter?: number): void;
}

/** The server's side of one WebSocket: hello in time, frames checked, rights renewed. The transport is the caller's. */
export declare function roomSocket(options: RoomSocketOptions): RoomSocket;

/** Joins a room in the same process: a document of one's own, in the browser. For `SyncClientOptions.connect`; tokens are not looked at. */
export declare function localSocket(room: SyncRoom, options: { readonly grants: Grants; readonly name: string; readonly clock: Clock }): Connect;
