/** Rubber stamps and images. */
import * as z from "zod";
import { Color, common, Opacity, Rect } from "./common.ts";
import { STAMPS } from "./names.ts";

const geometry = z.object({ bbox: Rect, rotation: z.exactOptional(z.number().min(0).max(360)) });

export const Stamp = z.object({
  type: z.literal("stamp"),
  ...common,
  geometry,
  appearance: z.object({
    stampType: z.enum(STAMPS),
    title: z.exactOptional(z.string().max(256)),
    subtitle: z.exactOptional(z.string().max(256)),
    color: z.exactOptional(Color),
    opacity: z.exactOptional(Opacity),
  }),
});

/** The picture is the record's `attachment`. */
export const Image = z.object({
  type: z.literal("image"),
  ...common,
  geometry,
  appearance: z.object({ opacity: z.exactOptional(Opacity), description: z.exactOptional(z.string().max(4096)) }),
  signature: z.exactOptional(z.boolean()),
});
export type Stamp = z.infer<typeof Stamp>;
export type Image = z.infer<typeof Image>;
