import type { RecordOf } from "@lectern/protocol";
import { expect, test } from "vitest";
import { compareZ, orderBehind, orderInFront, sortedByZ } from "./z-order.ts";

function record(id: string, order?: string): RecordOf<"annotation"> {
  const data = {
    type: "note",
    page: "1.0",
    geometry: { bbox: [0, 0, 24, 24] },
    appearance: {},
    text: { format: "plain", value: "" },
    ...(order === undefined ? {} : { order }),
  } as const;
  return {
    id,
    kind: "annotation",
    seq: 1,
    createdBy: null,
    createdAt: 0,
    updatedBy: null,
    updatedAt: 0,
    grp: null,
    data: { ...data, geometry: { bbox: [0, 0, 24, 24] } },
  };
}

test("records without an order lie at the bottom and equal orders are told apart by id", () => {
  expect(sortedByZ([record("c", "b"), record("b", "a"), record("a", "a"), record("z")]).map(({ id }) => id)).toEqual(["z", "a", "b", "c"]);
});

test("thousands of annotations, each in front of the last, keep short orders that rise", () => {
  let last = record("0", orderInFront([]));
  for (let i = 0; i < 5000; i++) {
    const next = record("1", orderInFront([last]));
    expect(compareZ(last, next)).toBeLessThan(0);
    last = next;
  }
  expect(last.data.order!.length).toBeLessThan(10);
});

test("front and back work beside orders made elsewhere", () => {
  for (const order of ["V", "zzzzz", "zzzzzV", "0001", "00000V", "a0b1c2d3"]) {
    expect(orderInFront([record("a", order)]) > order).toBe(true);
    expect(orderBehind([record("a", order)]) < order).toBe(true);
  }
});
