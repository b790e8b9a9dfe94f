/** Link: nothing but its border, where it has one. */
import type { Link, Rect } from "@lectern/protocol";
import { type DrawCommand, rectPath } from "./commands.ts";
import { cleanRect } from "./markup-lines.ts";
import { color, opacity, within } from "./sanitize.ts";

export function draw(link: Link): DrawCommand[] {
  const { borderColor, borderStyle, borderWidth, opacity: alpha } = link.appearance;
  const edge = color(borderColor, undefined);
  const width = within(borderWidth, 0, 100, 1);
  if (edge === undefined || width === 0) return [];
  const [left, top, wide, high] = bbox(link);
  return [
    {
      kind: "path",
      path:
        borderStyle === "underline"
          ? [
              ["M", left, top + high - width / 2],
              ["L", left + wide, top + high - width / 2],
            ]
          : rectPath([left + width / 2, top + width / 2, Math.max(0, wide - width), Math.max(0, high - width)]),
      stroke: { color: edge, width, join: "miter", ...(borderStyle === "dashed" ? { dash: [3 * width, 2 * width] } : {}) },
      opacity: opacity(alpha),
    },
  ];
}

export function bbox({ geometry }: Link): Rect {
  return cleanRect(geometry.bbox);
}
