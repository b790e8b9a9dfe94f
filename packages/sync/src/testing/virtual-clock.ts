/** A clock that a test moves by hand. Timers run in order of their time, then of their making. */
import type { Clock } from "../socket.ts";

declare function setImmediate(run: () => void): unknown;
declare const process: { nextTick(run: () => void): void };

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  #made = 0;
  /** Sorted, earliest last. */
  readonly #timers: Timer[] = [];

  constructor(now = 1_700_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  setTimeout(run: () => void, ms: number): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#made++, run };
    let index = this.#timers.length;
    while (index > 0 && this.#timers[index - 1]!.at <= timer.at) index--;
    this.#timers.splice(index, 0, timer);
    return () => {
      const place = this.#timers.indexOf(timer);
      if (place >= 0) this.#timers.splice(place, 1);
    };
  }

  /** Milliseconds until the next timer; null when there is none. */
  get next(): number | null {
    const timer = this.#timers.at(-1);
    return timer === undefined ? null : timer.at - this.#now;
  }

  /** Moves to the next timer and runs it. */
  step(): boolean {
    const timer = this.#timers.pop();
    if (timer === undefined) return false;
    this.#now = timer.at;
    timer.run();
    return true;
  }

  /** Lets this much time pass, and whatever follows from it. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    while (this.#timers.length > 0 && this.#timers.at(-1)!.at <= end) {
      this.step();
      await settled();
    }
    this.#now = end;
  }
}

/** All that can happen without time passing has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * The same where nothing is waited for but promises: a tick comes when all of them have been told, without a turn of the event loop. Whoever goes on
 * like this for long must call `settled` now and then, since nothing else in the process gets its turn.
 */
export function drained(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
