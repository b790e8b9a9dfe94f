/** `npm test`: build, check, unit and service tests, then the browser flow. Ends with one line of totals. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root, run } from "./steps.mjs";

const reports = mkdtempSync(join(tmpdir(), "lectern-test-"));
const totals = { passed: 0, failed: 0, skipped: 0 };
/** Full names of tests that failed and then passed. */
const unsteady = [];
/** A shared machine may stall for seconds; whoever sits at the terminal should see each failure. */
const retry = process.env["CI"] === undefined ? [] : ["--retry=1"];

/** One run of vitest; its totals are added up. Resolves to whether it passed. */
async function vitest(name, args) {
  const report = join(reports, `${name}.json`);
  const passed = await run("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...retry, ...args], {
    env: { LECTERN_TEST_BUILT: "1" },
  }).then(
    () => true,
    (error) => {
      process.stderr.write(`${error.message}\n`);
      return false;
    },
  );
  const result = JSON.parse(readFileSync(report, "utf8"));
  totals.passed += result.numPassedTests;
  totals.failed +=
    result.numFailedTests + result.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  totals.skipped += result.numPendingTests + result.numTodoTests;
  const tests = result.testResults.flatMap((file) => file.assertionResults);
  unsteady.push(...tests.filter((test) => test.status === "passed" && test.failureMessages.length > 0).map((test) => test.fullName));
  return passed;
}

process.chdir(root);
const outcomes = [];
try {
  await build();
  await run("node", ["scripts/check.mjs"]);
  outcomes.push(await vitest("unit", []));
  outcomes.push(await vitest("browser", ["--config", "vitest.e2e.config.ts"]));
} finally {
  rmSync(reports, { recursive: true, force: true });
}
if (totals.skipped > 0) console.log(`${totals.skipped} tests skipped: they need something that this machine does not have (see above).`);
if (unsteady.length > 0) console.log(`Passed only when tried again:\n${unsteady.map((name) => `- ${name}`).join("\n")}`);
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = outcomes.every(Boolean) && totals.failed === 0 && totals.passed > 0 ? 0 : 1;
