/** Lines of text from the runs of a page. Pure. */
import type { PageText } from "@lectern/pdf";
import type { Rect } from "@lectern/protocol";
import { pageSpace } from "@lectern/protocol/plain";
import type { TextLine } from "./public-types.ts";
import { addRotations, type PageShape } from "./pages/page-list.ts";

/** Boxes are points of the page as shown. */
export function textLines(page: PageShape, { runs }: PageText): TextLine[] {
  const space = pageSpace({ ...page, rotation: addRotations(page.sourceRotation, page.rotation) });
  const lines: TextLine[] = [];
  let contents = "";
  let box: Rect | null = null;
  for (const [index, run] of runs.entries()) {
    contents += contents === "" || /\s$/.test(contents) || /^\s/.test(run.text) ? run.text : ` ${run.text}`;
    box = box === null ? run.bbox : union(box, run.bbox);
    if (!run.lineEnd && index < runs.length - 1) continue;
    const [left, top, width, height] = space.rectToShown(box);
    if (contents.trim() !== "") lines.push({ contents: contents.trim(), left, top, width, height });
    contents = "";
    box = null;
  }
  return lines;
}

/** The smallest rectangle that holds both. */
export function union([al, at, aw, ah]: Rect, [bl, bt, bw, bh]: Rect): Rect {
  const left = Math.min(al, bl);
  const top = Math.min(at, bt);
  return [left, top, Math.max(al + aw, bl + bw) - left, Math.max(at + ah, bt + bh) - top];
}
