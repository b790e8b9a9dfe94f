import { describe, expect, it } from "vitest";
import type { RoomFault } from "../decide.ts";
import { Violation } from "./oracles.ts";
import { simulate } from "./simulate.ts";

describe("simulation", () => {
  it("300 seeds run without a violation", { timeout: 180_000 }, async () => {
    let changes = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const stats = await simulate({ seed }).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
      changes += stats.changes;
    }
    // A simulation in which nothing happens finds nothing.
    expect(changes).toBeGreaterThan(5_000);
  });

  it("one seed is one run", async () => {
    expect(await simulate({ seed: 7 })).toEqual(await simulate({ seed: 7 }));
  });

  it.each<RoomFault>([
    "no idempotency",
    "ack before commit",
    "no compare-and-swap",
    "unfiltered fan-out",
    "no gone",
    "no gap check",
    "partial requeue",
  ])("a room with %s is caught", { timeout: 60_000 }, async (fault) => {
    let caught: unknown = null;
    for (let seed = 1; seed <= 60 && caught === null; seed++) await simulate({ seed, fault }).catch((error: unknown) => (caught = error));
    expect(caught).toBeInstanceOf(Violation);
  });
});
