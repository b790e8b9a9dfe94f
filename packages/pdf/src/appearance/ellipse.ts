/** Ellipse: its box is the outer edge, so the stroke lies inside. */
import type { Ellipse, Point, Rect } from "@lectern/protocol";
import { type DrawCommand, ellipsePath } from "./commands.ts";
import { cleanRect } from "./markup-lines.ts";
import { cloudPath, cloudReach, shape, strokeOf } from "./shape-look.ts";

export function draw(ellipse: Ellipse): DrawCommand[] {
  const { appearance } = ellipse;
  const [left, top, width, height] = bbox(ellipse);
  const stroke = strokeOf(appearance);
  const thickness = Math.min(stroke?.width ?? 0, width, height);
  const reach = Math.min(cloudReach(appearance), width / 4, height / 4);
  const inset = thickness / 2 + reach;
  const [x, y, rx, ry] = [left + width / 2, top + height / 2, Math.max(0, width / 2 - inset), Math.max(0, height / 2 - inset)];
  const path = reach > 0 ? cloudPath(around(x, y, rx, ry, reach), reach) : ellipsePath(x, y, rx, ry);
  return shape(path, appearance, stroke === null || thickness === 0 ? null : { ...stroke, width: thickness });
}

export function bbox({ geometry }: Ellipse): Rect {
  return cleanRect(geometry.bbox);
}

/** Corners of a polygon on the ellipse whose sides are about as long as a bump is wide. */
function around(x: number, y: number, rx: number, ry: number, reach: number): Point[] {
  const count = Math.max(8, Math.min(500, Math.round((Math.PI * (rx + ry)) / (2 * reach))));
  return Array.from({ length: count }, (_, at): Point => {
    const angle = (at / count) * 2 * Math.PI;
    return [x + rx * Math.cos(angle), y + ry * Math.sin(angle)];
  });
}
