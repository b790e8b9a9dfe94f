import { expect, it } from "vitest";
import { RoomView } from "./room-view.ts";
import { grantsOf } from "./testing/fixtures.ts";

it("tells users and groups apart whatever letters they are made of", () => {
  const view = new RoomView(grantsOf("a\nb", ["annotations:view:self"]));
  expect(view.sees({ kind: "annotation", createdBy: "a\nb", grp: "c" })).toBe(true);
  expect(view.sees({ kind: "annotation", createdBy: "a", grp: "b\nc" })).toBe(false);
  const group = new RoomView(grantsOf("x", ["annotations:view:group=\nx"]));
  expect(group.sees({ kind: "annotation", createdBy: "", grp: "\nx" })).toBe(true);
  expect(group.sees({ kind: "annotation", createdBy: null, grp: "x" })).toBe(false);
});
