/** Shapes: without a fill only their line is hit, so what they frame can still be reached. */
import type { Ellipse, Line, Point, Polygon, Polyline, Rect, Rectangle } from "@lectern/protocol";
import { annotationBounds } from "@lectern/pdf/appearance";
import { carry, contains, distanceToSegment, HANDLES, inflate, round, roundRect, translate } from "./geometry.ts";
import { type AnnotationKind, INK_COLORS, type Style, withOptional } from "./kind.ts";

type Shape = Rectangle | Ellipse | Line | Polyline | Polygon;
type Look = Rectangle["appearance"];

const look = { editor: "none", palette: INK_COLORS, dragged: "at-once", minimum: 6 } as const;
const AREA = {
  styles: ["color", "fill", "width", "opacity"],
  defaults: { color: INK_COLORS[1], fill: null, width: 2, opacity: 1 },
} as const;
const LINE = { styles: ["color", "width", "opacity"], defaults: { color: INK_COLORS[1], width: 2, opacity: 1 } } as const;

function style({ appearance }: Shape): Style {
  return {
    ...(appearance.strokeColor === undefined ? {} : { color: appearance.strokeColor }),
    fill: appearance.fillColor ?? null,
    width: appearance.strokeWidth ?? 1,
    opacity: appearance.opacity ?? 1,
  };
}

function restyled<L extends Look>(appearance: L, style: Style): L {
  let next = appearance;
  if (style.color !== undefined) next = { ...next, strokeColor: style.color };
  if (style.width !== undefined) next = { ...next, strokeWidth: style.width };
  if (style.fill !== undefined) next = withOptional(next, "fillColor", style.fill);
  if (style.opacity !== undefined) next = withOptional(next, "opacity", style.opacity === 1 ? null : round(style.opacity));
  return next;
}

export const rectangle: AnnotationKind<Rectangle> = {
  type: "rectangle",
  label: "tools.kind.rectangle",
  ...look,
  ...AREA,
  handles: HANDLES,
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
  style,
  restyled: ({ appearance }, changed) => restyled(appearance, changed),
};

export const ellipse: AnnotationKind<Ellipse> = {
  type: "ellipse",
  label: "tools.kind.ellipse",
  ...look,
  ...AREA,
  handles: HANDLES,
  frame: ({ geometry }) => ({ rect: geometry.bbox, rotation: 0 }),
  hit({ geometry, appearance }, point, tolerance) {
    if (!inEllipse(inflate(geometry.bbox, tolerance), point)) return false;
    return appearance.fillColor !== undefined || !inEllipse(inflate(geometry.bbox, -((appearance.strokeWidth ?? 1) + tolerance)), point);
  },
  moved: ({ geometry }, dx, dy) => ({ bbox: translate(geometry.bbox, dx, dy) }),
  resized: (_, to) => ({ bbox: roundRect(to) }),
  refit: () => null,
  style,
  restyled: ({ appearance }, changed) => restyled(appearance, changed),
};

function inEllipse([left, top, width, height]: Rect, [x, y]: Point): boolean {
  if (width <= 0 || height <= 0) return false;
  return ((x - left) / width - 0.5) ** 2 + ((y - top) / height - 0.5) ** 2 <= 0.25;
}

type Pointed = Line | Polyline | Polygon;

/** The geometry through these points, with the box that their drawing needs. */
export function pointGeometry<A extends Pointed>(annotation: A, points: readonly Point[]): A["geometry"] {
  const geometry = { ...annotation.geometry, points: points.map(([x, y]): Point => [round(x), round(y)]) };
  return { ...geometry, bbox: roundRect(annotationBounds({ ...annotation, geometry })) };
}

function extent({ geometry }: Pointed): Rect {
  const xs = geometry.points.map(([x]) => x);
  const ys = geometry.points.map(([, y]) => y);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
}

function pointed<A extends Pointed>(isClosed: boolean) {
  return {
    handles: HANDLES,
    frame: (annotation: A) => ({ rect: extent(annotation), rotation: 0 }),
    hit(annotation: A, point: Point, tolerance: number): boolean {
      const { geometry, appearance } = annotation;
      const reach = (appearance.strokeWidth ?? 1) / 2 + tolerance;
      if (!contains(inflate(geometry.bbox, tolerance), point)) return false;
      if (isClosed && appearance.fillColor !== undefined && inside(geometry.points, point)) return true;
      const corners = isClosed ? [...geometry.points, geometry.points[0]!] : geometry.points;
      return corners.some(([x, y], at) => {
        const [fromX, fromY] = corners[at - 1] ?? [x, y];
        return distanceToSegment(point[0], point[1], fromX, fromY, x, y) <= reach;
      });
    },
    moved: ({ geometry }: A, dx: number, dy: number): A["geometry"] => ({
      ...geometry,
      bbox: translate(geometry.bbox, dx, dy),
      points: geometry.points.map(([x, y]): Point => [round(x + dx), round(y + dy)]),
    }),
    resized(annotation: A, to: Rect): A["geometry"] {
      const move = carry(extent(annotation), to);
      return pointGeometry(
        annotation,
        annotation.geometry.points.map(([x, y]) => move(x, y)),
      );
    },
    refit: (annotation: A): A["geometry"] => pointGeometry(annotation, annotation.geometry.points),
    style,
    restyled: ({ appearance }: A, changed: Style): A["appearance"] => restyled(appearance, changed),
  } as const;
}

/** By the even-odd rule. */
function inside(corners: readonly Point[], [x, y]: Point): boolean {
  let isInside = false;
  for (const [at, [x1, y1]] of corners.entries()) {
    const [x0, y0] = corners.at(at - 1)!;
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) isInside = !isInside;
  }
  return isInside;
}

export const line: AnnotationKind<Line> = { type: "line", label: "tools.kind.line", ...look, ...LINE, ...pointed<Line>(false), minimum: 0 };
export const polyline: AnnotationKind<Polyline> = {
  type: "polyline",
  label: "tools.kind.polyline",
  ...look,
  ...LINE,
  ...pointed<Polyline>(false),
};
export const polygon: AnnotationKind<Polygon> = {
  type: "polygon",
  label: "tools.kind.polygon",
  ...look,
  ...AREA,
  ...pointed<Polygon>(true),
};
