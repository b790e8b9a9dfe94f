/** Stamps, images, and what a file alone knows how to draw: boxes, possibly turned about their middle, that are moved and resized as a whole. */
import type { Image, Raw, Rect, Stamp } from "@lectern/protocol";
import { turnedBox } from "@lectern/pdf/appearance";
import { boundsOf, contains, type Frame, HANDLES, inflate, intoFrame, round, roundRect, translate } from "./geometry.ts";
import { type AnnotationKind, INK_COLORS, withOptional } from "./kind.ts";

type Picture = Stamp | Image;

function frame({ geometry }: Picture): Frame {
  const rotation = geometry.rotation ?? 0;
  return { rect: turnedBox(geometry.bbox, rotation), rotation };
}

const picture = {
  dragged: "at-once",
  handles: HANDLES,
  minimum: 12,
  editor: "none",
  palette: INK_COLORS,
  frame,
  hit(annotation: Picture, point: readonly [number, number], tolerance: number): boolean {
    const own = frame(annotation);
    return contains(inflate(own.rect, tolerance), intoFrame(own, [...point]));
  },
  moved: ({ geometry }: Picture, dx: number, dy: number) => ({ ...geometry, bbox: translate(geometry.bbox, dx, dy) }),
  resized: ({ geometry }: Picture, to: Rect) => ({
    ...geometry,
    bbox: roundRect(boundsOf({ rect: to, rotation: geometry.rotation ?? 0 })),
  }),
  refit: () => null,
} as const;

export const stamp: AnnotationKind<Stamp> = {
  type: "stamp",
  label: "tools.kind.stamp",
  ...picture,
  styles: ["color", "opacity"],
  defaults: { opacity: 1 },
  style: ({ appearance }) => ({
    ...(appearance.color === undefined ? {} : { color: appearance.color }),
    opacity: appearance.opacity ?? 1,
  }),
  restyled({ appearance }, style) {
    const colored = style.color === undefined ? appearance : { ...appearance, color: style.color };
    return style.opacity === undefined ? colored : withOptional(colored, "opacity", style.opacity === 1 ? null : round(style.opacity));
  },
};

export const image: AnnotationKind<Image> = {
  type: "image",
  label: "tools.kind.image",
  ...picture,
  styles: ["opacity"],
  defaults: { opacity: 1 },
  style: ({ appearance }) => ({ opacity: appearance.opacity ?? 1 }),
  restyled: ({ appearance }, style) =>
    style.opacity === undefined ? appearance : withOptional(appearance, "opacity", style.opacity === 1 ? null : round(style.opacity)),
};

/** Its looks are the file's, and are seen by a picture of them. */
export const raw: AnnotationKind<Raw> = {
  type: "raw",
  label: "tools.kind.raw",
  dragged: "at-once",
  handles: HANDLES,
  minimum: 4,
  editor: "none",
  palette: [],
  styles: [],
  defaults: {},
  frame: ({ geometry }) => ({ rect: geometry.bbox, rotation: 0 }),
  // What nobody sees is not in the way.
  hit: ({ geometry, attachment }, point, tolerance) => attachment !== undefined && contains(inflate(geometry.bbox, tolerance), point),
  moved: ({ geometry }, dx, dy) => ({ ...geometry, bbox: translate(geometry.bbox, dx, dy) }),
  resized: ({ geometry }, to) => ({ ...geometry, bbox: roundRect(to) }),
  refit: () => null,
  style: () => ({}),
  restyled: ({ appearance }) => appearance,
};
