import { expect, test } from "vitest";
import { rateLimiter } from "./rate.ts";

function clockAt(start: number) {
  const clock = { time: start, now: () => clock.time, setTimeout: () => () => {} };
  return clock;
}

test("a burst is allowed, then so many a second", () => {
  const clock = clockAt(1_000_000);
  const limiter = rateLimiter({ perSecond: 2, clock });
  for (let i = 0; i < 20; i++) expect(limiter.take("a").allowed).toBe(true);
  expect(limiter.take("a")).toEqual({ allowed: false, remaining: 0, reset: 1 });
  expect(limiter.take("b").allowed).toBe(true);
  clock.time += 1000;
  expect(limiter.take("a").allowed).toBe(true);
  expect(limiter.take("a").allowed).toBe(true);
  expect(limiter.take("a").allowed).toBe(false);
});

test("zero means no limit", () => {
  const limiter = rateLimiter({ perSecond: 0, clock: clockAt(0) });
  for (let i = 0; i < 10_000; i++) expect(limiter.take("a").allowed).toBe(true);
});

test("a clock that goes back takes nothing away", () => {
  const clock = clockAt(1_000_000);
  const limiter = rateLimiter({ perSecond: 1, clock });
  limiter.take("a", 5);
  clock.time -= 60_000;
  expect(limiter.take("a").remaining).toBe(4);
});
