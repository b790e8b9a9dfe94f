/** A page of a layer. A page that nobody changed has no record: its id, order and content follow from the revision. */
import * as z from "zod";
import { BlobId, Rect, Rotation } from "./annotation/common.ts";

export const Page = z.object({
  /** Which page of which blob is shown. Written by the server only. `null`: a blank page. */
  content: z.nullable(
    z.object({
      source: BlobId,
      sourceIndex: z.int().min(0),
      /** What that file's /Rotate says, when it is not the revision's own file, of which everybody knows it. */
      rotation: z.exactOptional(Rotation),
    }),
  ),
  order: z.string().min(1).max(256),
  /** Clockwise, on top of what the source says. */
  rotation: Rotation,
  /** Visible part in coordinates of the source page; null shows all. */
  crop: z.nullable(Rect),
  /** `[width, height]` in points before any rotation. */
  size: z.tuple([z.number().positive(), z.number().positive()]),
  label: z.nullable(z.string().max(256)),
});
export type Page = z.infer<typeof Page>;
