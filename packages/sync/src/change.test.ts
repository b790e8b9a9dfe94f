import type { AnyRecord, Op } from "@lectern/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyOp, applyPatch, compose, deepEqual, diff, invert, overwritten, visibleRecord } from "./change.ts";
import type { StoredRecord } from "./change-log.ts";

/** Data as records hold it: no null at the top level, except `page` of an annotation. */
const data = fc
  .dictionary(
    fc.constantFrom("type", "geometry", "appearance", "text", "flags", "note", "__proto__", "custom"),
    fc.oneof(
      fc.integer(),
      fc.string(),
      fc.boolean(),
      fc.array(fc.integer(), { maxLength: 3 }),
      fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
    ),
    { noNullPrototype: true },
  )
  .chain((fields) => fc.constantFrom(null, "0.1", "0.2").map((page) => ({ ...fields, page })));

describe("patches", () => {
  it("a diff applied to the old data gives the new data", () => {
    fc.assert(
      fc.property(data, data, (before, after) => {
        expect(deepEqual(applyPatch("annotation", before, diff(before, after)), after)).toBe(true);
      }),
    );
  });

  it("a diff of equal data is empty, and never names a property that stays", () => {
    fc.assert(
      fc.property(data, data, (before, after) => {
        expect(diff(before, JSON.parse(JSON.stringify(before)) as typeof before)).toEqual({});
        for (const key of Object.keys(diff(before, after))) {
          expect(
            deepEqual((before as Record<string, unknown>)[key], (after as Record<string, unknown>)[key]) &&
              Object.hasOwn(before, key) &&
              Object.hasOwn(after, key),
          ).toBe(false);
        }
      }),
    );
  });

  it("an inverted patch takes the patch back, given only what it overwrote", () => {
    fc.assert(
      fc.property(data, data, (before, after) => {
        const patch = diff(before, after);
        const back = invert(patch, overwritten(before, patch));
        expect(deepEqual(applyPatch("annotation", applyPatch("annotation", before, patch), back), before)).toBe(true);
      }),
    );
  });

  it("two patches composed do what both do in turn", () => {
    fc.assert(
      fc.property(data, data, data, (a, b, c) => {
        const first = diff(a, b);
        const second = diff(b, c);
        expect(deepEqual(applyPatch("annotation", a, compose(first, second)), c)).toBe(true);
      }),
    );
  });

  it("null removes a property, but is a value where the kind says so", () => {
    expect(applyPatch("annotation", { page: "0.1", note: "x" }, { page: null, note: null })).toEqual({ page: null });
    expect(applyPatch("page", { label: "iv", rotation: 0 }, { label: null })).toEqual({ label: null, rotation: 0 });
  });
});

describe("applyOp", () => {
  const stamp = { seq: 7, at: 70, by: "ann" };
  const create: Op = ["c", "a", "bookmark", { action: { type: "goTo", page: "0.0" } }, "team"];
  const record = applyOp(null, create, stamp)!;

  it("a create is stamped with who made it", () => {
    expect(record).toEqual({
      id: "a",
      kind: "bookmark",
      seq: 7,
      createdBy: "ann",
      createdAt: 70,
      updatedBy: "ann",
      updatedAt: 70,
      grp: "team",
      data: { action: { type: "goTo", page: "0.0" } },
      deleted: false,
    });
  });

  it("the creator stays, the last writer and the seq follow every other op", () => {
    const ops: Op[] = [
      ["u", "a", { name: "here" }],
      ["g", "a", null],
      ["d", "a"],
      ["r", "a"],
    ];
    let state: StoredRecord | null = record;
    for (const [i, op] of ops.entries()) state = applyOp(state, op, { seq: 8 + i, at: 80 + i, by: "bob" });
    expect(state).toEqual({ ...record, data: { ...record.data, name: "here" }, grp: null, seq: 11, updatedAt: 83, updatedBy: "bob" });
  });

  it("a tombstone keeps its data", () => {
    expect(applyOp(record, ["d", "a"], { seq: 8, at: 80, by: null })).toMatchObject({ deleted: true, data: record.data });
  });

  it("an op on nothing gives nothing, and never touches its input", () => {
    expect(applyOp(null, ["u", "a", {}], stamp)).toBeNull();
    const frozen = Object.freeze({ ...record, data: Object.freeze({ ...record.data }) }) as StoredRecord;
    applyOp(frozen, ["u", "a", { name: "x" }], stamp);
    expect(visibleRecord(frozen)).not.toHaveProperty("deleted");
    expect((visibleRecord(frozen) satisfies AnyRecord).id).toBe("a");
  });
});
