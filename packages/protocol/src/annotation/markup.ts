/** Highlight, underline, strikeout and squiggly: marks on text. */
import * as z from "zod";
import { BlendMode, Color, common, Opacity, Rect } from "./common.ts";

const markup = {
  ...common,
  geometry: z.object({ bbox: Rect, rects: z.array(Rect).min(1).max(10_000) }),
  appearance: z.object({ color: Color, opacity: z.exactOptional(Opacity), blendMode: z.exactOptional(BlendMode) }),
} as const;

export const Highlight = z.object({ type: z.literal("highlight"), ...markup });
export const Underline = z.object({ type: z.literal("underline"), ...markup });
export const Strikeout = z.object({ type: z.literal("strikeout"), ...markup });
export const Squiggly = z.object({ type: z.literal("squiggly"), ...markup });
export type Highlight = z.infer<typeof Highlight>;
export type TextMarkup = Highlight | z.infer<typeof Underline> | z.infer<typeof Strikeout> | z.infer<typeof Squiggly>;
export type Underline = z.infer<typeof Underline>;
export type Strikeout = z.infer<typeof Strikeout>;
export type Squiggly = z.infer<typeof Squiggly>;
