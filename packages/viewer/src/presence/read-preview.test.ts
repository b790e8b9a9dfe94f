import { drawAnnotation } from "@lectern/pdf/appearance";
import type { AnyRecord } from "@lectern/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readPreviews } from "./read-preview.ts";

const rectangle: AnyRecord = {
  id: "r",
  kind: "annotation",
  seq: 1,
  createdBy: null,
  createdAt: 0,
  updatedBy: null,
  updatedAt: 0,
  grp: null,
  data: { type: "rectangle", page: "1.0", geometry: { bbox: [0, 0, 9, 9] }, appearance: {} },
};
const find = (id: string) => (id === "r" ? rectangle : undefined);

test("a drag of a record is its geometry", () => {
  expect(readPreviews({ r: { geometry: { bbox: [1, 2, 3, 4], evil: "x" } } }, find).get("r")).toEqual({ geometry: { bbox: [1, 2, 3, 4] } });
});

test("a stroke that is no record yet is a whole annotation", () => {
  const annotation = {
    type: "ink",
    page: "1.0",
    geometry: { bbox: [0, 0, 9, 9], lines: [[0, 0, 9, 9]] },
    appearance: { color: "#112233", width: 2 },
  };
  expect(readPreviews({ s: { annotation } }, find).get("s")).toEqual({ annotation });
});

test("what is not of its kind is left out", () => {
  const wrong = [
    { r: { geometry: { bbox: [1, 2, 3] } } },
    { r: { geometry: { bbox: [1, 2, 3, Number.NaN] } } },
    { r: { annotation: { type: "ink" } } },
    { s: { annotation: { type: "ink", page: "1.0", geometry: { bbox: [0, 0, 1, 1], lines: "M0 0" }, appearance: {} } } },
    { s: { annotation: { type: "constructor", page: "1.0", geometry: { bbox: [0, 0, 1, 1] }, appearance: {} } } },
    { s: { annotation: { type: "note", page: 7, geometry: { bbox: [0, 0, 1, 1] }, appearance: {} } } },
    "text",
    null,
    [1],
    { r: 1 },
  ];
  for (const value of wrong) expect(readPreviews(value, find).size).toBe(0);
});

test("whatever somebody sends, what is let through can be drawn", () => {
  const geometry = fc.record({
    bbox: fc.oneof(fc.constant([0, 0, 5, 5]), fc.anything()),
    lines: fc.oneof(fc.constant([[0, 0]]), fc.anything()),
    rects: fc.oneof(fc.constant([[0, 0, 5, 5]]), fc.anything()),
  });
  const annotation = fc.record({
    type: fc.constantFrom("highlight", "ink", "note", "rectangle", "text", "toString"),
    page: fc.oneof(fc.constant("1.0"), fc.anything()),
    geometry,
    appearance: fc.oneof(
      fc.dictionary(fc.constantFrom("color", "width", "fontSize", "strokeColor", "font", "icon"), fc.anything()),
      fc.constant({}),
    ),
    text: fc.anything(),
  });
  fc.assert(
    fc.property(annotation, (value) => {
      for (const preview of readPreviews({ s: { annotation: value } }, find).values())
        if ("annotation" in preview) drawAnnotation(preview.annotation);
    }),
  );
});
