/** Free text: a box of words, possibly turned about its middle. The callout line of an imported one moves along. */
import { layoutText, textBody } from "@lectern/pdf/appearance";
import type { Point, Rect, Text } from "@lectern/protocol";
import {
  boundsOf,
  carry,
  contains,
  type Frame,
  HANDLES,
  inflate,
  intoFrame,
  resizeFrame,
  round,
  roundRect,
  translate,
  turnBy,
} from "./geometry.ts";
import { type AnnotationKind, INK_COLORS, withOptional } from "./kind.ts";

export const text: AnnotationKind<Text> = {
  type: "text",
  label: "tools.kind.text",
  dragged: "at-once",
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
    const { callout } = annotation.geometry;
    if (callout !== undefined) {
      const along = carry(annotation.geometry.bbox, to);
      return moveAlong(annotation.geometry, roundRect(to), ([x, y]) => along(x, y));
    }
    const geometry = inFrame(annotation, to);
    // Made narrower by its side, it grows downwards rather than hide its words; the other handles say the height too.
    return handle[1] === 0 ? fitText({ ...annotation, geometry }, to[3]) : geometry;
  },
  refit: (annotation) => fitText(annotation, textFrame(annotation).rect[3]),
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

/** The box of its words, before it is turned; with a callout line the box around all of it. */
export function textFrame(annotation: Text): Frame {
  const { geometry } = annotation;
  return geometry.callout === undefined
    ? { rect: textBody(annotation), rotation: geometry.rotation ?? 0 }
    : { rect: geometry.bbox, rotation: 0 };
}

/** The geometry whose words have this box: the stored one is the upright box around it when it is turned. */
function inFrame({ geometry }: Text, rect: Rect): Text["geometry"] {
  return { ...geometry, bbox: roundRect(boundsOf({ rect, rotation: geometry.rotation ?? 0 })) };
}

function moveAlong(geometry: Text["geometry"], bbox: Rect, move: (point: Point) => Point): Text["geometry"] {
  const { callout } = geometry;
  if (callout === undefined) return { ...geometry, bbox };
  return {
    ...geometry,
    bbox,
    callout: {
      ...callout,
      start: move(callout.start),
      end: move(callout.end),
      ...(callout.knee === undefined ? {} : { knee: move(callout.knee) }),
    },
  };
}

/** The geometry with a box as high as its words need and at least `least` points; its top edge stays where it is shown. */
export function fitText(annotation: Text, least: number): Text["geometry"] {
  const frame = textFrame(annotation);
  const grow = Math.max(least, layoutText(annotation).height) - frame.rect[3];
  if (annotation.geometry.callout !== undefined || Math.abs(grow) < 0.01) return annotation.geometry;
  return inFrame(annotation, resizeFrame(frame, [0, 1], ...turnBy(0, grow, frame.rotation), { minimum: 1, keepAspect: false }));
}

/** The geometry while its words are written: as high as they need, and, up to `growTo` points, as wide. */
export function fitWords(annotation: Text, growTo: number, least: number): Text["geometry"] {
  const frame = textFrame(annotation);
  if (annotation.geometry.callout !== undefined || growTo <= frame.rect[2]) return fitText(annotation, least);
  const { size, inset, lines } = layoutText(annotation, growTo);
  // Room for the caret, so that a word does not break before the box grows.
  const wanted = Math.max(...lines.map(({ width }) => width)) + 2 * inset + size * 0.5;
  const width = Math.min(growTo, Math.max(wanted, 2 * size));
  const rect = resizeFrame(frame, [1, 0], ...turnBy(width - frame.rect[2], 0, frame.rotation), { minimum: 1, keepAspect: false });
  return fitText({ ...annotation, geometry: inFrame(annotation, rect) }, least);
}
