import { SEARCH_PRESETS } from "@lectern/pdf/search-pattern";
import { expect, test } from "vitest";
import en from "./locale/en.json" with { type: "json" };
import { SEARCH_KINDS } from "./search-panel.tsx";

test("the search offers every preset that there is, each with a name", () => {
  expect([...SEARCH_KINDS].toSorted()).toEqual([...SEARCH_PRESETS].toSorted());
  for (const kind of SEARCH_KINDS) expect(Object.keys(en)).toContain(`search.kind.${kind}`);
});
