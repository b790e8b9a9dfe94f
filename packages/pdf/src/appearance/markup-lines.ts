/** What the marks on lines of text share: their rectangles made of checked numbers. */
import type { Rect, TextMarkup } from "@lectern/protocol";
import { union } from "./commands.ts";
import { finite } from "./sanitize.ts";

export function lines({ geometry }: Pick<TextMarkup, "geometry">): Rect[] {
  return geometry.rects.map(cleanRect);
}

export function markupBox(annotation: Pick<TextMarkup, "geometry">): Rect {
  return union(lines(annotation)) ?? cleanRect(annotation.geometry.bbox);
}

export function cleanRect(rect: Rect): Rect {
  return [finite(rect[0]), finite(rect[1]), Math.max(0, finite(rect[2])), Math.max(0, finite(rect[3]))];
}

/** Of a line below or through text of this height, as typesetters draw it. */
export function ruleWidth(height: number): number {
  return Math.min(4, Math.max(0.5, height * 0.07));
}
