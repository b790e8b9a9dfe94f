import type { Rectangle, Rotation, Text } from "@lectern/protocol";
import { expect, test } from "vitest";
import { moveItems, resizeItem, type ShapePage } from "./shape-controller.ts";

const page = (pageId: string, rotation: Rotation = 0): ShapePage => ({ pageId, width: 600, height: 800, rotation });
const box = (x: number, y: number): Rectangle => ({
  type: "rectangle",
  page: "1.0",
  geometry: { bbox: [x, y, 100, 50] },
  appearance: { strokeColor: "#ff0000" },
});

test("several move by the same distance, and stop together at the page's edge", () => {
  const first = page("1.0");
  const items = [
    { id: "a", page: first, annotation: box(10, 10) },
    { id: "b", page: first, annotation: box(300, 300) },
  ];
  const moved = moveItems(items, first, -50, 20);
  expect(moved.get("a")!.bbox).toEqual([0, 30, 100, 50]);
  expect(moved.get("b")!.bbox).toEqual([290, 320, 100, 50]);
});

test("on a page that is turned otherwise they move in the same direction as seen", () => {
  const [upright, turned] = [page("1.0"), page("1.1", 90)];
  const moved = moveItems(
    [
      { id: "a", page: upright, annotation: box(100, 100) },
      { id: "b", page: turned, annotation: box(100, 100) },
    ],
    upright,
    30,
    0,
  );
  expect(moved.get("a")!.bbox).toEqual([130, 100, 100, 50]);
  // Seen to the right is upwards on a page shown a quarter turn clockwise.
  expect(moved.get("b")!.bbox).toEqual([100, 70, 100, 50]);
});

test("a resize keeps to the page and to the kind's least size", () => {
  const item = { id: "a", page: page("1.0"), annotation: box(500, 10) };
  expect(resizeItem(item, [1, 1], 500, 0, false).bbox).toEqual([500, 10, 100, 50]);
  expect(resizeItem(item, [1, 1], -500, -500, false).bbox).toEqual([500, 10, 6, 6]);
  expect(resizeItem(item, [-1, 1], -100, 0, true).bbox).toEqual([400, 10, 200, 100]);
});

test("a turned text is resized along its own sides", () => {
  const text: Text = {
    type: "text",
    page: "1.0",
    geometry: { bbox: [130, 70, 20, 80], rotation: 90 },
    appearance: { fontSize: 10 },
    text: { format: "plain", value: "Hi" },
  };
  expect(resizeItem({ id: "t", page: page("1.0"), annotation: text }, [1, 0], 0, 10, false).bbox).toEqual([130, 70, 20, 90]);
});
