/** Free text: a click places a line that grows with its words, a drag draws the box; either opens an editor on the page. */
import { LINE_HEIGHT, TEXT_PADDING } from "@lectern/pdf/appearance";
import type { Rect, Text } from "@lectern/protocol";
import { boundsOf, opposite, roundRect, turnBy } from "../annotations/geometry.ts";
import { dragged } from "./box.ts";
import { CLICK_SLOP, type Desk, type Tool, type ToolPointer } from "./tool.ts";

const FONT_SIZE = 14;
/** Points. */
const LEAST_WIDTH = 24;

export function textTool(desk: Desk): Tool {
  let start: ToolPointer | null = null;

  const lineHeight = (): number => (desk.styles.get("text").fontSize ?? FONT_SIZE) * LINE_HEIGHT + 2 * TEXT_PADDING;

  /** Upright for the writer, however the page is turned. */
  function annotation({ page }: ToolPointer, bbox: Rect): Text {
    const { color, fill, fontSize = FONT_SIZE, opacity } = desk.styles.get("text");
    const rotation = opposite(page.rotation);
    return {
      type: "text",
      page: page.pageId,
      geometry: { bbox, ...(rotation === 0 ? {} : { rotation }) },
      appearance: {
        font: "Helvetica",
        fontSize,
        ...(color === undefined ? {} : { fontColor: color }),
        ...(fill == null ? {} : { backgroundColor: fill }),
        ...(opacity === undefined || opacity === 1 ? {} : { opacity }),
      },
      text: { format: "plain", value: "" },
    };
  }

  return {
    name: "text",
    down(pointer) {
      if (!desk.edits.mayCreate) return false;
      start = pointer;
      return true;
    },
    move() {},
    up(pointer) {
      if (start === null) return;
      const from = start;
      start = null;
      desk.setActive("select");
      if (isClick(from, pointer)) desk.draft(annotation(from, placed(from, lineHeight())), room(from));
      else desk.draft(annotation(from, atLeast(dragged(from.page, from.point, pointer.point, false), from.page.rotation, lineHeight())));
    },
    cancel() {
      start = null;
    },
  };
}

function isClick(from: ToolPointer, to: ToolPointer): boolean {
  return Math.hypot(to.point[0] - from.point[0], to.point[1] - from.point[1]) * from.page.scale < CLICK_SLOP;
}

/** Points from the pointer to the edge of the page that is shown on the right. */
function room({ page, point }: ToolPointer): number {
  const edge = { 0: page.width - point[0], 90: point[1], 180: point[0], 270: page.height - point[1] }[page.rotation];
  return Math.max(LEAST_WIDTH, edge - 8);
}

/** One line that begins at the pointer, which is in its middle like a caret. */
function placed({ page, point }: ToolPointer, line: number): Rect {
  const rotation = opposite(page.rotation);
  const [dx, dy] = turnBy(LEAST_WIDTH / 2, 0, rotation);
  return roundRect(boundsOf({ rect: [point[0] + dx - LEAST_WIDTH / 2, point[1] + dy - line / 2, LEAST_WIDTH, line], rotation }));
}

/** Room for a line, as shown. */
function atLeast(rect: Rect, rotation: number, line: number): Rect {
  const [width, height] = rotation % 180 === 0 ? [LEAST_WIDTH, line] : [line, LEAST_WIDTH];
  return [rect[0], rect[1], Math.max(rect[2], width), Math.max(rect[3], height)];
}
