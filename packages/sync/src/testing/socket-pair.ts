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
  /** Something was put on the line in this direction. */
  onWaiting: ((direction: "up" | "down") => void) | null = null;

  /** `accept` is given the room's side of the connection, and returns who listens there. */
  constructor(events: ClientSocketEvents, accept: (connection: Connection) => RoomEnd) {
    this.#events = events;
    this.client = {
      send: (text) => this.#put("up", { frame: text }),
      close: () => {
        this.#clientOpen = false;
        this.#down = [];
        this.#put("up", "end");
      },
    };
    this.connection = {
      send: (text) => this.#put("down", { frame: text }),
      bufferedBytes: () => this.#down.reduce((sum, item) => sum + (typeof item === "string" ? 0 : item.frame.length), 0),
      close: (_reason: ErrorCode | null) => {
        this.#roomOpen = false;
        this.#up = [];
        this.#put("down", "end");
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

  /** Is such a frame on its way to the room? */
  carriesUp(isIt: (frame: string) => boolean): boolean {
    return this.#up.some((item) => typeof item !== "string" && isIt(item.frame));
  }

  /** Loses the first such frame to the room: what a broken proxy may do, and no TCP does. */
  dropUp(isIt: (frame: string) => boolean): boolean {
    const index = this.#up.findIndex((item) => typeof item !== "string" && isIt(item.frame));
    if (index >= 0) this.#up.splice(index, 1);
    return index >= 0;
  }

  /** The client's line breaks: nothing more reaches it; of what it sent, `arriving` frames still reach the room before its end does. */
  cut(arriving: number): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.#down = [];
    this.#up = this.#up.slice(0, arriving);
    this.#put("up", "end");
    this.#events.closed();
  }

  #put(direction: "up" | "down", item: Item): void {
    (direction === "up" ? this.#up : this.#down).push(item);
    this.onWaiting?.(direction);
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
