/** Lines and polylines: strokes through points, with caps at both ends. */
import type { Line, Point, Polyline, Rect } from "@lectern/protocol";
import type { DrawCommand, PathSegment } from "./commands.ts";
import { capDepth, capExtent, drawCap } from "./line-caps.ts";
import { blendMode, color, opacity } from "./sanitize.ts";
import { boxAround, points, strokeOf, strokeWidth } from "./shape-look.ts";

export function draw({ geometry, appearance }: Line | Polyline): DrawCommand[] {
  const stroke = strokeOf(appearance, { cap: "butt", join: "miter" });
  const corners = points(geometry.points);
  if (stroke === null || corners.length < 2) return [];
  const { start, end } = appearance.lineCaps ?? {};
  const fill = color(appearance.fillColor, undefined);
  const [first, second] = [corners[0]!, corners[1]!];
  const [last, before] = [corners.at(-1)!, corners.at(-2)!];
  const shortened = [
    shorter(first, second, capDepth(start, stroke.width)),
    ...corners.slice(1, -1),
    shorter(last, before, capDepth(end, stroke.width)),
  ];
  const commands: DrawCommand[] = [
    { kind: "path", path: shortened.map(([x, y], at): PathSegment => [at === 0 ? "M" : "L", x, y]), stroke },
    ...drawCap(start, first, second, stroke, fill),
    ...drawCap(end, last, before, stroke, fill),
  ];
  return [{ kind: "group", commands, opacity: opacity(appearance.opacity), blendMode: blendMode(appearance.blendMode, "normal") }];
}

export function bbox({ geometry, appearance }: Line | Polyline): Rect {
  const width = strokeWidth(appearance);
  const caps = appearance.lineCaps ?? {};
  // Mitres of sharp corners reach far; PDF and SVG cut them at different lengths, so they are left out of account.
  return boxAround(points(geometry.points), Math.max(capExtent(caps.start, width), capExtent(caps.end, width)));
}

/** `end` moved towards `from`, at most to it. */
function shorter(end: Point, from: Point, by: number): Point {
  const length = Math.hypot(end[0] - from[0], end[1] - from[1]);
  const part = length === 0 ? 0 : Math.min(1, by / length);
  return [end[0] + (from[0] - end[0]) * part, end[1] + (from[1] - end[1]) * part];
}
