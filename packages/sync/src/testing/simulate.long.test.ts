/** As many seeds as there is time for (LECTERN_TEST_MINUTES), at most 200,000, from LECTERN_TEST_SEED on. */
import { expect, it } from "vitest";
import { runSeeds } from "./seeds.ts";

declare const process: { readonly env: Readonly<Record<string, string | undefined>>; hrtime(): readonly [number, number] };

const MINUTES = Number(process.env["LECTERN_TEST_MINUTES"] ?? "20");
const FROM = Number(process.env["LECTERN_TEST_SEED"] ?? "2001");

it("no seed of the simulation breaks a rule", { timeout: (MINUTES + 2) * 60_000 }, async () => {
  const end = process.hrtime()[0] + MINUTES * 60;
  const { seeds, changes } = await runSeeds({ from: FROM, count: 200_000, isOver: () => process.hrtime()[0] >= end });
  console.log(`${seeds} seeds from ${FROM}, ${changes} changes`);
  expect(seeds).toBeGreaterThan(0);
});
