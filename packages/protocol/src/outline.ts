/** Outline and metadata of the document: one record each, with the ids `outline` and `meta`. */
import * as z from "zod";
import { Action } from "./annotation/common.ts";

export interface OutlineItem {
  title: string;
  action?: Action;
  isExpanded?: boolean;
  isBold?: boolean;
  isItalic?: boolean;
  color?: string;
  children?: OutlineItem[];
}

export const OutlineItem: z.ZodType<OutlineItem> = z.object({
  title: z.string().max(4096),
  action: z.exactOptional(Action),
  isExpanded: z.exactOptional(z.boolean()),
  isBold: z.exactOptional(z.boolean()),
  isItalic: z.exactOptional(z.boolean()),
  color: z.exactOptional(z.string().max(16)),
  get children() {
    return z.exactOptional(z.array(OutlineItem).max(10_000));
  },
});

export const Outline = z.object({ tree: z.array(OutlineItem).max(10_000) });
export type Outline = z.infer<typeof Outline>;

export const Meta = z.object({
  title: z.exactOptional(z.string().max(4096)),
  author: z.exactOptional(z.string().max(4096)),
  subject: z.exactOptional(z.string().max(4096)),
  keywords: z.exactOptional(z.string().max(4096)),
});
export type Meta = z.infer<typeof Meta>;
