/** A mark that asks for what is under it to be removed. */
import * as z from "zod";
import { Color, common, Opacity, Rect, Rotation } from "./common.ts";

export const Redaction = z.object({
  type: z.literal("redaction"),
  ...common,
  geometry: z.object({ bbox: Rect, rects: z.array(Rect).min(1).max(10_000), rotation: z.exactOptional(Rotation) }),
  appearance: z.object({
    color: z.exactOptional(Color),
    fillColor: z.exactOptional(Color),
    outlineColor: z.exactOptional(Color),
    opacity: z.exactOptional(Opacity),
    overlayText: z.exactOptional(z.string().max(1000)),
    repeatOverlayText: z.exactOptional(z.boolean()),
  }),
});
export type Redaction = z.infer<typeof Redaction>;
