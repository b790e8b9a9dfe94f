/** Highlight: it lies on text, so a drag over it selects that; once selected it is moved and resized like the others. */
import type { Highlight, Rect } from "@lectern/protocol";
import { carry, contains, HANDLES, inflate, round, translate, union } from "./geometry.ts";
import { type AnnotationKind, MARKER_COLORS, withOptional } from "./kind.ts";

export const highlight: AnnotationKind<Highlight> = {
  type: "highlight",
  label: "tools.kind.highlight",
  dragged: "when-selected",
  handles: HANDLES,
  minimum: 4,
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
  resized({ geometry }, to) {
    const move = carry(union(geometry.rects), to);
    const rects = geometry.rects.map(([left, top, width, height]): Rect => {
      const [x, y] = move(left, top);
      const [right, bottom] = move(left + width, top + height);
      return [x, y, round(right - x), round(bottom - y)];
    });
    return { ...geometry, bbox: union(rects), rects };
  },
  refit: () => null,
  style: ({ appearance }) => ({ color: appearance.color, opacity: appearance.opacity ?? 1 }),
  restyled: ({ appearance }, style) => {
    const colored = style.color === undefined ? appearance : { ...appearance, color: style.color };
    return style.opacity === undefined ? colored : withOptional(colored, "opacity", style.opacity === 1 ? null : round(style.opacity));
  },
};
