/** Polygon: a closed outline, straight or made of clouds. */
import type { Polygon, Rect } from "@lectern/protocol";
import type { DrawCommand, PathSegment } from "./commands.ts";
import { boxAround, cloudPath, cloudReach, points, shape, strokeOf, strokeWidth } from "./shape-look.ts";

export function draw({ geometry, appearance }: Polygon): DrawCommand[] {
  const corners = points(geometry.points);
  const reach = cloudReach(appearance);
  const path: PathSegment[] =
    reach > 0 ? cloudPath(corners, reach) : [...corners.map(([x, y], at): PathSegment => [at === 0 ? "M" : "L", x, y]), ["Z"]];
  return shape(path, appearance, strokeOf(appearance));
}

export function bbox({ geometry, appearance }: Polygon): Rect {
  return boxAround(points(geometry.points), cloudReach(appearance) + strokeWidth(appearance) / 2);
}
