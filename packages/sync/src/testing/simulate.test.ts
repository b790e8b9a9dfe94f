import { describe, expect, it } from "vitest";
import type { RoomFault } from "../decide.ts";
import { Violation } from "./oracles.ts";
import { simulate } from "./simulate.ts";

describe("simulation", () => {
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
