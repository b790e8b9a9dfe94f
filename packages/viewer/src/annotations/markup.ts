/** Marks on text: they lie on it, so a drag over one selects that; once selected it is moved and resized like the others. */
import type { Highlight, Rect, Redaction, Squiggly, Strikeout, TextMarkup, Underline } from "@lectern/protocol";
import { carry, contains, HANDLES, inflate, round, translate, union } from "./geometry.ts";
import { type AnnotationKind, INK_COLORS, MARKER_COLORS, type OfType, withOptional } from "./kind.ts";

type Mark = TextMarkup | Redaction;

/** What does not depend on the looks. */
function onLines<A extends Mark>() {
  return {
    dragged: "when-selected",
    handles: HANDLES,
    minimum: 4,
    editor: "none",
    frame: ({ geometry }: A) => ({ rect: union(geometry.rects), rotation: 0 }),
    hit: ({ geometry }: A, point: readonly [number, number], tolerance: number) =>
      geometry.rects.some((rect) => contains(inflate(rect, tolerance / 2), [...point])),
    moved: ({ geometry }: A, dx: number, dy: number): A["geometry"] => ({
      ...geometry,
      bbox: translate(geometry.bbox, dx, dy),
      rects: geometry.rects.map((rect) => translate(rect, dx, dy)),
    }),
    resized({ geometry }: A, to: Rect): A["geometry"] {
      const move = carry(union(geometry.rects), to);
      const rects = geometry.rects.map(([left, top, width, height]): Rect => {
        const [x, y] = move(left, top);
        const [right, bottom] = move(left + width, top + height);
        return [x, y, round(right - x), round(bottom - y)];
      });
      return { ...geometry, bbox: union(rects), rects };
    },
    refit: () => null,
  } as const;
}

function markupKind<A extends TextMarkup>(type: A["type"], palette: readonly string[], color: string): AnnotationKind<A> {
  return {
    type,
    label: `tools.kind.${type}`,
    ...onLines<A>(),
    styles: ["color", "opacity"],
    defaults: { color, opacity: 1 },
    palette,
    style: ({ appearance }) => ({ color: appearance.color, opacity: appearance.opacity ?? 1 }),
    restyled: ({ appearance }, style): A["appearance"] => {
      const colored = style.color === undefined ? appearance : { ...appearance, color: style.color };
      return style.opacity === undefined ? colored : withOptional(colored, "opacity", style.opacity === 1 ? null : round(style.opacity));
    },
  };
}

export const highlight = markupKind<Highlight>("highlight", MARKER_COLORS, MARKER_COLORS[0]);
export const underline = markupKind<Underline>("underline", INK_COLORS, INK_COLORS[3]);
export const strikeout = markupKind<Strikeout>("strikeout", INK_COLORS, INK_COLORS[1]);
export const squiggly = markupKind<Squiggly>("squiggly", INK_COLORS, INK_COLORS[2]);

export const redaction: AnnotationKind<OfType<"redaction">> = {
  type: "redaction",
  label: "tools.kind.redaction",
  ...onLines<Redaction>(),
  styles: ["color", "fill"],
  defaults: { color: INK_COLORS[1], fill: "#000000" },
  palette: INK_COLORS,
  style: ({ appearance }) => ({ color: appearance.outlineColor ?? INK_COLORS[1], fill: appearance.fillColor ?? "#000000" }),
  restyled({ appearance }, style) {
    const outlined = style.color === undefined ? appearance : { ...appearance, outlineColor: style.color };
    return style.fill === undefined ? outlined : withOptional(outlined, "fillColor", style.fill);
  },
};
