/** 1,000 times kill -9, or as often as there is time for (LECTERN_TEST_MINUTES). */
import { expect, onTestFinished, test } from "vitest";
import { killCycles } from "./testing/kill-cycles.ts";
import { testProcess } from "./testing/test-server.ts";

const MINUTES = Number(process.env["LECTERN_TEST_MINUTES"] ?? "20");

test("nothing that was acknowledged is lost by kill -9", { timeout: (MINUTES + 5) * 60_000 }, async () => {
  const product = await testProcess({ LECTERN_LOG_LEVEL: "error", LECTERN_LIMIT_REQUESTS_PER_SECOND: "0" });
  onTestFinished(() => product.close());
  const stop = performance.now() + MINUTES * 60_000;
  const { cycles, edits, uploads, lost } = await killCycles(product, 1_000, () => performance.now() > stop);
  console.log(`${cycles} cycles, ${edits} edits, ${uploads} uploads`);
  expect(lost).toEqual([]);
  expect(cycles).toBeGreaterThan(0);
});
