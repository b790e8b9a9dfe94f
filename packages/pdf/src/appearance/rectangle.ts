/** Rectangle: its box is the outer edge, so the stroke lies inside. */
import type { Rect, Rectangle } from "@lectern/protocol";
import { type DrawCommand, rectPath } from "./commands.ts";
import { blendMode, color, dashes, finite, opacity, within } from "./sanitize.ts";

export function draw(rectangle: Rectangle): DrawCommand[] {
  const { appearance } = rectangle;
  const [left, top, width, height] = bbox(rectangle);
  const stroke = color(appearance.strokeColor, undefined);
  const fill = color(appearance.fillColor, undefined);
  const strokeWidth = stroke === undefined ? 0 : Math.min(within(appearance.strokeWidth, 0, 1000, 1), width, height);
  if (fill === undefined && strokeWidth === 0) return [];
  const dash = dashes(appearance.strokeDash);
  return [
    {
      kind: "path",
      path: rectPath([left + strokeWidth / 2, top + strokeWidth / 2, width - strokeWidth, height - strokeWidth]),
      ...(fill === undefined ? {} : { fill }),
      ...(stroke === undefined || strokeWidth === 0
        ? {}
        : { stroke: { color: stroke, width: strokeWidth, join: "miter", ...(dash === undefined ? {} : { dash }) } }),
      opacity: opacity(appearance.opacity),
      blendMode: blendMode(appearance.blendMode, "normal"),
    },
  ];
}

export function bbox({ geometry }: Rectangle): Rect {
  const [left, top, width, height] = geometry.bbox;
  return [finite(left), finite(top), Math.max(0, finite(width)), Math.max(0, finite(height))];
}
