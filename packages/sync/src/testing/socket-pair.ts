/**
 * A socket between a client and a room, delivered by hand. Frames keep their order within one connection, as over TCP; a test decides when they
 * arrive, may cut the line with frames still on it, and may let the room hear of the end late, so that an old connection's frames arrive after
 * a new one's.
 */
import type { ErrorCode } from "@lectern/protocol/plain";
import type { ClientSocket, ClientSocketEvents, Connection } from "../socket.ts";

export interface RoomEnd {
  receive(text: string): void;
  closed(): void;
}

type Item = { readonly frame: string } | "open" | "end";

export class SocketPair {
  readonly client: ClientSocket;
  readonly connection: Connection;
  readonly #events: ClientSocketEvents;
  readonly #room: RoomEnd;
  /** To the client. */
  #down: Item[] = ["open"];
  /** To the room. */
  #up: Item[] = [];
  #clientOpen = true;
  #roomOpen = true;
  /** Whatever was delivered, for a test to look at. */
  onDown: ((frame: string) => void) | null = null;

  /** `accept` is given the room's side of the connection, and returns who listens there. */
  constructor(events: ClientSocketEvents, accept: (connection: Connection) => RoomEnd) {
    this.#events = events;
    this.client = {
      send: (text) => void this.#up.push({ frame: text }),
      close: () => {
        this.#clientOpen = false;
        this.#down = [];
        this.#up.push("end");
      },
    };
    this.connection = {
      send: (text) => void this.#down.push({ frame: text }),
      bufferedBytes: () => this.#down.reduce((sum, item) => sum + (typeof item === "string" ? 0 : item.frame.length), 0),
      close: (_reason: ErrorCode | null) => {
        this.#roomOpen = false;
        this.#up = [];
        this.#down.push("end");
      },
    };
    this.#room = accept(this.connection);
  }

  /** Frames on their way. */
  get waitingDown(): number {
    return this.#down.length;
  }

  get waitingUp(): number {
    return this.#up.length;
  }

  get isOver(): boolean {
    return !this.#clientOpen && !this.#roomOpen;
  }

  /** Delivers the next of each direction; false when there was none. */
  deliverDown(): boolean {
    const item = this.#down.shift();
    if (item === undefined) return false;
    if (!this.#clientOpen) return true;
    if (item === "open") this.#events.open();
    else if (item === "end") {
      this.#clientOpen = false;
      this.#events.closed();
    } else {
      this.onDown?.(item.frame);
      this.#events.message(item.frame);
    }
    return true;
  }

  deliverUp(): boolean {
    const item = this.#up.shift();
    if (item === undefined) return false;
    if (!this.#roomOpen) return true;
    if (item === "end") {
      this.#roomOpen = false;
      this.#room.closed();
    } else if (item !== "open") this.#room.receive(item.frame);
    return true;
  }

  /** Loses one frame to the room: what a broken proxy may do, and no TCP does. */
  dropUp(index = 0): void {
    this.#up.splice(index, 1);
  }

  /** The client's line breaks: nothing more reaches it; of what it sent, `arriving` frames still reach the room before its end does. */
  cut(arriving: number): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.#down = [];
    this.#up = [...this.#up.slice(0, arriving), "end"];
    this.#events.closed();
  }

  /** The room's process is gone: the client learns of it, the room does not. */
  crash(): void {
    this.#roomOpen = false;
    this.#up = [];
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.#down = [];
    this.#events.closed();
  }
}
