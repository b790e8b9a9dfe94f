/** `npm test`: build, check, unit and service tests, then the browser flow. Ends with the failures' names and one line of totals. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { build } from "./build.mjs";
import { root, run } from "./steps.mjs";

const reports = mkdtempSync(join(tmpdir(), "lectern-test-"));
/** A shared machine may stall for seconds; whoever sits at the terminal should see each failure. */
const onSharedMachine = process.env["CI"] !== undefined;
/** More files than this do not fail because the machine was slow. */
const FILES_TRIED_ALONE = 4;

/** What failed outside of any test: an error nobody awaited, a runner that broke. */
const outside = [];

/** One run of vitest. Resolves to its report: `testResults` by file, each with its tests or the message of why it could not be loaded. */
async function vitest(name, args) {
  const report = join(reports, `${name}.json`);
  const retry = onSharedMachine ? ["--retry=1"] : [];
  const ended = await run("vitest", ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...retry, ...args], {
    env: { LECTERN_TEST_BUILT: "1" },
  }).then(
    () => undefined,
    (error) => error,
  );
  const files = JSON.parse(readFileSync(report, "utf8")).testResults;
  if (ended !== undefined && files.every((file) => file.status === "passed"))
    outside.push(`${name}: ${ended.message}, though its tests passed`);
  return files;
}

/** Runs one part; files that failed are run once more with nothing beside them, and the later result counts. */
async function part(name, args) {
  const files = await vitest(name, args);
  const failed = files.filter((file) => file.status === "failed");
  if (!onSharedMachine || failed.length === 0 || failed.length > FILES_TRIED_ALONE) return files;
  const again = await vitest(`${name}-alone`, [...args, "--no-file-parallelism", ...failed.map((file) => relative(root, file.name))]);
  const firstFailures = new Map(failed.flatMap((file) => file.assertionResults.map((test) => [test.fullName, test.failureMessages])));
  for (const test of again.flatMap((file) => file.assertionResults)) {
    if (test.status === "passed") test.failureMessages = [...(firstFailures.get(test.fullName) ?? []), ...test.failureMessages];
  }
  // a file that is missing from the second run has not passed it
  return files.map((file) => again.find((other) => other.name === file.name) ?? file);
}

process.chdir(root);
let files;
try {
  await build();
  await run("node", ["scripts/check.mjs"]);
  files = [...(await part("unit", [])), ...(await part("browser", ["--config", "vitest.e2e.config.ts"]))];
} finally {
  rmSync(reports, { recursive: true, force: true });
}

const tests = files.flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === "passed");
const skipped = tests.filter((test) => test.status !== "passed" && test.status !== "failed");
/** The message, and the lines of our own in its trace. */
const firstLines = (message) =>
  message
    .split("\n")
    .filter((line) => !line.includes("node_modules"))
    .slice(0, 12)
    .join("\n  ");
const failures = [
  ...outside,
  ...files
    .filter((file) => file.status === "failed")
    .flatMap((file) => {
      const failedTests = file.assertionResults.filter((test) => test.status === "failed");
      const where = relative(root, file.name);
      // a file can fail without a test of it: it could not be loaded, or its hooks failed
      if (failedTests.length === 0) return [`${where}: ${file.message}`];
      return failedTests.map((test) => `${where} > ${test.fullName}\n  ${firstLines(test.failureMessages.join("\n"))}`);
    }),
];
const unsteady = passed.filter((test) => test.failureMessages.length > 0);
const list = (lines) => lines.map((line) => `- ${line}`).join("\n");
if (skipped.length > 0) console.log(`${skipped.length} tests skipped: they need something that this machine does not have (see above).`);
if (unsteady.length > 0) console.log(`Passed only when tried again:\n${list(unsteady.map((test) => test.fullName))}`);
if (failures.length > 0) console.log(`Failed:\n${list(failures)}`);
console.log(`${passed.length} passed, ${failures.length} failed, ${skipped.length} skipped`);
process.exitCode = failures.length === 0 && passed.length > 0 ? 0 : 1;
