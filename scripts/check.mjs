/** Format, lint (with the import law), types, and the laws that no linter knows. */
import { root, run, step } from "./steps.mjs";

process.chdir(root);
await step("Format", () => run("oxfmt", ["--check", "packages", "scripts", "e2e", "bench", "examples"], { quiet: true }));
await step("Lint", () =>
  run("oxlint", ["--type-aware", "--deny-warnings", "packages", "scripts", "e2e", "bench", "examples"], { quiet: true }),
);
await step("Types", async () => {
  await run("tsc", ["-b"], { quiet: true });
  await run("tsc", ["-p", "tsconfig.tests.json"], { quiet: true });
  // The service's tests see Node's types only, as the service does.
  await run("tsc", ["-p", "packages/server/tsconfig.tests.json"], { quiet: true });
});
