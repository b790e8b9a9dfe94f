import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { compatibilityPage } from "./compatibility-page.ts";

test("the page of compatibility is what the registry says, and every published operation has an entry", () => {
  expect(readFileSync(new URL("../docs/compatibility.md", import.meta.url), "utf8")).toBe(compatibilityPage());
});
