/** An area that leads somewhere, and kinds that are kept as they are. */
import * as z from "zod";
import { BorderStyle, Color, common, Opacity, Rect } from "./common.ts";

export const Link = z.object({
  type: z.literal("link"),
  ...common,
  geometry: z.object({ bbox: Rect }),
  appearance: z.object({
    borderColor: z.exactOptional(Color),
    borderStyle: z.exactOptional(BorderStyle),
    borderWidth: z.exactOptional(z.number().min(0).max(100)),
    opacity: z.exactOptional(Opacity),
  }),
});

/** A kind that we do not edit: preserved byte for byte in the file, shown by its appearance image. It can be moved, resized, noted and deleted. */
export const Raw = z.object({
  type: z.literal("raw"),
  ...common,
  /** The PDF subtype, e.g. `3D`. */
  subtype: z.string().max(64),
  geometry: z.object({ bbox: Rect }),
  appearance: z.object({}),
});
export type Link = z.infer<typeof Link>;
export type Raw = z.infer<typeof Raw>;
