/** What shapes have in common: how their outline and area are painted, and the clouds that an outline may be made of. */
import type { Point, Rect, Rectangle } from "@lectern/protocol";
import type { DrawCommand, PathSegment, Stroke } from "./commands.ts";
import { blendMode, color, dashes, finite, opacity, within } from "./sanitize.ts";

type ShapeAppearance = Rectangle["appearance"];

export function strokeOf(appearance: ShapeAppearance, given?: Pick<Stroke, "cap" | "join">): Stroke | null {
  // Between two bumps of a cloud a sharp corner would be a thorn.
  const more = given ?? { join: cloudReach(appearance) > 0 ? "round" : "miter" };
  const paint = color(appearance.strokeColor, undefined);
  const width = strokeWidth(appearance);
  const dash = dashes(appearance.strokeDash);
  return paint === undefined || width === 0 ? null : { color: paint, width, ...more, ...(dash === undefined ? {} : { dash }) };
}

/** 0 without a colour. */
export function strokeWidth(appearance: ShapeAppearance): number {
  return color(appearance.strokeColor, undefined) === undefined ? 0 : within(appearance.strokeWidth, 0, 1000, 1);
}

/** One path, filled and stroked as the appearance says. */
export function shape(path: readonly PathSegment[], appearance: ShapeAppearance, stroke: Stroke | null): DrawCommand[] {
  const fill = color(appearance.fillColor, undefined);
  if (fill === undefined && stroke === null) return [];
  return [
    {
      kind: "path",
      path,
      ...(fill === undefined ? {} : { fill }),
      ...(stroke === null ? {} : { stroke }),
      opacity: opacity(appearance.opacity),
      blendMode: blendMode(appearance.blendMode, "normal"),
    },
  ];
}

export function points(values: readonly (readonly [number, number])[]): Point[] {
  return values.map(([x, y]) => [finite(x), finite(y)]);
}

export function boxAround(values: readonly Point[], reach: number): Rect {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of values) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return left === Infinity ? [0, 0, 0, 0] : [left - reach, top - reach, right - left + 2 * reach, bottom - top + 2 * reach];
}

/** How far a cloud's bumps stand out of the outline, in points; 0 for none. */
export function cloudReach(appearance: ShapeAppearance): number {
  return within(appearance.cloudIntensity, 0, 10, 0) * 4;
}

const MOST_BUMPS = 2000;

/** Bumps along a closed outline, outwards. */
export function cloudPath(outline: readonly Point[], reach: number): PathSegment[] {
  const closed = outline.filter(([x, y], at) => at === 0 || x !== outline[at - 1]![0] || y !== outline[at - 1]![1]);
  const sides = closed.map((from, at): [Point, Point] => [from, closed[(at + 1) % closed.length]!]);
  const around = sides.reduce((sum, [a, b]) => sum + Math.hypot(b[0] - a[0], b[1] - a[1]), 0);
  const area = sides.reduce((sum, [a, b]) => sum + a[0] * b[1] - b[0] * a[1], 0);
  if (closed.length < 2 || around === 0) return [];
  // A bump is a half circle, as wide as twice its reach.
  const wide = Math.max(2 * reach, around / MOST_BUMPS);
  const turn = area >= 0 ? 1 : -1;
  const path: PathSegment[] = [["M", ...closed[0]!]];
  for (const [[x0, y0], [x1, y1]] of sides) {
    const count = Math.max(1, Math.round(Math.hypot(x1 - x0, y1 - y0) / wide));
    const [dx, dy] = [(x1 - x0) / count, (y1 - y0) / count];
    // Control points two thirds of the width outwards make nearly a half circle.
    const [outX, outY] = [dy * turn * (2 / 3), -dx * turn * (2 / 3)];
    for (let i = 0; i < count; i++) {
      const [x, y] = [x0 + dx * i, y0 + dy * i];
      path.push(["C", x + outX, y + outY, x + dx + outX, y + dy + outY, x + dx, y + dy]);
    }
  }
  path.push(["Z"]);
  return path;
}
