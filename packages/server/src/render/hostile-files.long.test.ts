/**
 * All hostile files, and every PDF of the folder that LECTERN_TEST_CORPUS names, through the running service; as many as there is time for
 * (LECTERN_TEST_MINUTES), kinds mixed by LECTERN_TEST_SEED. LECTERN_TEST_PATIENCE: how many times as long everything may take, on a machine that
 * does much else.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hostileFiles, hostileSample } from "@lectern/pdf/testing";
import { afterEach, expect, test } from "vitest";
import { costReport, type FileOutcome, type GivenFile, hostileRun, MEMORY_CAP, othersReport } from "../testing/hostile-run.ts";
import { type TestProcess, testProcess } from "../testing/test-server.ts";

const MINUTES = Number(process.env["LECTERN_TEST_MINUTES"] ?? "20");
const CORPUS = process.env["LECTERN_TEST_CORPUS"];
const PATIENCE = Number(process.env["LECTERN_TEST_PATIENCE"] ?? "1");
const SEED = Number(process.env["LECTERN_TEST_SEED"] ?? "7");

let api: TestProcess | null = null;
afterEach(async () => {
  await api?.close();
  api = null;
});

async function runAll(files: readonly GivenFile[], minutes: number): Promise<readonly FileOutcome[]> {
  api = await testProcess({ LECTERN_WORKERS: "2", LECTERN_LOG_LEVEL: "warn", LECTERN_LIMIT_REQUESTS_PER_SECOND: "0" });
  const end = performance.now() + minutes * 60_000;
  const run = await hostileRun(api, {
    files,
    isOver: () => performance.now() > end,
    patience: PATIENCE,
    onOutcome: ({ name, outcome, faults }) => {
      if (faults.length > 0) console.log(`${name} → ${outcome}\n  ${faults.join("\n  ")}`);
    },
  });
  console.log(`${run.outcomes.length} of ${files.length} files\n${othersReport(run)}\n${costReport(run.outcomes)}`);
  expect(run.outcomes.length).toBeGreaterThan(0);
  expect(run.outcomes.filter(({ faults }) => faults.length > 0)).toEqual([]);
  expect(api.output()).not.toMatch(/"level":(50|60)/);
  if (run.peakMemory !== null) expect(run.peakMemory).toBeLessThan(MEMORY_CAP);
  return run.outcomes;
}

test("no hostile file can hurt the service", async () => {
  const files = hostileSample(SEED, hostileFiles(SEED).length);
  expect(files.length).toBeGreaterThanOrEqual(500);
  await runAll(files, MINUTES);
}, 86_400_000);

test.skipIf(CORPUS === undefined)(
  "every file of the corpus is opened, or refused with a reason",
  async () => {
    const names = readdirSync(CORPUS!).filter((name) => name.toLowerCase().endsWith(".pdf"));
    await runAll(
      names.map((name) => ({ name, bytes: () => readFileSync(join(CORPUS!, name)) })),
      MINUTES,
    );
  },
  86_400_000,
);
