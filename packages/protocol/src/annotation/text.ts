/** Free text: words written on the page, with an optional callout line. */
import * as z from "zod";
import {
  BorderStyle,
  Color,
  common,
  FontStyle,
  HorizontalAlign,
  LineCap,
  Opacity,
  Point,
  Rect,
  RichText,
  VerticalAlign,
} from "./common.ts";

export const Text = z.object({
  type: z.literal("text"),
  ...common,
  geometry: z.object({
    bbox: Rect,
    /** Degrees clockwise. */
    rotation: z.exactOptional(z.number().min(0).max(360)),
    callout: z.exactOptional(
      z.object({
        start: Point,
        knee: z.exactOptional(Point),
        end: Point,
        cap: z.exactOptional(LineCap),
        innerRectInset: z.tuple([z.number(), z.number(), z.number(), z.number()]),
      }),
    ),
  }),
  appearance: z.object({
    font: z.exactOptional(z.string().max(128)),
    fontSize: z.number().min(1).max(1000),
    fontStyle: z.exactOptional(FontStyle),
    fontColor: z.exactOptional(Color),
    backgroundColor: z.exactOptional(Color),
    opacity: z.exactOptional(Opacity),
    horizontalAlign: z.exactOptional(HorizontalAlign),
    verticalAlign: z.exactOptional(VerticalAlign),
    borderColor: z.exactOptional(Color),
    borderStyle: z.exactOptional(BorderStyle),
    borderWidth: z.exactOptional(z.number().min(0).max(100)),
    cloudIntensity: z.exactOptional(z.number().min(0).max(10)),
    cloudInset: z.exactOptional(z.tuple([z.number(), z.number(), z.number(), z.number()])),
    isFitting: z.exactOptional(z.boolean()),
  }),
  text: RichText,
});
export type Text = z.infer<typeof Text>;
