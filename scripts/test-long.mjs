/** `npm run test:long -- [--minutes n]`: what is too long for every day, each test for at most so many minutes (default 20). */
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { root, run } from "./steps.mjs";

const { values, positionals } = parseArgs({ options: { minutes: { type: "string", default: "20" } }, allowPositionals: true });
if (!(Number(values.minutes) > 0)) throw new Error(`--minutes ${values.minutes}: give a number above 0`);
process.chdir(root);
await build();
await run("vitest", ["run", "--config", "vitest.long.config.ts", ...positionals], {
  env: { LECTERN_TEST_MINUTES: values.minutes, LECTERN_TEST_BUILT: "1" },
});
