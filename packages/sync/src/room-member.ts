/** One connection in the room: what it has been sent, what it is owed, and how much it may send. */
import type { Peer, Reject } from "@lectern/protocol";
import type { ErrorCode, Grants, SyncLimits } from "@lectern/protocol/plain";
import type { RoomView } from "./room-view.ts";
import type { Connection, SharedFrame } from "./socket.ts";
import { TokenBucket } from "./token-bucket.ts";

export interface RoomMemberOptions {
  readonly id: string;
  readonly connection: Connection;
  readonly grants: Grants;
  readonly sid: string;
  readonly view: RoomView;
  readonly peer: Omit<Peer, "presence">;
  /** The seq its welcome led to. */
  readonly cursor: number;
  readonly limits: SyncLimits;
  readonly now: number;
  readonly session?: string | undefined;
}

export class RoomMember {
  readonly id: string;
  readonly sid: string;
  readonly grants: Grants;
  readonly view: RoomView;
  readonly peer: Omit<Peer, "presence">;
  readonly session: string | null;
  /** The seq up to which it has been sent everything. */
  cursor: number;
  /** Ops received and not answered. */
  unacked = 0;
  acks: (readonly [n: number, seq: number])[] = [];
  rejects: Reject[] = [];
  readonly #connection: Connection;
  readonly #rate: TokenBucket;
  #state: "open" | "left" | "barred" = "open";

  constructor({ id, connection, grants, sid, view, peer, cursor, limits, now, session }: RoomMemberOptions) {
    this.id = id;
    this.sid = sid;
    this.grants = grants;
    this.view = view;
    this.peer = peer;
    this.session = session ?? null;
    this.cursor = cursor;
    this.#connection = connection;
    this.#rate = new TokenBucket(limits.opsPerSecond, limits.opsBurst, now);
  }

  get open(): boolean {
    return this.#state === "open";
  }

  /** Thrown out: what it had sent and is not decided will not be. */
  get barred(): boolean {
    return this.#state === "barred";
  }

  take(ops: number, now: number): boolean {
    return this.#rate.take(ops, now);
  }

  retryAfter(ops: number, now: number): number {
    return Math.ceil(this.#rate.wait(ops, now) / 1000);
  }

  bufferedBytes(): number {
    return this.open ? this.#connection.bufferedBytes() : 0;
  }

  send(frame: string): void {
    if (this.open) this.#connection.send(frame);
  }

  prepareShared(frame: SharedFrame): void {
    this.#connection.prepareShared?.(frame);
  }

  sendShared(frame: SharedFrame, own: string): void {
    if (!this.open) return;
    if (this.#connection.sendShared !== undefined) this.#connection.sendShared(frame, own);
    else this.#connection.send(own === "" ? frame.text : `{${own}${frame.text.slice(1)}`);
  }

  left(): void {
    if (this.open) this.#state = "left";
  }

  end(frame: string, reason: ErrorCode | null, barred: boolean): void {
    if (!this.open) return;
    this.#connection.send(frame);
    this.#state = barred ? "barred" : "left";
    this.#connection.close(reason);
  }
}

export function byeFrame(code: ErrorCode, retryAfter?: number): string {
  return JSON.stringify({ type: "bye", code, ...(retryAfter === undefined ? {} : { retryAfter }) });
}
