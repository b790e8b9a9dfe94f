import { expect, it } from "vitest";
import { runSeeds } from "./seeds.ts";

/** The other half, in a file of its own so that both cores have one. */
it("1,000 more seeds of the simulation run without a violation", { timeout: 1_200_000 }, async () => {
  const { seeds, changes } = await runSeeds({ from: 1_001, count: 1_000 });
  expect(seeds).toBe(1_000);
  expect(changes).toBeGreaterThan(20_000);
});
