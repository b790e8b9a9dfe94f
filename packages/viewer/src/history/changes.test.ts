import type { ChangeSummary } from "@lectern/protocol";
import { expect, test } from "vitest";
import { momentsOf } from "./changes.ts";

const changes = (...seqs: readonly number[]): ChangeSummary[] =>
  seqs.map((seq) => ({ seq, by: "ana", at: "2026-01-01T00:00:00Z", ops: [] }));

test("the moments to look at are before the first change that is known and after each, as far back as states are kept", () => {
  expect(momentsOf({ changes: changes(9, 7, 4), floor: 0 })).toEqual([3, 4, 7, 9]);
  expect(momentsOf({ changes: changes(9, 7, 4), floor: 4 })).toEqual([4, 7, 9]);
  expect(momentsOf({ changes: changes(9, 7, 4), floor: 5 })).toEqual([7, 9]);
  expect(momentsOf({ changes: [], floor: 0 })).toEqual([]);
});
