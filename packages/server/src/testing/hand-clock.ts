/** A clock whose time passes when it is told to. */
import type { Clock } from "../ports.ts";

export interface HandClock extends Clock {
  /** Runs the timers that fall into this time. */
  pass(ms: number): void;
  /** Milliseconds to the first timer; Infinity when there is none. */
  next(): number;
}

export function handClock(): HandClock {
  let now = 1_000_000;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    now: () => now,
    setTimeout(run, ms) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    next: () => Math.min(...Array.from(timers, (timer) => timer.at - now)),
    pass(ms) {
      now += ms;
      for (const timer of timers) {
        if (timer.at > now || !timers.delete(timer)) continue;
        timer.run();
      }
    },
  };
}
