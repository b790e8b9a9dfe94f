import type { ChangeSummary } from "@lectern/protocol";
import { describe, expect, it } from "vitest";
import { groupsOf } from "./groups.ts";

const MINUTE = 60_000;
const change = (seq: number, by: string, minutes: number, ops: ChangeSummary["ops"], more: Partial<ChangeSummary> = {}): ChangeSummary => ({
  seq,
  by,
  at: new Date(minutes * MINUTE).toISOString(),
  ops,
  ...more,
});
const op = (id: string, action: ChangeSummary["ops"][number]["action"], kind = "annotation", page = "1.0") => ({ id, action, kind, page });

describe("history as people read it", () => {
  it("puts together what one person did in one sitting, and counts each record once", () => {
    const groups = groupsOf(
      [
        change(5, "ana", 40, [op("a", "update")]),
        change(4, "ben", 9, [op("c1", "create", "comment")]),
        change(3, "ana", 8, [op("b", "delete"), op("x", "update")]),
        change(2, "ana", 3, [op("b", "create")]),
        change(1, "ana", 2, [op("a", "create"), op("a", "update")]),
      ],
      null,
      "ana",
    );
    expect(groups.map(({ by, firstSeq, lastSeq, counts }) => [by, firstSeq, lastSeq, counts])).toEqual([
      ["ana", 5, 5, [{ action: "update", kind: "annotation", count: 1 }]],
      ["ben", 4, 4, [{ action: "create", kind: "comment", count: 1 }]],
      [
        "ana",
        1,
        3,
        [
          { action: "update", kind: "annotation", count: 1 },
          { action: "create", kind: "annotation", count: 1 },
        ].toReversed(),
      ],
    ]);
  });

  it("tells what others did since this person looked, and leaves a new file alone", () => {
    const groups = groupsOf(
      [
        change(4, "ana", 5, [op("a", "update")]),
        change(3, "ben", 4, [op("b", "create")]),
        change(2, "ben", 3, [], { revision: 2 }),
        change(1, "ben", 2, [op("c", "create")]),
      ],
      1,
      "ana",
    );
    expect(groups.map(({ lastSeq, isNew, revision }) => [lastSeq, isNew, revision])).toEqual([
      [4, false, null],
      [3, true, null],
      [2, true, 2],
      [1, false, null],
    ]);
  });
});
