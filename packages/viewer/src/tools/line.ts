/** Line and arrow: a drag from end to end; Shift keeps to steps of 45°. The arrow's head is where the drag ends. */
import type { Line, Point } from "@lectern/protocol";
import { clamp } from "../annotations/geometry.ts";
import { pointGeometry } from "../annotations/shape.ts";
import { dragTool } from "./drag-tool.ts";
import { shapeLook } from "./shape-looks.ts";
import { CLICK_SLOP, type Desk, type Tool, type ToolPointer } from "./tool.ts";

export function lineTool(desk: Desk, name: "line" | "arrow"): Tool {
  function annotation(from: ToolPointer, to: ToolPointer): Line {
    const points = [within(from, from.point), within(from, to.shift ? snapped(from.point, to.point) : to.point)];
    const line: Line = {
      type: "line",
      page: from.page.pageId,
      geometry: { bbox: [0, 0, 0, 0], points },
      appearance: { ...shapeLook(desk.styles.get("line")), ...(name === "arrow" ? { lineCaps: { end: "openArrow" } } : {}) },
    };
    return { ...line, geometry: pointGeometry(line, points) };
  }

  const isEnough = (_made: Line, from: ToolPointer, to: ToolPointer): boolean =>
    distance(from.point, to.point) * from.page.scale >= CLICK_SLOP;
  return dragTool(desk, { name, annotation, isEnough });
}

export function within({ page }: ToolPointer, [x, y]: Point): Point {
  return [clamp(x, 0, page.width), clamp(y, 0, page.height)];
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** The nearest point in one of eight directions. */
export function snapped(from: Point, to: Point): Point {
  const step = Math.PI / 4;
  const angle = Math.round(Math.atan2(to[1] - from[1], to[0] - from[0]) / step) * step;
  const length = distance(from, to);
  return [from[0] + Math.cos(angle) * length, from[1] + Math.sin(angle) * length];
}
