/** Redaction: the areas to be removed, outlined; their words stay readable until they are gone. */
import type { Rect, Redaction } from "@lectern/protocol";
import { type DrawCommand, rectPath, union } from "./commands.ts";
import { cleanRect } from "./markup-lines.ts";
import { color, opacity } from "./sanitize.ts";

const OUTLINE = 1;

export function draw({ geometry, appearance }: Redaction): DrawCommand[] {
  const inner = geometry.rects.map(cleanRect).map(([left, top, width, height]): Rect => {
    const inset = Math.min(OUTLINE, width, height) / 2;
    return [left + inset, top + inset, width - 2 * inset, height - 2 * inset];
  });
  return [
    {
      kind: "group",
      opacity: opacity(appearance.opacity),
      commands: [
        { kind: "path", path: inner.flatMap(rectPath), fill: color(appearance.fillColor, "#000000"), opacity: 0.15 },
        {
          kind: "path",
          path: inner.flatMap(rectPath),
          stroke: { color: color(appearance.outlineColor, "#e5484d"), width: OUTLINE, join: "miter" },
        },
      ],
    },
  ];
}

export function bbox({ geometry }: Redaction): Rect {
  return union(geometry.rects.map(cleanRect)) ?? cleanRect(geometry.bbox);
}
