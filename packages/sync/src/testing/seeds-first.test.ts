import { expect, it } from "vitest";
import { runSeeds } from "./seeds.ts";

it("1,000 seeds of the simulation run without a violation", { timeout: 1_200_000 }, async () => {
  const { seeds, changes, refused, crashes, epochs, pauses, erasures } = await runSeeds({ from: 1, count: 1_000 });
  expect(seeds).toBe(1_000);
  // A simulation in which nothing happens finds nothing.
  expect(Math.min(changes, refused)).toBeGreaterThan(20_000);
  expect(Math.min(crashes, epochs, pauses, erasures)).toBeGreaterThan(200);
});
