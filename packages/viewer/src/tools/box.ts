/** Shapes that a drag draws as a box: rectangle, cloud, ellipse. Shift makes it as high as it is wide. */
import type { Ellipse, Point, Rect, Rectangle } from "@lectern/protocol";
import { clamp, rectBetween, roundRect } from "../annotations/geometry.ts";
import { KINDS } from "../annotations/registry.ts";
import { dragTool } from "./drag-tool.ts";
import { shapeLook } from "./shape-looks.ts";
import { type Desk, type Tool, type ToolPage, type ToolPointer } from "./tool.ts";

const CLOUD_INTENSITY = 2;

export function boxTool(desk: Desk, name: "rectangle" | "ellipse" | "cloud"): Tool {
  const type = name === "ellipse" ? "ellipse" : "rectangle";

  function annotation(from: ToolPointer, to: ToolPointer): Rectangle | Ellipse {
    return {
      type,
      page: from.page.pageId,
      geometry: { bbox: dragged(from.page, from.point, to.point, to.shift) },
      appearance: { ...shapeLook(desk.styles.get(type)), ...(name === "cloud" ? { cloudIntensity: CLOUD_INTENSITY } : {}) },
    };
  }

  return dragTool(desk, {
    name,
    annotation,
    isEnough({ geometry: { bbox } }) {
      const { minimum } = KINDS[type];
      return bbox[2] >= minimum && bbox[3] >= minimum;
    },
  });
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
