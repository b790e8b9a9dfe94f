import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Our packages are resolved to their sources, so tests need no build. */
const conditions = ["lectern-source"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "scripts/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/*.long.test.ts"],
    execArgv: ["--conditions=lectern-source"],
    // Much of it waits for a disk or for another process; vitest would leave a core free.
    maxWorkers: availableParallelism(),
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
