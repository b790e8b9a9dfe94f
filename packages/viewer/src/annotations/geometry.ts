/**
 * Geometry of annotations: pure, in points of the source page (y down). Rectangles are `[left, top, width, height]`.
 * A handle is a direction `[x, y]` of −1, 0 or 1 each: `[-1, -1]` is the top-left corner, `[1, 0]` the middle of the right side.
 */
import type { Point, Rect, Rotation } from "@lectern/protocol";

export type Handle = readonly [x: -1 | 0 | 1, y: -1 | 0 | 1];

/** The eight handles, clockwise from the top-left corner. */
export const HANDLES: readonly Handle[] = [
  [-1, -1],
  [0, -1],
  [1, -1],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
];

/** Records keep two decimals: a hundredth of a point is finer than any screen or printer. */
export function round(value: number): number {
  return Math.round(value * 100) / 100;
}

export function roundRect(rect: Rect): Rect {
  return [round(rect[0]), round(rect[1]), round(rect[2]), round(rect[3])];
}

/** The rectangle that two opposite corners span. */
export function rectBetween(a: Point, b: Point): Rect {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.abs(a[0] - b[0]), Math.abs(a[1] - b[1])];
}

export function inflate(rect: Rect, by: number): Rect {
  return [rect[0] - by, rect[1] - by, Math.max(0, rect[2] + 2 * by), Math.max(0, rect[3] + 2 * by)];
}

export function contains(rect: Rect, point: Point): boolean {
  return point[0] >= rect[0] && point[0] <= rect[0] + rect[2] && point[1] >= rect[1] && point[1] <= rect[1] + rect[3];
}

export function intersects(a: Rect, b: Rect): boolean {
  return a[0] <= b[0] + b[2] && b[0] <= a[0] + a[2] && a[1] <= b[1] + b[3] && b[1] <= a[1] + a[3];
}

/** The smallest rectangle around all; needs at least one. */
export function union(rects: readonly Rect[]): Rect {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (const [x, y, width, height] of rects) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x + width);
    bottom = Math.max(bottom, y + height);
  }
  return [left, top, right - left, bottom - top];
}

/** Box of flat coordinate lists `x0, y0, x1, y1, …`, without any stroke width. */
export function boxOfLines(lines: readonly (readonly number[])[]): Rect {
  let left = Infinity;
  let top = Infinity;
  let right = -Infinity;
  let bottom = -Infinity;
  for (const line of lines) {
    for (let i = 0; i + 1 < line.length; i += 2) {
      left = Math.min(left, line[i]!);
      top = Math.min(top, line[i + 1]!);
      right = Math.max(right, line[i]!);
      bottom = Math.max(bottom, line[i + 1]!);
    }
  }
  return left === Infinity ? [0, 0, 0, 0] : [left, top, right - left, bottom - top];
}

export function translate(rect: Rect, dx: number, dy: number): Rect {
  return [round(rect[0] + dx), round(rect[1] + dy), rect[2], rect[3]];
}

/** How far a point is from the segment between two others. */
export function distanceToSegment(x: number, y: number, x0: number, y0: number, x1: number, y1: number): number {
  const dx = x1 - x0;
  const dy = y1 - y0;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x0) * dx + (y - y0) * dy) / length));
  return Math.hypot(x - x0 - t * dx, y - y0 - t * dy);
}

/** A function that carries points of one rectangle to another; a side without length keeps its distance to the corner. */
export function carry(from: Rect, to: Rect): (x: number, y: number) => Point {
  const sx = from[2] === 0 ? 1 : to[2] / from[2];
  const sy = from[3] === 0 ? 1 : to[3] / from[3];
  return (x, y) => [round(to[0] + (x - from[0]) * sx), round(to[1] + (y - from[1]) * sy)];
}

export function opposite(rotation: Rotation): Rotation {
  return ((360 - rotation) % 360) as Rotation;
}

/** Turns a vector clockwise by any number of degrees. */
export function turnBy(dx: number, dy: number, degrees: number): Point {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = degrees % 90 === 0 ? [Math.round(Math.cos(angle)), Math.round(Math.sin(angle))] : [Math.cos(angle), Math.sin(angle)];
  return [dx * cos - dy * sin + 0, dx * sin + dy * cos + 0];
}

export function centre(rect: Rect): Point {
  return [rect[0] + rect[2] / 2, rect[1] + rect[3] / 2];
}

/** A rectangle that is turned clockwise about its middle. */
export interface Frame {
  readonly rect: Rect;
  /** Degrees. */
  readonly rotation: number;
}

/** A point as the frame's own unturned rectangle sees it. */
export function intoFrame({ rect, rotation }: Frame, point: Point): Point {
  if (rotation === 0) return point;
  const [x, y] = centre(rect);
  const [dx, dy] = turnBy(point[0] - x, point[1] - y, -rotation);
  return [x + dx, y + dy];
}

/** The upright rectangle around a turned one. */
export function boundsOf({ rect, rotation }: Frame): Rect {
  if (rotation % 360 === 0) return rect;
  const [x, y] = centre(rect);
  const corners = HANDLES.map(([hx, hy]) => turnBy((hx * rect[2]) / 2, (hy * rect[3]) / 2, rotation));
  return union(corners.map(([dx, dy]): Rect => [x + dx, y + dy, 0, 0]));
}

/** Resizing a turned rectangle: the corner or side opposite of the handle stays where it is on the page. `dx`, `dy` are along the page. */
export function resizeFrame({ rect, rotation }: Frame, handle: Handle, dx: number, dy: number, options: ResizeOptions): Rect {
  if (rotation === 0) return resizeRect(rect, handle, dx, dy, options);
  const { within: _, ...free } = options;
  const resized = resizeRect(rect, handle, ...turnBy(dx, dy, -rotation), free);
  const [x, y] = centre(rect);
  const [newX, newY] = centre(resized);
  const [shiftX, shiftY] = turnBy(newX - x, newY - y, rotation);
  return roundRect([x + shiftX - resized[2] / 2, y + shiftY - resized[3] / 2, resized[2], resized[3]]);
}

export interface ResizeOptions {
  /** Sides never become shorter, in points. */
  readonly minimum: number;
  readonly keepAspect: boolean;
  /** Nothing goes beyond it; the page's box as a rule. A rectangle that is already beyond keeps its place. */
  readonly within?: Rect;
}

/** Drags one handle of a rectangle; what is opposite of the handle stays where it is. */
export function resizeRect(rect: Rect, handle: Handle, dx: number, dy: number, options: ResizeOptions): Rect {
  const [hx, hy] = handle;
  const [room, floor] = [roomFor(rect, handle, options.within), options.minimum];
  let width = clamp(rect[2] + hx * dx, floor, room[0]);
  let height = clamp(rect[3] + hy * dy, floor, room[1]);
  if (options.keepAspect && rect[2] > 0 && rect[3] > 0) {
    const wanted = hx === 0 ? height / rect[3] : hy === 0 ? width / rect[2] : Math.max(width / rect[2], height / rect[3]);
    const scale = Math.max(Math.min(wanted, room[0] / rect[2], room[1] / rect[3]), floor / Math.min(rect[2], rect[3]));
    width = rect[2] * scale;
    height = rect[3] * scale;
  }
  const left = hx < 0 ? rect[0] + rect[2] - width : hx > 0 ? rect[0] : rect[0] + (rect[2] - width) / 2;
  const top = hy < 0 ? rect[1] + rect[3] - height : hy > 0 ? rect[1] : rect[1] + (rect[3] - height) / 2;
  return roundRect([left, top, width, height]);
}

/** The largest width and height that this handle may give. */
function roomFor(rect: Rect, [hx, hy]: Handle, within: Rect | undefined): Point {
  if (within === undefined) return [Infinity, Infinity];
  const side = (direction: number, start: number, length: number, from: number, size: number): number => {
    if (direction < 0) return Math.max(length, start + length - from);
    if (direction > 0) return Math.max(length, from + size - start);
    const middle = start + length / 2;
    return Math.max(length, 2 * Math.min(middle - from, from + size - middle));
  };
  return [side(hx, rect[0], rect[2], within[0], within[2]), side(hy, rect[1], rect[3], within[1], within[3])];
}

/** The part of a move that keeps the rectangle inside another. What does not fit, or is outside already, moves freely. */
export function moveWithin(rect: Rect, dx: number, dy: number, within: Rect): Point {
  return [slide(rect[0], rect[2], dx, within[0], within[2]), slide(rect[1], rect[3], dy, within[1], within[3])];
}

function slide(start: number, length: number, by: number, from: number, size: number): number {
  if (start < from || start + length > from + size) return by;
  return clamp(by, from - start, from + size - start - length);
}

export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, value));
}
