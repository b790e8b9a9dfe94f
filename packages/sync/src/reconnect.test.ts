import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RETRY_BASE_MS, RETRY_MAX_MS, retryDelay } from "./reconnect.ts";

describe("retryDelay", () => {
  it("is anywhere below a ceiling that doubles with each failure, up to half a minute", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (attempt, random) => {
        const delay = retryDelay({ attempt, random });
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** Math.min(attempt, 16)));
      }),
    );
    expect(retryDelay({ attempt: 0, random: 0.999999 })).toBe(RETRY_BASE_MS);
    expect(retryDelay({ attempt: 3, random: 0.5 })).toBe(RETRY_BASE_MS * 4);
    expect(retryDelay({ attempt: 30, random: 0.999999 })).toBe(RETRY_MAX_MS);
  });

  it("is at least what the server asked for", () => {
    expect(retryDelay({ attempt: 0, random: 0, retryAfter: 7 })).toBe(7_000);
    expect(retryDelay({ attempt: 5, random: 0.5, retryAfter: 7 })).toBe(7_000 + RETRY_BASE_MS * 16);
  });
});
