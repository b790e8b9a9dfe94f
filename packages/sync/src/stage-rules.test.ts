import type { AnyRecord, Op, RecordData } from "@lectern/protocol";
import { describe, expect, test } from "vitest";
import type { LayerRules } from "./layer-rules.ts";
import { baseOf, grantsOf } from "./testing/fixtures.ts";
import { testRoom } from "./testing/test-room.ts";

const base = (id: string, kind: "field" | "value", data: RecordData["field"] | RecordData["value"]): AnyRecord =>
  ({ id, kind, seq: 0, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data }) as AnyRecord;
const form = [
  base("first-field", "field", { name: "first", type: "text" }),
  base("first-field:v", "value", { field: "first-field", value: "1" }),
  base("total-field", "field", { name: "total", type: "text" }),
  base("total-field:v", "value", { field: "total-field", value: "1" }),
];

/** The total is twice the first; nobody may write `bad`; a new field gets a value. */
const rules: LayerRules = {
  check: (after) =>
    after.kind === "value" && after.data.value === "bad" ? { code: "invalid_parameters", detail: "is bad", property: "value" } : null,
  derive(touched, layer) {
    const ops: Op[] = [];
    for (const record of touched)
      if (record.kind === "field" && layer.read(`${record.id}:v`) === null)
        ops.push(["c", `${record.id}:v`, "value", { field: record.id, value: String([...layer.ofKind("field")].length) }]);
    const first = layer.read("first-field:v");
    if (first?.kind === "value" && touched.includes(first))
      ops.push(["u", "total-field:v", { value: String(2 * Number(first.data.value)) }]);
    return ops;
  },
};
const fill = (value: string): Op => ["u", "first-field:v", { value }];

describe("the rules of a layer", () => {
  test("what follows from a push is written in the same change, without the rights of whoever pushed", async () => {
    const { room, join } = await testRoom({ base: baseOf(1, form), rules });
    const grants = grantsOf("ann", ["form-fields:view:all", "form-fields:fill:self", "form-fields:fill:group=g"]);
    const all = await join({ grants: grantsOf("ben") });
    const ann = await join({ grants: { ...grants, collaboration: ["form-fields:view:all", "form-fields:fill:all"] } });
    await ann.push(fill("21"));
    expect(ann.answers()).toEqual({ 1: 1 });
    expect(all.told()).toEqual(["u first-field:v", "u total-field:v"]);
    expect(room.record("total-field:v", grantsOf("ben"))).toMatchObject({ seq: 1, data: { value: "42" } });
    expect((await room.changesSince(0))![0]!.ops.map(({ id }) => id)).toEqual(["first-field:v", "total-field:v"]);
  });

  test("what the rules refuse leaves no trace, and says which property is wrong", async () => {
    const { room } = await testRoom({ base: baseOf(1, form), rules });
    const refused = room.commit([fill("5"), fill("bad")], { grants: grantsOf("ann") });
    await expect(refused).rejects.toMatchObject({
      code: "invalid_parameters",
      failingPaths: [{ path: "$.ops[1].value", details: "is bad" }],
    });
    expect(room.record("total-field:v", grantsOf("ann"))).toMatchObject({ seq: 0 });
    await room.commit([fill("bad")], { grants: grantsOf("ann"), server: true });
    expect(room.seq).toBe(1);
  });

  test("a record that the rules make belongs to its parent's group, and later pushes of the batch see it", async () => {
    const { room } = await testRoom({ base: baseOf(1, form), rules });
    const grants = grantsOf("ann", null, "team");
    await Promise.all([
      room.commit([["c", "third-field", "field", { name: "third", type: "text" }]], { grants }),
      room.commit([["c", "fourth-field", "field", { name: "fourth", type: "text" }]], { grants }),
    ]);
    expect(room.record("third-field:v", grants)).toMatchObject({ kind: "value", grp: "team", data: { value: "3" } });
    expect(room.record("fourth-field:v", grants)).toMatchObject({ data: { value: "4" } });
  });
});
