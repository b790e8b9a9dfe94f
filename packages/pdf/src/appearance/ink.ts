/** Ink: every stroke one smooth line with round ends; where strokes cross, a translucent colour does not add up. */
import type { Ink, Rect } from "@lectern/protocol";
import { circlePath, type DrawCommand, type PathSegment, rectPath, union } from "./commands.ts";
import { blendMode, color, finite, opacity, within } from "./sanitize.ts";

export function draw(ink: Ink): DrawCommand[] {
  const { appearance } = ink;
  const paint = color(appearance.color, "#000000");
  const width = within(appearance.width, 0, 1000, 1);
  const background = color(appearance.backgroundColor, undefined);
  const path: PathSegment[] = [];
  const dots: PathSegment[] = [];
  for (const line of ink.geometry.lines) {
    const points = pairs(line);
    const [first] = points;
    if (first === undefined) continue;
    if (points.every(([x, y]) => x === first[0] && y === first[1])) dots.push(...circlePath(first[0], first[1], width / 2));
    else path.push(...smooth(points));
  }
  const commands: DrawCommand[] = [];
  if (background !== undefined) commands.push({ kind: "path", path: rectPath(bbox(ink)), fill: background });
  if (path.length > 0) commands.push({ kind: "path", path, stroke: { color: paint, width, cap: "round", join: "round" } });
  // A stroke without length: readers disagree whether its round ends are painted.
  if (dots.length > 0) commands.push({ kind: "path", path: dots, fill: paint });
  const [only] = commands;
  const compositing = { opacity: opacity(appearance.opacity), blendMode: blendMode(appearance.blendMode, "normal") };
  if (only === undefined) return [];
  return commands.length === 1 ? [{ ...only, ...compositing }] : [{ kind: "group", commands, ...compositing }];
}

/** The curves stay within the polygon of their points, so the points and half a stroke around them bound the drawing. */
export function bbox({ geometry, appearance }: Ink): Rect {
  const half = within(appearance.width, 0, 1000, 1) / 2;
  const points = geometry.lines.flatMap(pairs);
  return union(points.map(([x, y]): Rect => [x - half, y - half, 2 * half, 2 * half])) ?? geometry.bbox;
}

function pairs(line: readonly number[]): [number, number][] {
  const points: [number, number][] = [];
  for (let i = 0; i + 1 < line.length; i += 2) points.push([finite(line[i]), finite(line[i + 1])]);
  return points;
}

/** Quadratic curves through the middles of the segments, the points being their controls. */
function smooth(points: readonly (readonly [number, number])[]): PathSegment[] {
  const [first] = points;
  const last = points[points.length - 1]!;
  const path: PathSegment[] = [["M", first![0], first![1]]];
  for (let i = 1; i + 1 < points.length; i++) {
    const [x, y] = points[i]!;
    const [nextX, nextY] = i + 2 === points.length ? last : middle(points[i]!, points[i + 1]!);
    path.push(["Q", x, y, nextX, nextY]);
  }
  if (points.length === 2) path.push(["L", last[0], last[1]]);
  return path;
}

function middle(a: readonly [number, number], b: readonly [number, number]): [number, number] {
  return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
}
