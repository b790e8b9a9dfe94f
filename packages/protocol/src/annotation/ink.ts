/** Freehand strokes. */
import * as z from "zod";
import { BlendMode, Color, common, Coordinate, Opacity, Rect } from "./common.ts";

export const Ink = z.object({
  type: z.literal("ink"),
  ...common,
  geometry: z.object({
    bbox: Rect,
    /** One flat list `x0, y0, x1, y1, …` a stroke. */
    lines: z.array(z.array(Coordinate).min(2).max(40_000)).min(1).max(1000),
    /** Pen pressure 0…1, one list a stroke, one number a point. */
    pressures: z.exactOptional(z.array(z.array(z.number().min(0).max(1)).max(20_000)).max(1000)),
  }),
  appearance: z.object({
    color: Color,
    width: z.number().min(0).max(1000),
    opacity: z.exactOptional(Opacity),
    blendMode: z.exactOptional(BlendMode),
    backgroundColor: z.exactOptional(Color),
    natural: z.exactOptional(z.boolean()),
  }),
  signature: z.exactOptional(z.boolean()),
});
export type Ink = z.infer<typeof Ink>;
