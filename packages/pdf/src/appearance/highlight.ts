/** Highlight: the marked lines, filled once and multiplied with what is below, so that text stays readable. */
import type { Highlight, Rect } from "@lectern/protocol";
import { type DrawCommand, rectPath, union } from "./commands.ts";
import { blendMode, color, finite, opacity } from "./sanitize.ts";

export function draw({ geometry, appearance }: Highlight): DrawCommand[] {
  return [
    {
      kind: "path",
      path: geometry.rects.flatMap((rect) => rectPath(clean(rect))),
      fill: color(appearance.color, "#ffe066"),
      opacity: opacity(appearance.opacity),
      blendMode: blendMode(appearance.blendMode, "multiply"),
    },
  ];
}

export function bbox({ geometry }: Highlight): Rect {
  return union(geometry.rects.map(clean)) ?? clean(geometry.bbox);
}

function clean(rect: Rect): Rect {
  return [finite(rect[0]), finite(rect[1]), Math.max(0, finite(rect[2])), Math.max(0, finite(rect[3]))];
}
