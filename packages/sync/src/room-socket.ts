/**
 * The server's side of one socket: a hello in time, every frame checked, rights renewed; the transport and the tokens are the caller's.
 * `localSocket` is the same without a wire, for a room in the same process.
 */
import type { ClientMessage } from "@lectern/protocol";
import { ApiError, type ErrorCode, type Grants } from "@lectern/protocol/plain";
import { parseClientMessage } from "./room-message.ts";
import { byeFrame } from "./room-member.ts";
import type { SyncRoom } from "./room.ts";
import type { Member } from "./room-options.ts";
import type { Clock, Connect, Connection } from "./socket.ts";

export type Hello = Extract<ClientMessage, { type: "hello" }>;

/** Who a socket speaks for, and where it belongs. */
export interface Admission {
  readonly room: SyncRoom;
  readonly grants: Grants;
  readonly name: string;
  /** Where the records at `seq` or later can be fetched with this session. */
  readonly snapshotUrl?: (seq: number) => string;
  /** Id of the session, for the log. */
  readonly session?: string;
}

export interface RoomSocketOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  /** Checks the token and opens the room; a thrown ApiError becomes `bye`. */
  readonly admit: (hello: Hello) => Promise<Admission>;
  /** Checks a new token of the same session; a thrown ApiError becomes `bye`. */
  readonly renew: (token: string) => Promise<Grants>;
  /** A connection without a valid hello for this long is closed, ms. */
  readonly helloTimeoutMs?: number;
  /** An error that is not an ApiError: a fault of ours, told as `internal`. */
  readonly onError?: (error: unknown) => void;
}

export interface RoomSocket {
  /** A text frame. */
  receive(text: string): void;
  /** The connection ended. */
  closed(): void;
  /** Tells why, and closes: expiry, revocation, shutdown. */
  bye(code: ErrorCode, retryAfter?: number): void;
}

export function roomSocket({ connection, clock, admit, renew, helloTimeoutMs = 5_000, onError }: RoomSocketOptions): RoomSocket {
  let state: "waiting" | "joining" | "joined" | "over" = "waiting";
  let member: Member | null = null;
  const cancelTimeout = clock.setTimeout(() => bye("request_timeout"), helloTimeoutMs);

  function bye(code: ErrorCode, retryAfter?: number): void {
    if (state === "over") return;
    state = "over";
    cancelTimeout();
    if (member !== null) return member.bye(code, retryAfter);
    connection.send(byeFrame(code, retryAfter));
    connection.close(code);
  }

  function fail(error: unknown): void {
    if (error instanceof ApiError) return bye(error.code, error.retryAfter);
    onError?.(error);
    bye("internal");
  }

  async function join(hello: Hello): Promise<void> {
    const { room, ...admission } = await admit(hello);
    const joined = await room.join({ connection, ...admission, ...hello, isWanted: () => state === "joining" });
    if (joined === null) return;
    member = joined;
    state = "joined";
    cancelTimeout();
  }

  return {
    receive(text) {
      if (state === "over") return;
      const message = parseClientMessage(text);
      if (message === null) return bye("bad_request");
      if (state === "waiting") {
        if (message.type !== "hello") return bye("bad_request");
        state = "joining";
        join(message).catch(fail);
      } else if (message.type === "auth" && state === "joined") {
        renew(message.token)
          .then((grants) => member?.reauthorise(grants))
          .catch(fail);
      } else if (member !== null) {
        member.receive(message);
      } else if (message.type !== "presence" && message.type !== "ping") {
        // Before its welcome a client does not know what it may push.
        bye("bad_request");
      }
    },
    closed() {
      if (state === "over") return;
      state = "over";
      cancelTimeout();
      member?.leave();
    },
    bye,
  };
}

export interface LocalSocketOptions {
  readonly grants: Grants;
  readonly name: string;
  readonly clock: Clock;
}

/** Joins a room in the same process: a document of one's own, in the browser. For `SyncClientOptions.connect`; tokens are not looked at. */
export function localSocket(room: SyncRoom, { grants, name, clock }: LocalSocketOptions): Connect {
  return (events) => {
    let over = false;
    // In order and later, as on a wire: nobody is called from inside of a call of theirs.
    const soon = (run: () => void): void => void Promise.resolve().then(run);
    const end = (): void => {
      if (over) return;
      over = true;
      soon(() => events.closed());
    };
    const socket = roomSocket({
      connection: { send: (text) => soon(() => events.message(text)), bufferedBytes: () => 0, close: end },
      clock,
      admit: () => Promise.resolve({ room, grants, name }),
      renew: () => Promise.resolve(grants),
    });
    soon(() => events.open());
    return {
      send: (text) =>
        soon(() => {
          if (!over) socket.receive(text);
        }),
      close: () => {
        end();
        soon(() => socket.closed());
      },
    };
  };
}
