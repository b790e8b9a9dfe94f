/** Free text: a click places a line that grows with its words, a drag draws the box; either opens an editor on the page. */
import { LINE_HEIGHT, TEXT_PADDING } from "@lectern/pdf/appearance";
import type { Rect, Text } from "@lectern/protocol";
import { centre, clamp, opposite, roundRect, turnBy } from "../annotations/geometry.ts";
import { dragged } from "./rectangle.ts";
import { CLICK_SLOP, type Desk, type Tool, type ToolPointer } from "./tool.ts";

/** Points: the width of a text that was placed by a click, and the least of one that was drawn. */
const WIDTH = 180;
const LEAST_WIDTH = 24;

export function textTool(desk: Desk): Tool {
  let start: ToolPointer | null = null;

  function annotation(from: ToolPointer, to: ToolPointer): Text {
    const { color, fill, fontSize = 14, opacity } = desk.styles.get("text");
    const { page } = from;
    const line = fontSize * LINE_HEIGHT + 2 * TEXT_PADDING;
    const clicked = Math.hypot(to.point[0] - from.point[0], to.point[1] - from.point[1]) * page.scale < CLICK_SLOP;
    const rotation = opposite(page.rotation);
    return {
      type: "text", page: page.pageId,
      geometry: { bbox: clicked ? placed(from, line) : upright(dragged(page, from.point, to.point, false), rotation, line), ...(rotation === 0 ? {} : { rotation }) },
      appearance: {
        font: "Helvetica", fontSize,
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
      const draft = annotation(start, pointer);
      start = null;
      desk.setActive("select");
      desk.draft(draft);
    },
    cancel() {
      start = null;
    },
  };
}

/** One line whose words begin at the pointer, as shown, and end before the page does. */
function placed({ page, point }: ToolPointer, line: number): Rect {
  const right = turnBy(1, 0, -page.rotation);
  const room = right[0] > 0 ? page.width - point[0] : right[0] < 0 ? point[0] : right[1] > 0 ? page.height - point[1] : point[1];
  const width = clamp(room - 8, LEAST_WIDTH, WIDTH);
  const x = point[0] + (right[0] * width) / 2;
  const y = point[1] + (right[1] * width) / 2;
  // The middle of the line is at the pointer, like a caret.
  return roundRect([x - width / 2, y - line / 2, width, line]);
}

/** The box that, turned by `rotation`, covers this rectangle of the page. */
function upright(rect: Rect, rotation: number, line: number): Rect {
  const [x, y] = centre(rect);
  const [width, height] = rotation % 180 === 0 ? [rect[2], rect[3]] : [rect[3], rect[2]];
  const [w, h] = [Math.max(LEAST_WIDTH, width), Math.max(line, height)];
  return roundRect([x - w / 2, y - h / 2, w, h]);
}
