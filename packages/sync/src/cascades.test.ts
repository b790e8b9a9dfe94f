import type { AnyRecord, Op } from "@lectern/protocol";
import { reactionId } from "@lectern/protocol/plain";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { SyncRoom } from "./room.ts";
import { comment, grantsOf, marker, rectangle } from "./testing/fixtures.ts";
import { testRoom } from "./testing/test-room.ts";

const ann = grantsOf("ann");
const ROOTS = ["m", "a"] as const;
const PARENTS: readonly (readonly [string, readonly string[]])[] = [
  ["m", ["m1", "m2", "ms"]],
  ["a", ["a1", "as"]],
  ["m1", [reactionId("m1", "ann", "x")]],
  ["a1", [reactionId("a1", "ann", "x")]],
  ["f", ["f:v", "w1", "w2"]],
];
const IDS = [...new Set(PARENTS.flatMap(([parent, children]) => [parent, ...children]))];
const state = (root: string): object => ({ ...comment(root, ""), state: "resolved" });
const widget = { field: "f", page: "0.0", geometry: { bbox: [0, 0, 9, 9] }, appearance: {} };
const SETUP: readonly Op[] = [
  ["c", "m", "annotation", marker()],
  ["c", "a", "annotation", rectangle()],
  ["c", "m1", "comment", comment("m")],
  ["c", "m2", "comment", comment("m")],
  ["c", "ms", "comment", state("m")],
  ["c", "a1", "comment", comment("a")],
  ["c", "as", "comment", state("a")],
  ["c", reactionId("m1", "ann", "x"), "reaction", { comment: "m1", emoji: "x" }],
  ["c", reactionId("a1", "ann", "x"), "reaction", { comment: "a1", emoji: "x" }],
  ["c", "f", "field", { name: "f", type: "text" }],
  ["c", "f:v", "value", { field: "f", value: "" }],
  ["c", "w1", "widget", widget],
  ["c", "w2", "widget", widget],
];

function live(room: SyncRoom): Map<string, AnyRecord> {
  return new Map(room.snapshot(ann).records.map((record) => [record.id, record]));
}

function checkWhole(room: SyncRoom): void {
  const now = live(room);
  for (const [parent, children] of PARENTS)
    for (const child of children) if (now.has(child) && !now.has(parent)) throw new Error(`${child} outlived ${parent}`);
  for (const root of ROOTS) {
    const said = [...now.values()].filter((record) => record.kind === "comment" && record.data.root === root);
    const silent = said.filter((record) => record.kind === "comment" && record.data.state !== undefined);
    if (said.length > 0 && silent.length === said.length) throw new Error(`${root} is resolved without a word`);
    if (root === "m" && said.length === 0 && now.has("m")) throw new Error("a marker without comments stayed");
  }
}

const step = fc.tuple(fc.constantFrom("d", "r"), fc.constantFrom(...IDS));

it("whatever is deleted and restored in whatever order, nothing outlives what it hangs on", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), async (pushes) => {
      const { room } = await testRoom();
      await room.commit(SETUP, { grants: ann });
      for (const push of pushes) {
        await room.commit(push as unknown as Op[], { grants: ann }).catch((error: { code: string }) => {
          if (error.code !== "gone" && error.code !== "exists") throw error as unknown as Error;
        });
        checkWhole(room);
      }
    }),
    { numRuns: 150 },
  );
});

it("undoing a deletion brings back all that went with it, and nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...IDS), { maxLength: 4 }), fc.constantFrom(...IDS), async (before, id) => {
      const { room } = await testRoom();
      await room.commit(SETUP, { grants: ann });
      for (const gone of before) await room.commit([["d", gone]], { grants: ann }).catch(() => undefined);
      const ids = [...live(room).keys()].toSorted();
      if (!ids.includes(id)) return;
      await room.commit([["d", id]], { grants: ann });
      expect(live(room).has(id)).toBe(false);
      await room.commit([["r", id]], { grants: ann });
      expect([...live(room).keys()].toSorted()).toEqual(ids);
    }),
    { numRuns: 150 },
  );
});
