/**
 * A socket that comes back: asks for a token, connects, says hello, notices a dead line, and tries again with backoff. Only what belongs to the
 * line is here; what the frames mean is the client's business.
 */
import type { ClientMessage, ServerMessage } from "@lectern/protocol";
import { retryDelay } from "./reconnect.ts";
import { parseServerMessage } from "./server-message.ts";
import type { ClientSocket, Clock, Connect } from "./socket.ts";

export interface LinkOptions {
  readonly connect: Connect;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly getToken: (why: "connect" | "expired") => Promise<string>;
  readonly hello: (token: string) => ClientMessage;
  readonly message: (message: ServerMessage) => void;
  /** The line is down; it will be tried again. */
  readonly down: () => void;
  /** No token is to be had. Return true to stop trying. */
  readonly refused: (error: unknown) => boolean;
  /** Has something that was sent waited too long for its answer? */
  readonly isStuck: () => boolean;
}

const HEARTBEAT_MS = 5_000;
/** For an answer, when there is reason to believe that the network has gone. */
const HURRY_MS = 2_500;
/** From asking for a token to the welcome. */
const WELCOME_MS = 20_000;
/** A connection that lived as long was a good one: the next failure is the first again. */
const STABLE_MS = 10_000;

export class Link {
  readonly #options: LinkOptions;
  #socket: ClientSocket | null = null;
  /** Events of older sockets mean nothing. */
  #generation = 0;
  #attempt = 0;
  #welcomedAt: number | null = null;
  #pinged = false;
  #tokenExpired = false;
  #cancelRetry: (() => void) | null = null;
  #cancelWatch: (() => void) | null = null;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get isUp(): boolean {
    return this.#welcomedAt !== null;
  }

  open(): void {
    const { getToken, refused } = this.#options;
    const generation = ++this.#generation;
    const why = this.#tokenExpired ? "expired" : "connect";
    this.#watch(WELCOME_MS);
    getToken(why).then(
      (token) => {
        if (generation !== this.#generation || this.#closed) return;
        this.#tokenExpired = false;
        this.#socket = this.#options.connect({
          open: () => {
            if (generation === this.#generation) this.send(this.#options.hello(token));
          },
          message: (text) => {
            if (generation === this.#generation) this.#receive(text);
          },
          closed: () => {
            if (generation === this.#generation) this.#lost();
          },
        });
      },
      (error: unknown) => {
        if (generation !== this.#generation || this.#closed) return;
        if (refused(error)) return this.close();
        this.#lost();
      },
    );
  }

  send(message: ClientMessage): void {
    this.#socket?.send(JSON.stringify(message));
  }

  /** Hangs up and calls again: at once after a good connection, else with backoff. `retryAfter`: seconds that the server asked for. */
  restart({
    retryAfter,
    tokenExpired = false,
    penalty = false,
  }: { retryAfter?: number | undefined; tokenExpired?: boolean; penalty?: boolean } = {}): void {
    if (this.#closed) return;
    this.#tokenExpired ||= tokenExpired;
    const wasUp = this.#hangUp();
    if (retryAfter === undefined && !penalty && wasUp && this.#attempt === 0) {
      this.#attempt = 1;
      this.open();
    } else {
      this.#retry(retryAfter);
    }
  }

  /** Hangs up, and waits to be restarted. */
  suspend(): void {
    if (!this.#closed) this.#hangUp();
  }

  /** The network is said to have come or gone: tries, or asks for a sign of life, now. */
  hurry(): void {
    if (this.#cancelRetry !== null) {
      this.#cancelRetry();
      this.#cancelRetry = null;
      this.open();
    } else if (this.isUp) {
      this.#ping(HURRY_MS);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#hangUp();
    this.#closed = true;
    this.#cancelRetry?.();
    this.#cancelRetry = null;
  }

  #receive(text: string): void {
    const message = parseServerMessage(text);
    // Not our protocol: perhaps a proxy's error page, perhaps a newer server. A fresh start is all that can help.
    if (message === null || (message.type !== "welcome" && message.type !== "bye" && message.type !== "reset" && !this.isUp))
      return this.restart({ penalty: true });
    this.#pinged = false;
    if (message.type === "welcome") {
      this.#welcomedAt = this.#options.clock.now();
      this.#watch(HEARTBEAT_MS);
    }
    if (message.type !== "pong") this.#options.message(message);
  }

  /** Looks after the line now and then. In a hidden tab this comes late, so only a ping that went unanswered counts. */
  #watch(ms: number): void {
    this.#cancelWatch?.();
    this.#cancelWatch = this.#options.clock.setTimeout(() => {
      this.#cancelWatch = null;
      if (!this.isUp || this.#pinged || this.#options.isStuck()) return this.restart({ penalty: true });
      this.#ping(HEARTBEAT_MS);
    }, ms);
  }

  /** The line is dead when nothing comes for so long. */
  #ping(ms: number): void {
    this.#pinged = true;
    this.send({ type: "ping" });
    this.#watch(ms);
  }

  #lost(): void {
    this.#hangUp();
    this.#retry();
  }

  /** Returns whether the line was up. */
  #hangUp(): boolean {
    const { clock, down } = this.#options;
    const wasUp = this.isUp;
    if (this.#welcomedAt !== null && clock.now() - this.#welcomedAt >= STABLE_MS) this.#attempt = 0;
    this.#generation++;
    this.#welcomedAt = null;
    this.#pinged = false;
    this.#cancelWatch?.();
    this.#cancelWatch = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    down();
    return wasUp;
  }

  #retry(retryAfter?: number): void {
    const { clock, random } = this.#options;
    this.#cancelRetry?.();
    this.#cancelRetry = clock.setTimeout(
      () => {
        this.#cancelRetry = null;
        this.open();
      },
      retryDelay({ attempt: this.#attempt++, random: random(), retryAfter }),
    );
  }
}
