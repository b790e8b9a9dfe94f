/** Note: an icon of one size that opens its words in a card. */
import type { Note } from "@lectern/protocol";
import { contains, inflate, round, translate } from "./geometry.ts";
import { type AnnotationKind, withOptional } from "./kind.ts";

/** Side of the icon in points, as other readers draw it. */
export const NOTE_SIZE = 24;

const COLORS = ["#ffd43b", "#ff8787", "#69db7c", "#74c0fc", "#b197fc", "#ced4da"] as const;

export const note: AnnotationKind<Note> = {
  type: "note",
  label: "tools.kind.note",
  dragged: "at-once",
  handles: [],
  minimum: NOTE_SIZE,
  editor: "card",
  styles: ["color"],
  defaults: { color: COLORS[0] },
  palette: COLORS,
  frame: ({ geometry }) => ({ rect: geometry.bbox, rotation: 0 }),
  hit: ({ geometry }, point, tolerance) => contains(inflate(geometry.bbox, tolerance / 2), point),
  moved: ({ geometry }, dx, dy) => ({ bbox: translate(geometry.bbox, dx, dy) }),
  resized: ({ geometry }) => geometry,
  refit: () => null,
  style: ({ appearance }) => ({ color: appearance.color ?? COLORS[0], opacity: appearance.opacity ?? 1 }),
  restyled: ({ appearance }, style) => {
    const colored = style.color === undefined ? appearance : { ...appearance, color: style.color };
    return style.opacity === undefined ? colored : withOptional(colored, "opacity", style.opacity === 1 ? null : round(style.opacity));
  },
};
