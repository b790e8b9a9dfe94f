/** Rectangle: without a fill only its edge is hit, so what it frames can still be reached. */
import type { Rectangle } from "@lectern/protocol";
import { contains, HANDLES, inflate, round, roundRect, translate } from "./geometry.ts";
import { type AnnotationKind, INK_COLORS, withOptional } from "./kind.ts";

export const rectangle: AnnotationKind<Rectangle> = {
  type: "rectangle",
  label: "tools.kind.rectangle",
  dragged: "at-once",
  handles: HANDLES,
  minimum: 6,
  editor: "none",
  styles: ["color", "fill", "width", "opacity"],
  defaults: { color: INK_COLORS[1], fill: null, width: 2, opacity: 1 },
  palette: INK_COLORS,
  frame: ({ geometry }) => ({ rect: geometry.bbox, rotation: 0 }),
  hit({ geometry, appearance }, point, tolerance) {
    if (!contains(inflate(geometry.bbox, tolerance), point)) return false;
    if (appearance.fillColor !== undefined) return true;
    const inner = inflate(geometry.bbox, -((appearance.strokeWidth ?? 1) + tolerance));
    return inner[2] <= 0 || inner[3] <= 0 || !contains(inner, point);
  },
  moved: ({ geometry }, dx, dy) => ({ bbox: translate(geometry.bbox, dx, dy) }),
  resized: (_, to) => ({ bbox: roundRect(to) }),
  refit: () => null,
  style: ({ appearance }) => ({
    ...(appearance.strokeColor === undefined ? {} : { color: appearance.strokeColor }),
    fill: appearance.fillColor ?? null,
    width: appearance.strokeWidth ?? 1,
    opacity: appearance.opacity ?? 1,
  }),
  restyled({ appearance }, style) {
    let next = appearance;
    if (style.color !== undefined) next = { ...next, strokeColor: style.color };
    if (style.width !== undefined) next = { ...next, strokeWidth: style.width };
    if (style.fill !== undefined) next = withOptional(next, "fillColor", style.fill);
    if (style.opacity !== undefined) next = withOptional(next, "opacity", style.opacity === 1 ? null : round(style.opacity));
    return next;
  },
};
