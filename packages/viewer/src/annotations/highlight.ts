/** Highlight: bound to the text it marks, so it is not moved or resized. */
import type { Highlight } from "@lectern/protocol";
import { contains, inflate, round, translate, union } from "./geometry.ts";
import { type AnnotationKind, MARKER_COLORS, withOptional } from "./kind.ts";

export const highlight: AnnotationKind<Highlight> = {
  type: "highlight",
  label: "tools.kind.highlight",
  movable: false,
  handles: [],
  minimum: 0,
  editor: "none",
  styles: ["color", "opacity"],
  defaults: { color: MARKER_COLORS[0], opacity: 1 },
  palette: MARKER_COLORS,
  frame: ({ geometry }) => ({ rect: union(geometry.rects), rotation: 0 }),
  hit: ({ geometry }, point, tolerance) => geometry.rects.some((rect) => contains(inflate(rect, tolerance / 2), point)),
  moved: ({ geometry }, dx, dy) => ({
    bbox: translate(geometry.bbox, dx, dy),
    rects: geometry.rects.map((rect) => translate(rect, dx, dy)),
  }),
  resized: ({ geometry }) => geometry,
  refit: () => null,
  style: ({ appearance }) => ({ color: appearance.color, opacity: appearance.opacity ?? 1 }),
  restyled: ({ appearance }, style) => {
    const colored = style.color === undefined ? appearance : { ...appearance, color: style.color };
    return style.opacity === undefined ? colored : withOptional(colored, "opacity", style.opacity === 1 ? null : round(style.opacity));
  },
};
