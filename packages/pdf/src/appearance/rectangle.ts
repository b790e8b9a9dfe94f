/** Rectangle: its box is the outer edge, so the stroke lies inside. */
import type { Point, Rect, Rectangle } from "@lectern/protocol";
import { type DrawCommand, rectPath } from "./commands.ts";
import { cleanRect } from "./markup-lines.ts";
import { cloudPath, cloudReach, shape, strokeOf } from "./shape-look.ts";

export function draw(rectangle: Rectangle): DrawCommand[] {
  const { appearance } = rectangle;
  const [left, top, width, height] = bbox(rectangle);
  const stroke = strokeOf(appearance);
  const thickness = Math.min(stroke?.width ?? 0, width, height);
  const reach = Math.min(cloudReach(appearance), width / 4, height / 4);
  const inset = thickness / 2 + reach;
  const inner: Rect = [left + inset, top + inset, width - 2 * inset, height - 2 * inset];
  const path = reach > 0 ? cloudPath(corners(inner), reach) : rectPath(inner);
  return shape(path, appearance, stroke === null || thickness === 0 ? null : { ...stroke, width: thickness });
}

export function bbox({ geometry }: Rectangle): Rect {
  return cleanRect(geometry.bbox);
}

function corners([left, top, width, height]: Rect): Point[] {
  return [
    [left, top],
    [left + width, top],
    [left + width, top + height],
    [left, top + height],
  ];
}
