import { defineConfig } from "vitest/config";

/** Black box, in a real browser, against the built product: run by `npm run e2e` and as the last part of `npm test`. */
export default defineConfig({
  test: { include: ["e2e/**/*.e2e.ts"], testTimeout: 90_000, hookTimeout: 120_000, fileParallelism: false },
});
