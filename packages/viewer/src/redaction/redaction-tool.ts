/** Redaction marks: selected text becomes one as with the other marks on text; a drag that begins beside text marks an area. */
import type { Redaction } from "@lectern/protocol";
import { roundRect, union } from "../annotations/geometry.ts";
import type { Style } from "../annotations/kind.ts";
import { KINDS } from "../annotations/registry.ts";
import type { TextSelection } from "../parts.ts";
import { dragged } from "../tools/box.ts";
import { markTool } from "../tools/highlight.ts";
import { mergeLineRects } from "../tools/line-rects.ts";
import type { Desk, Tool, ToolPointer } from "../tools/tool.ts";

/** One mark a page. */
export function redactionsOf({ pages }: Pick<TextSelection, "pages">, style: Style): Redaction[] {
  return pages.flatMap(({ pageId, rects }): Redaction[] => {
    const lines = mergeLineRects(rects);
    return lines.length === 0 ? [] : [mark(pageId, lines, style)];
  });
}

function mark(page: string, rects: Redaction["geometry"]["rects"], { color, fill }: Style): Redaction {
  return {
    type: "redaction",
    page,
    geometry: { bbox: roundRect(union(rects)), rects },
    appearance: {
      ...(color === undefined ? {} : { outlineColor: color }),
      ...(fill === undefined || fill === null ? {} : { fillColor: fill }),
    },
  };
}

export function redactionTool(desk: Desk): Tool {
  const onText = markTool(desk, "redaction");
  let start: ToolPointer | null = null;
  let id = "";
  const area = (from: ToolPointer, to: ToolPointer): Redaction =>
    mark(from.page.pageId, [dragged(from.page, from.point, to.point, to.shift)], desk.styles.get("redaction"));

  function end(): void {
    start = null;
    desk.preview(new Map());
  }

  return {
    ...onText,
    down(pointer) {
      if (!desk.edits.mayCreate || pointer.onText === true) return false;
      start = pointer;
      id = desk.newId();
      return true;
    },
    move(pointer) {
      if (start !== null) desk.preview(new Map([[id, { annotation: area(start, pointer) }]]));
    },
    up(pointer) {
      if (start === null) return;
      const made = area(start, pointer);
      const [, , width, height] = made.geometry.bbox;
      const { minimum } = KINDS.redaction;
      if (width >= minimum && height >= minimum) desk.edits.create([made], [id]);
      else onText.tap?.(pointer);
      end();
    },
    cancel: end,
  };
}
