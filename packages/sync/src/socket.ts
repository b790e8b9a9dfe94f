/** The edges that both halves are given: a clock, and the two ends of a socket. No I/O of our own. */
import type { ErrorCode } from "@lectern/protocol/plain";

/** Time passed in, so that a test owns it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Returns how to cancel. */
  setTimeout(run: () => void, ms: number): () => void;
}

/** A client's end of a socket: text frames in order, or the end of it. */
export interface ClientSocket {
  send(text: string): void;
  close(): void;
}

/** What a client wants to hear of its socket. `open` comes first, `closed` last and once; nothing is called inside of `connect`. */
export interface ClientSocketEvents {
  open(): void;
  message(text: string): void;
  closed(): void;
}

export type Connect = (events: ClientSocketEvents) => ClientSocket;

/** A frame for many: the text of a JSON object. A transport may keep it as the bytes it sends. */
export interface SharedFrame {
  readonly text: string;
  bytes?: Uint8Array;
}

/** A room's end of a socket. */
export interface Connection {
  send(text: string): void;
  /** With `own` (`"name":value,…,`), properties of this connection alone in front of the others. Left out: it is sent as one text. */
  sendShared?(frame: SharedFrame, own: string): void;
  /** Such a frame will probably be sent soon, to many. */
  prepareShared?(frame: SharedFrame): void;
  /** Bytes given to `send` that have not left yet. */
  bufferedBytes(): number;
  /** Nothing is sent after it. `reason` was told in `bye` before, where there was one. */
  close(reason: ErrorCode | null): void;
}
