import { expect, it } from "vitest";
import type { PageShape } from "./pages/page-list.ts";
import { textLines } from "./text-lines.ts";

const page: PageShape = {
  id: "1.0",
  index: 0,
  content: null,
  crop: null,
  width: 200,
  height: 100,
  sourceRotation: 90,
  rotation: 0,
  label: null,
};
const run = (text: string, left: number, lineEnd: boolean) => ({
  text,
  bbox: [left, 10, 20, 5] as [number, number, number, number],
  edges: [],
  fontSize: 5,
  angle: 0,
  lineEnd,
});

it("puts the runs of a line together, in points of the page as shown", () => {
  const lines = textLines(page, { runs: [run("Hello", 10, false), run("world", 40, true), run(" ", 10, true), run("again", 10, false)] });
  expect(lines.map(({ contents }) => contents)).toEqual(["Hello world", "again"]);
  expect(lines[0]).toMatchObject({ left: 85, top: 10, width: 5, height: 50 });
});
