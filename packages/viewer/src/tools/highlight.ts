/** Highlight: text is selected as always; each selection that is made becomes a highlight. */
import type { Highlight } from "@lectern/protocol";
import { roundRect, union } from "../annotations/geometry.ts";
import type { Style } from "../annotations/kind.ts";
import { topmostAt } from "../annotations/registry.ts";
import type { TextSelection } from "../parts.ts";
import { mergeLineRects } from "./line-rects.ts";
import { type Desk, type Tool, tolerance } from "./tool.ts";

/** One highlight a page. */
export function highlightsOf(selection: TextSelection, style: Style): Highlight[] {
  const { color = "#ffe066", opacity = 1 } = style;
  return selection.pages.flatMap(({ pageId, rects }): Highlight[] => {
    const lines = mergeLineRects(rects);
    if (lines.length === 0) return [];
    return [
      {
        type: "highlight",
        page: pageId,
        geometry: { bbox: roundRect(union(lines)), rects: lines },
        appearance: { color, ...(opacity === 1 ? {} : { opacity }), blendMode: "multiply" },
      },
    ];
  });
}

export function highlightTool(desk: Desk): Tool {
  return {
    name: "highlight",
    down: () => false,
    move() {},
    up() {},
    cancel() {},
    // Between two selections a highlight that is there can be picked, to change or delete it.
    tap(pointer) {
      const hit = topmostAt(desk.stack(pointer.page.pageId), pointer.point, tolerance(pointer));
      desk.selection.set(hit?.data.type === "highlight" ? [hit.id] : []);
      return hit !== null;
    },
  };
}
