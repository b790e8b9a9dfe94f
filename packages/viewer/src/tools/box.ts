/** Shapes that a drag draws as a box: rectangle, cloud, ellipse. Shift makes it as high as it is wide. It is selected then, so that its looks can be changed at once. */
import type { Ellipse, Point, Rect, Rectangle } from "@lectern/protocol";
import { clamp, rectBetween, roundRect } from "../annotations/geometry.ts";
import { KINDS } from "../annotations/registry.ts";
import { shapeLook } from "./shape-looks.ts";
import { type Desk, type Tool, type ToolPage, type ToolPointer } from "./tool.ts";

const CLOUD_INTENSITY = 2;

export function boxTool(desk: Desk, name: "rectangle" | "ellipse" | "cloud"): Tool {
  let start: ToolPointer | null = null;
  let id = "";
  const type = name === "ellipse" ? "ellipse" : "rectangle";

  function annotation(from: ToolPointer, to: ToolPointer): Rectangle | Ellipse {
    return {
      type,
      page: from.page.pageId,
      geometry: { bbox: dragged(from.page, from.point, to.point, to.shift) },
      appearance: { ...shapeLook(desk.styles.get(type)), ...(name === "cloud" ? { cloudIntensity: CLOUD_INTENSITY } : {}) },
    };
  }

  function end(): void {
    start = null;
    desk.preview(new Map());
  }

  return {
    name,
    down(pointer) {
      if (!desk.edits.mayCreate) return false;
      start = pointer;
      id = desk.newId();
      return true;
    },
    move(pointer) {
      if (start !== null) desk.preview(new Map([[id, { annotation: annotation(start, pointer) }]]));
    },
    up(pointer) {
      if (start === null) return;
      const made = annotation(start, pointer);
      const [, , width, height] = made.geometry.bbox;
      const { minimum } = KINDS[type];
      const large = width >= minimum && height >= minimum;
      if (large) desk.edits.create([made], [id]);
      end();
      if (!large) return;
      desk.setActive("select");
      desk.selection.set([id]);
    },
    cancel: end,
  };
}

/** The rectangle of a drag, within the page; a square when asked for. */
export function dragged(page: ToolPage, from: Point, to: Point, square: boolean): Rect {
  const inside = ([x, y]: Point): Point => [clamp(x, 0, page.width), clamp(y, 0, page.height)];
  const [start, end] = [inside(from), inside(to)];
  if (!square) return roundRect(rectBetween(start, end));
  const [right, down] = [end[0] >= start[0], end[1] >= start[1]];
  const room = Math.min(right ? page.width - start[0] : start[0], down ? page.height - start[1] : start[1]);
  const side = Math.min(room, Math.max(Math.abs(end[0] - start[0]), Math.abs(end[1] - start[1])));
  return roundRect(rectBetween(start, [start[0] + (right ? side : -side), start[1] + (down ? side : -side)]));
}
