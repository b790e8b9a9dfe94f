/** Matrices and polygons in the space of a page (points, y up), as far as removing content needs them. */
export type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];
export type XY = readonly [x: number, y: number];
/** Left, bottom, right, top. */
export type Box = readonly [left: number, bottom: number, right: number, top: number];

export const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];

/** First `m`, then `n`. */
export function multiply(m: Matrix, n: Matrix): Matrix {
  return [
    m[0] * n[0] + m[1] * n[2],
    m[0] * n[1] + m[1] * n[3],
    m[2] * n[0] + m[3] * n[2],
    m[2] * n[1] + m[3] * n[3],
    m[4] * n[0] + m[5] * n[2] + n[4],
    m[4] * n[1] + m[5] * n[3] + n[5],
  ];
}

export function apply(m: Matrix, x: number, y: number): XY {
  return [m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]];
}

/** Null when it flattens everything to a line or point. */
export function inverse(m: Matrix): Matrix | null {
  const determinant = m[0] * m[3] - m[1] * m[2];
  if (!Number.isFinite(determinant) || Math.abs(determinant) < 1e-12) return null;
  const [a, b, c, d] = [m[3] / determinant, -m[1] / determinant, -m[2] / determinant, m[0] / determinant];
  return [a, b, c, d, -(m[4] * a + m[5] * c), -(m[4] * b + m[5] * d)];
}

/** How much longer a length may become. */
export function scaleOf(m: Matrix): number {
  return Math.max(Math.hypot(m[0], m[1]), Math.hypot(m[2], m[3]));
}

export function quadOf(m: Matrix, left: number, bottom: number, right: number, top: number): XY[] {
  return [apply(m, left, bottom), apply(m, right, bottom), apply(m, right, top), apply(m, left, top)];
}

type Side = readonly [axis: 0 | 1, keepAbove: boolean, at: number];

/** The part of a polygon on one side of a line along an axis (Sutherland and Hodgman). */
export function clipHalf(points: readonly XY[], [axis, keepAbove, at]: Side): XY[] {
  const inside = (point: XY): boolean => (keepAbove ? point[axis] >= at : point[axis] <= at);
  const out: XY[] = [];
  for (const [index, point] of points.entries()) {
    const before = points[(index + points.length - 1) % points.length]!;
    if (inside(before) !== inside(point)) {
      const share = (at - before[axis]) / (point[axis] - before[axis]);
      out.push([before[0] + (point[0] - before[0]) * share, before[1] + (point[1] - before[1]) * share]);
    }
    if (inside(point)) out.push(point);
  }
  return out;
}

function clipTo(points: readonly XY[], [left, bottom, right, top]: Box): XY[] {
  let clipped: readonly XY[] = points;
  const sides: Side[] = [
    [0, true, left],
    [0, false, right],
    [1, true, bottom],
    [1, false, top],
  ];
  for (const side of sides) clipped = clipHalf(clipped, side);
  return [...clipped];
}

/** Does a convex polygon cover any of the box? */
export function covers(points: readonly XY[], box: Box): boolean {
  const clipped = clipTo(points, box);
  let area = 0;
  for (const [index, [x, y]] of clipped.entries()) {
    const [nextX, nextY] = clipped[(index + 1) % clipped.length]!;
    area += x * nextY - nextX * y;
  }
  return Math.abs(area) > 1e-4;
}

export function within(points: readonly XY[], [left, bottom, right, top]: Box): boolean {
  return points.every(([x, y]) => x >= left && x <= right && y >= bottom && y <= top);
}

/** The pieces of the segment from `a` to `b` that lie outside of the box, in order. */
export function outside(a: XY, b: XY, [left, bottom, right, top]: Box): (readonly [XY, XY])[] {
  const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
  let [from, to] = [0, 1];
  for (const [direction, distance] of [
    [-dx, a[0] - left],
    [dx, right - a[0]],
    [-dy, a[1] - bottom],
    [dy, top - a[1]],
  ] as const) {
    if (direction === 0) {
      if (distance <= 0) return [[a, b]];
    } else if (direction < 0) from = Math.max(from, distance / direction);
    else to = Math.min(to, distance / direction);
  }
  if (from >= to) return [[a, b]];
  const at = (share: number): XY => [a[0] + dx * share, a[1] + dy * share];
  const pieces: (readonly [XY, XY])[] = [];
  if (from > 0) pieces.push([a, at(from)]);
  if (to < 1) pieces.push([at(to), b]);
  return pieces;
}

/** The polygons without what lies in the box: four strips around it. */
export function aroundBox(polygons: readonly (readonly XY[])[], [left, bottom, right, top]: Box): XY[][][] {
  const strips: Side[][] = [
    [[0, false, left]],
    [[0, true, right]],
    [
      [0, true, left],
      [0, false, right],
      [1, true, top],
    ],
    [
      [0, true, left],
      [0, false, right],
      [1, false, bottom],
    ],
  ];
  return strips
    .map((sides) =>
      polygons
        .map((polygon) => sides.reduce<readonly XY[]>((points, side) => clipHalf(points, side), polygon))
        .filter((polygon) => polygon.length > 2)
        .map((polygon) => [...polygon]),
    )
    .filter((group) => group.length > 0);
}

const CURVE_STEPS = 16;

/** Points of a cubic curve after its start. */
export function flattenCurve(a: XY, b: XY, c: XY, d: XY): XY[] {
  return Array.from({ length: CURVE_STEPS }, (_, index) => {
    const t = (index + 1) / CURVE_STEPS;
    const s = 1 - t;
    const mix = (axis: 0 | 1): number => s * s * s * a[axis] + 3 * s * s * t * b[axis] + 3 * s * t * t * c[axis] + t * t * t * d[axis];
    return [mix(0), mix(1)] as const;
  });
}
