import type { TextRun } from "@lectern/pdf";
import { expect, it } from "vitest";
import { caretAt, originOf, partsBetween, rectOf, textOf } from "./text-geometry.ts";

function run(text: string, left: number, top: number, more: Partial<TextRun> = {}): TextRun {
  const edges = Array.from({ length: text.length + 1 }, (_, i) => left + i * 6);
  return { text, bbox: [left, top, text.length * 6, 12], edges, fontSize: 10, angle: 0, lineEnd: true, ...more };
}

const runs = [run("Hello", 100, 100, { lineEnd: false }), run("world", 140, 100), run("again", 100, 120)];

it("finds the gap between characters nearest to a point", () => {
  expect(caretAt(runs, [113, 105])).toEqual({ run: 0, offset: 2 });
  expect(caretAt(runs, [20, 126])).toEqual({ run: 2, offset: 0 });
  expect(caretAt(runs, [500, 105])).toEqual({ run: 1, offset: 5 });
  expect(caretAt([], [1, 1])).toBe(null);
});

it("gives the box of a part of a line", () => {
  expect(rectOf(runs[0]!, 1, 3)).toEqual([106, 100, 12, 12]);
});

it("knows lines that run down the page and lines that stand on their head", () => {
  const down = run("Down", 0, 0, { angle: 90, bbox: [300, 100, 12, 24], edges: [100, 106, 112, 118, 124] });
  expect(rectOf(down, 1, 2).map(Math.round)).toEqual([300, 106, 12, 6]);
  expect(originOf(down).map(Math.round)).toEqual([312, 100]);
  expect(caretAt([down], [306, 119])).toEqual({ run: 0, offset: 3 });
  const over = run("Over", 0, 0, { angle: 180, bbox: [300, 100, 24, 12], edges: [-324, -318, -312, -306, -300] });
  expect(rectOf(over, 0, 1).map(Math.round)).toEqual([318, 100, 6, 12]);
});

it("copies text with a space for a gap and a break at the end of a line", () => {
  const parts = partsBetween(runs, { run: 0, offset: 1 }, { run: 2, offset: 3 });
  expect(textOf(parts)).toBe("ello world\naga");
});
