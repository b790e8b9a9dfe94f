import type { RecordOf } from "@lectern/protocol";
import { sourceOrder } from "@lectern/protocol/plain";
import { expect, test } from "vitest";
import { compareZ, orderBehind, orderInFront, sortedByZ } from "./z-order.ts";

function record(id: string, order?: string, createdAt = 0): RecordOf<"annotation"> {
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
    createdAt,
    updatedBy: null,
    updatedAt: 0,
    grp: null,
    data: { ...data, geometry: { bbox: [0, 0, 24, 24] } },
  };
}

test("records without an order lie over those of the file by their time, and equal orders are told apart by id", () => {
  const [first, later] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 1) + 7];
  const records = [record("y", undefined, later), record("c", sourceOrder(70)), record("b", sourceOrder(2)), record("a", sourceOrder(2))];
  expect(sortedByZ([...records, record("z", undefined, first)]).map(({ id }) => id)).toEqual(["a", "b", "c", "z", "y"]);
  const front = record("f", orderInFront([...records]));
  expect(compareZ(records[0]!, front)).toBeLessThan(0);
  expect(compareZ(front, record("n", undefined, later + 2000))).toBeLessThan(0);
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
