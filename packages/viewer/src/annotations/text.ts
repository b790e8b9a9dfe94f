/** Free text: a box of words, possibly turned about its middle. The callout line of an imported one moves along. */
import { layoutText, textWidth } from "@lectern/pdf/appearance";
import type { Point, Rect, Text } from "@lectern/protocol";
import { carry, contains, type Frame, HANDLES, inflate, intoFrame, resizeFrame, round, roundRect, translate, turnBy } from "./geometry.ts";
import { type AnnotationKind, INK_COLORS, withOptional } from "./kind.ts";

export const text: AnnotationKind<Text> = {
  type: "text",
  label: "tools.kind.text",
  movable: true,
  handles: HANDLES,
  minimum: 12,
  editor: "page",
  styles: ["color", "fontSize", "fill", "opacity"],
  defaults: { color: INK_COLORS[0], fontSize: 14, fill: null, opacity: 1 },
  palette: INK_COLORS,
  frame: textFrame,
  hit(annotation, point, tolerance) {
    const frame = textFrame(annotation);
    return contains(inflate(frame.rect, tolerance), intoFrame(frame, point));
  },
  moved: ({ geometry }, dx, dy) => moveAlong(geometry, translate(geometry.bbox, dx, dy), ([x, y]) => [round(x + dx), round(y + dy)]),
  resized(annotation, to, handle) {
    const along = carry(annotation.geometry.bbox, to);
    const geometry = moveAlong(annotation.geometry, roundRect(to), ([x, y]) => along(x, y));
    // Made narrower by its side, it grows downwards rather than hide its words; the other handles say the height too.
    return handle[1] === 0 ? fitText({ ...annotation, geometry }, to[3]) : geometry;
  },
  refit: (annotation) => fitText(annotation, annotation.geometry.bbox[3]),
  style: ({ appearance }) => ({
    color: appearance.fontColor ?? "#000000",
    fontSize: appearance.fontSize,
    fill: appearance.backgroundColor ?? null,
    opacity: appearance.opacity ?? 1,
  }),
  restyled({ appearance }, style) {
    let next = appearance;
    if (style.color !== undefined) next = { ...next, fontColor: style.color };
    if (style.fontSize !== undefined) next = { ...next, fontSize: style.fontSize };
    if (style.fill !== undefined) next = withOptional(next, "backgroundColor", style.fill);
    if (style.opacity !== undefined) next = withOptional(next, "opacity", style.opacity === 1 ? null : round(style.opacity));
    return next;
  },
};

export function textFrame({ geometry }: Text): Frame {
  return { rect: geometry.bbox, rotation: geometry.rotation ?? 0 };
}

function moveAlong(geometry: Text["geometry"], bbox: Rect, move: (point: Point) => Point): Text["geometry"] {
  const { callout } = geometry;
  if (callout === undefined) return { ...geometry, bbox };
  return {
    ...geometry,
    bbox,
    callout: { ...callout, start: move(callout.start), end: move(callout.end), ...(callout.knee === undefined ? {} : { knee: move(callout.knee) }) },
  };
}

/** The geometry with a box as high as its words need and at least `least` points; its top edge stays where it is shown. */
export function fitText(annotation: Text, least: number): Text["geometry"] {
  const { geometry } = annotation;
  const { rect, rotation } = textFrame(annotation);
  const grow = Math.max(least, layoutText(annotation).height) - rect[3];
  if (geometry.callout !== undefined || Math.abs(grow) < 0.01) return geometry;
  return { ...geometry, bbox: resizeFrame({ rect, rotation }, [0, 1], ...turnBy(0, grow, rotation), { minimum: 1, keepAspect: false }) };
}

/** The geometry while its words are written: as high as they need, and, up to `growTo` points, as wide. */
export function fitWords(annotation: Text, growTo: number, least: number): Text["geometry"] {
  const { rect, rotation } = textFrame(annotation);
  if (annotation.geometry.callout !== undefined || growTo <= rect[2]) return fitText(annotation, least);
  const { font, size, inset, lines } = layoutText(annotation, growTo);
  // Room for the caret, so that a word does not break before the box grows.
  const wanted = Math.max(...lines.map(({ text: line }) => textWidth(font, size, line))) + 2 * inset + size * 0.5;
  const width = Math.min(growTo, Math.max(wanted, 2 * size));
  const bbox = resizeFrame({ rect, rotation }, [1, 0], ...turnBy(width - rect[2], 0, rotation), { minimum: 1, keepAspect: false });
  return fitText({ ...annotation, geometry: { ...annotation.geometry, bbox } }, least);
}
