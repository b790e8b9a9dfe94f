/** The words that a mark covers, to tell one mark from another. Text that does not run to the right is left out: the mark covers it all the same. */
import type { PageText } from "@lectern/pdf";
import type { Rect } from "@lectern/protocol";

export function wordsUnder({ runs }: PageText, rects: readonly Rect[]): string {
  const found: string[] = [];
  for (const { text, bbox, edges, angle } of runs) {
    if (angle !== 0) continue;
    const [, top, , height] = bbox;
    const middle = top + height / 2;
    let words = "";
    for (let at = 0; at < text.length; at++) {
      const x = (edges[at]! + edges[at + 1]!) / 2;
      if (rects.some(([left, y, width, tall]) => middle >= y && middle <= y + tall && x >= left && x <= left + width)) words += text[at];
    }
    if (words.trim() !== "") found.push(words.trim());
  }
  return found.join(" ");
}
