/** Sixty hostile files through the running service; all of them in the long run. */
import { hostileSample } from "@lectern/pdf/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HostileRun, hostileRun, MEMORY_CAP, othersReport } from "../testing/hostile-run.ts";
import { type TestProcess, testProcess } from "../testing/test-server.ts";

/** Every kind is among them. */
const SEED = 1;

let api: TestProcess;
let run: HostileRun;
beforeAll(async () => {
  api = await testProcess({ LECTERN_WORKERS: "2", LECTERN_LOG_LEVEL: "warn", LECTERN_LIMIT_REQUESTS_PER_SECOND: "0" });
  run = await hostileRun(api, { files: hostileSample(SEED, 60) });
  console.log(othersReport(run));
}, 300_000);
afterAll(() => api.close());

test("no file crashes or hangs the service, gets an answer of its fault, or leaves something behind", () => {
  expect(run.outcomes.length).toBe(60);
  expect(run.outcomes.filter(({ faults }) => faults.length > 0)).toEqual([]);
  expect(api.isRunning()).toBe(true);
  expect(api.output()).not.toMatch(/"level":(50|60)/);
});

test("each file is shown, or refused with a reason", () => {
  const outcomes = new Set(run.outcomes.map(({ outcome }) => outcome));
  for (const outcome of outcomes) expect(["ready", "failed", "locked", "invalid_document", "unsupported_media_type"]).toContain(outcome);
  expect(run.outcomes.filter(({ outcome, message }) => outcome !== "ready" && outcome !== "locked" && message === "")).toEqual([]);
  expect(run.outcomes.filter(({ outcome }) => outcome === "ready").length).toBeGreaterThan(20);
});

test.skipIf(process.platform !== "linux")("no worker takes more memory than it may", () => {
  expect(run.peakMemory).toBeGreaterThan(10_000_000);
  expect(run.peakMemory).toBeLessThan(MEMORY_CAP);
});
