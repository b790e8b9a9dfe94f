/** Ink: several strokes in one annotation. Its box includes half the stroke's width on each side. */
import type { Ink, Rect } from "@lectern/protocol";
import { boxOfLines, carry, contains, distanceToSegment, HANDLES, inflate, round, roundRect, translate } from "./geometry.ts";
import { type AnnotationKind, INK_COLORS, withOptional } from "./kind.ts";

/** The box that strokes of this width need. */
export function inkBox(lines: Ink["geometry"]["lines"], width: number): Rect {
  return roundRect(inflate(boxOfLines(lines), width / 2));
}

export const ink: AnnotationKind<Ink> = {
  type: "ink",
  label: "tools.kind.ink",
  dragged: "at-once",
  handles: HANDLES,
  minimum: 6,
  editor: "none",
  styles: ["color", "width", "opacity"],
  defaults: { color: INK_COLORS[1], width: 2, opacity: 1 },
  palette: INK_COLORS,
  frame: ({ geometry, appearance }) => ({ rect: inkBox(geometry.lines, appearance.width), rotation: 0 }),
  hit({ geometry, appearance }, point, tolerance) {
    const reach = appearance.width / 2 + tolerance;
    if (!contains(inflate(boxOfLines(geometry.lines), reach), point)) return false;
    return geometry.lines.some((line) => {
      for (let i = 0; i + 1 < line.length; i += 2) {
        const [x1, y1] = [line[i]!, line[i + 1]!];
        if (distanceToSegment(point[0], point[1], line[i - 2] ?? x1, line[i - 1] ?? y1, x1, y1) <= reach) return true;
      }
      return false;
    });
  },
  moved: ({ geometry }, dx, dy) => ({
    ...geometry,
    bbox: translate(geometry.bbox, dx, dy),
    lines: geometry.lines.map((line) => line.map((value, i) => round(value + (i % 2 === 0 ? dx : dy)))),
  }),
  resized({ geometry, appearance }, to) {
    const half = appearance.width / 2;
    const move = carry(boxOfLines(geometry.lines), inflate(to, -half));
    const lines = geometry.lines.map((line) => {
      const moved: number[] = [];
      for (let i = 0; i + 1 < line.length; i += 2) moved.push(...move(line[i]!, line[i + 1]!));
      return moved;
    });
    return { ...geometry, bbox: inkBox(lines, appearance.width), lines };
  },
  refit: ({ geometry, appearance }) => ({ ...geometry, bbox: inkBox(geometry.lines, appearance.width) }),
  style: ({ appearance }) => ({ color: appearance.color, width: appearance.width, opacity: appearance.opacity ?? 1 }),
  restyled({ appearance }, style) {
    const next = { ...appearance, color: style.color ?? appearance.color, width: style.width ?? appearance.width };
    return style.opacity === undefined ? next : withOptional(next, "opacity", style.opacity === 1 ? null : round(style.opacity));
  },
};
