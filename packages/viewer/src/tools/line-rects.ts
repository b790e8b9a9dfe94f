/** Rectangles of selected text, merged: one a line instead of one a word or a run. */
import type { Rect } from "@lectern/protocol";
import { roundRect, union } from "../annotations/geometry.ts";

/** Joins what stands on the same line with little or no gap. Works for lines that run down the page too. */
export function mergeLineRects(rects: readonly Rect[]): Rect[] {
  const solid = rects.filter(([, , width, height]) => width > 0 && height > 0);
  // Runs of text are longer than high: when more of them are upright, the lines run down the page.
  const across = solid.reduce((sum, [, , width, height]) => sum + Math.sign(width - height), 0) >= 0;
  const lines: Rect[] = [];
  for (const rect of solid) {
    const at = lines.findIndex((line) => sameLine(line, rect, across));
    if (at < 0) lines.push(rect);
    else lines[at] = union([lines[at]!, rect]);
  }
  // A run may have filled the gap between two lines' parts that came before it.
  return lines.length < solid.length ? mergeLineRects(lines) : lines.map(roundRect);
}

function sameLine(a: Rect, b: Rect, across: boolean): boolean {
  const [along, over] = across ? [0, 1] : [1, 0];
  const overlap = Math.min(a[over]! + a[over + 2]!, b[over]! + b[over + 2]!) - Math.max(a[over]!, b[over]!);
  const gap = Math.max(a[along]!, b[along]!) - Math.min(a[along]! + a[along + 2]!, b[along]! + b[along + 2]!);
  return overlap >= 0.6 * Math.min(a[over + 2]!, b[over + 2]!) && gap <= Math.max(a[over + 2]!, b[over + 2]!);
}
