/** Boxes that are turned about their middle within an upright box that holds them. */
import type { Rect } from "@lectern/protocol";
import type { Matrix } from "./commands.ts";
import { finite } from "./sanitize.ts";

/** 0…360 */
export function degreesOf(rotation: number | undefined): number {
  return ((finite(rotation) % 360) + 360) % 360;
}

/** The box that, turned about its middle, fills the upright one. */
export function unturnedBox([left, top, width, height]: Rect, degrees: number): Rect {
  const [inner, high] = unturned(width, height, degrees);
  return [left + (width - inner) / 2, top + (height - high) / 2, inner, high];
}

/** Size of the box whose bounds, when it is turned, are `width` × `height`; where there is none, the largest that fits and has their ratio. */
function unturned(width: number, height: number, degrees: number): [number, number] {
  if (degrees % 180 === 0) return [width, height];
  if (degrees % 90 === 0) return [height, width];
  const [cos, sin] = [Math.abs(Math.cos((degrees * Math.PI) / 180)), Math.abs(Math.sin((degrees * Math.PI) / 180))];
  const difference = cos * cos - sin * sin;
  const exact: [number, number] = [(width * cos - height * sin) / difference, (height * cos - width * sin) / difference];
  if (Math.abs(difference) > 0.01 && exact.every((side) => side > 0)) return exact;
  const scale = Math.min(width / (width * cos + height * sin), height / (width * sin + height * cos));
  return Number.isFinite(scale) ? [width * scale, height * scale] : [0, 0];
}

/** Clockwise about the middle of the box. */
export function turn([left, top, width, height]: Rect, degrees: number): Matrix {
  if (degrees === 0) return [1, 0, 0, 1, 0, 0];
  const [x, y] = [left + width / 2, top + height / 2];
  const [cos, sin] =
    degrees % 90 === 0
      ? [[1, 0, -1, 0][degrees / 90]!, [0, 1, 0, -1][degrees / 90]!]
      : [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return [cos, sin, -sin, cos, x - cos * x + sin * y, y - sin * x - cos * y];
}
