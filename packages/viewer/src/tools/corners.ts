/**
 * Connected lines and polygons: each press sets a corner, dragging moves the one just set. A double click, a press on the first corner, Enter or
 * another tool ends it; Escape forgets it.
 */
import type { Point, Polygon, Polyline } from "@lectern/protocol";
import { pointGeometry } from "../annotations/shape.ts";
import { distance, snapped, within } from "./line.ts";
import { shapeLook } from "./shape-looks.ts";
import { type Desk, type Tool, type ToolPage, type ToolPointer, tolerance } from "./tool.ts";

const MOST_CORNERS = 1000;

interface Path {
  readonly id: string;
  readonly page: ToolPage;
  readonly points: Point[];
}

export function cornersTool(desk: Desk, name: "polyline" | "polygon"): Tool {
  let path: Path | null = null;
  const least = name === "polygon" ? 3 : 2;

  function annotation({ page, points }: Path): Polyline | Polygon {
    const made = {
      type: name,
      page: page.pageId,
      geometry: { bbox: [0, 0, 0, 0], points },
      appearance: shapeLook(desk.styles.get(name)),
    } as Polyline | Polygon;
    return { ...made, geometry: pointGeometry(made, points) } as Polyline | Polygon;
  }

  function show(): void {
    const [first] = path?.points ?? [];
    if (path === null || first === undefined) return desk.preview(new Map());
    // A path of one corner is a dot, a polygon of two is a line.
    const points = path.points.length < least ? [...path.points, ...Array<Point>(least - path.points.length).fill(first)] : path.points;
    desk.preview(new Map([[path.id, { annotation: annotation({ ...path, points }) }]]));
  }

  function commit(): void {
    const ended = path;
    path = null;
    const isWhole = ended !== null && ended.points.length >= least;
    if (isWhole) desk.edits.create([annotation(ended)], [ended.id]);
    desk.preview(new Map());
    if (!isWhole) return;
    desk.setActive("select");
    desk.selection.set([ended.id]);
  }

  function corner(pointer: ToolPointer): Point {
    const before = path?.points.at(-2);
    return within(pointer, pointer.shift && before !== undefined ? snapped(before, pointer.point) : pointer.point);
  }

  return {
    name,
    down(pointer) {
      if (!desk.edits.mayCreate) return false;
      if (path !== null && path.page.pageId !== pointer.page.pageId) commit();
      path ??= { id: desk.newId(), page: pointer.page, points: [] };
      const [first] = path.points;
      const closes = first !== undefined && path.points.length >= least && distance(first, pointer.point) <= tolerance(pointer) * 2;
      if (pointer.clicks > 1 || (closes && name === "polygon") || path.points.length >= MOST_CORNERS) {
        commit();
        return true;
      }
      path.points.push(within(pointer, pointer.point));
      path.points[path.points.length - 1] = corner(pointer);
      show();
      return true;
    },
    move(pointer) {
      if (path === null) return;
      path.points[path.points.length - 1] = corner(pointer);
      show();
    },
    up() {},
    cancel() {
      path?.points.pop();
      if (path?.points.length === 0) path = null;
      show();
    },
    enter() {
      if (path === null) return false;
      commit();
      return true;
    },
    escape() {
      if (path === null) return false;
      path = null;
      show();
      return true;
    },
    finish: commit,
  };
}
