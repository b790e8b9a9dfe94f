import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { errorsPage } from "./errors-page.ts";

test("the documented errors are those of the table", () => {
  expect(readFileSync(new URL("../docs/errors.md", import.meta.url), "utf8")).toBe(errorsPage());
});
