/** What this client tells of its user: merged, and sent at most 20 times a second. */
import type { Presence } from "@lectern/protocol";
import type { Clock } from "./socket.ts";

const INTERVAL_MS = 50;

export class OwnPresence {
  readonly #clock: Clock;
  readonly #send: (presence: Presence) => void;
  #presence: Presence = {};
  #connected = false;
  #changed = false;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, send: (presence: Presence) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  set(presence: Presence): void {
    this.#presence = { ...this.#presence, ...presence };
    this.#changed = true;
    this.#flush();
  }

  connect(): void {
    this.#connected = true;
    this.#changed = Object.keys(this.#presence).length > 0;
    this.#flush();
  }

  disconnect(): void {
    this.#connected = false;
  }

  close(): void {
    this.disconnect();
    this.#cancel?.();
    this.#cancel = null;
  }

  #flush(): void {
    if (!this.#connected || !this.#changed || this.#cancel !== null) return;
    this.#changed = false;
    this.#send(this.#presence);
    this.#cancel = this.#clock.setTimeout(() => {
      this.#cancel = null;
      this.#flush();
    }, INTERVAL_MS);
  }
}
