/** Rectangle, ellipse, line, polyline, polygon. */
import * as z from "zod";
import { common, LineCaps, Measurement, Point, Rect, shapeAppearance } from "./common.ts";

const box = { ...common, geometry: z.object({ bbox: Rect }), measurement: z.exactOptional(Measurement) } as const;
const points = (min: number) => z.array(Point).min(min).max(10_000);
const path = (min: number) => ({
  ...common,
  geometry: z.object({ bbox: Rect, points: points(min) }),
  measurement: z.exactOptional(Measurement),
});

export const Rectangle = z.object({ type: z.literal("rectangle"), ...box, appearance: z.object(shapeAppearance) });
export const Ellipse = z.object({ type: z.literal("ellipse"), ...box, appearance: z.object(shapeAppearance) });
export const Line = z.object({
  type: z.literal("line"),
  ...path(2),
  appearance: z.object({ ...shapeAppearance, lineCaps: z.exactOptional(LineCaps) }),
});
export const Polyline = z.object({
  type: z.literal("polyline"),
  ...path(2),
  appearance: z.object({ ...shapeAppearance, lineCaps: z.exactOptional(LineCaps) }),
});
export const Polygon = z.object({ type: z.literal("polygon"), ...path(3), appearance: z.object(shapeAppearance) });
export type Rectangle = z.infer<typeof Rectangle>;
export type Ellipse = z.infer<typeof Ellipse>;
export type Line = z.infer<typeof Line>;
export type Polyline = z.infer<typeof Polyline>;
export type Polygon = z.infer<typeof Polygon>;
