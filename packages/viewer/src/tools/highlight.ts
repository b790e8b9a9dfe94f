/** Marks on text: text is selected as always; each selection that is made becomes a mark. */
import type { TextMarkup } from "@lectern/protocol";
import { roundRect, union } from "../annotations/geometry.ts";
import type { Style } from "../annotations/kind.ts";
import { KINDS, topmostAt } from "../annotations/registry.ts";
import type { TextSelection } from "../parts.ts";
import { mergeLineRects } from "./line-rects.ts";
import { type Desk, type MarkType, type Tool, tolerance } from "./tool.ts";

/** One mark a page. */
export function marksOf(type: Exclude<MarkType, "redaction">, selection: TextSelection, style: Style): TextMarkup[] {
  const { color = KINDS[type].defaults.color!, opacity = 1 } = style;
  return selection.pages.flatMap(({ pageId, rects }): TextMarkup[] => {
    const lines = mergeLineRects(rects);
    if (lines.length === 0) return [];
    return [
      {
        type,
        page: pageId,
        geometry: { bbox: roundRect(union(lines)), rects: lines },
        appearance: { color, ...(opacity === 1 ? {} : { opacity }), ...(type === "highlight" ? { blendMode: "multiply" } : {}) },
      },
    ];
  });
}

export function markTool(desk: Desk, type: MarkType): Tool {
  return {
    name: type,
    down: () => false,
    move() {},
    up() {},
    cancel() {},
    // Between two selections a mark that is there can be picked, to change or delete it.
    tap(pointer) {
      const hit = topmostAt(desk.stack(pointer.page.pageId), pointer.point, tolerance(pointer));
      desk.selection.set(hit?.data.type === type ? [hit.id] : []);
      return hit !== null;
    },
  };
}
