import { defineConfig } from "vitest/config";
import short from "./vitest.config.ts";

/** What takes long: see scripts/test-long.mjs. */
export default defineConfig({
  ...short,
  test: {
    ...short.test,
    include: ["packages/*/src/**/*.long.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    fileParallelism: false,
  },
});
