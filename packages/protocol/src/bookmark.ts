/** Bookmarks: places that a reader marked. */
import * as z from "zod";
import { Action } from "./annotation/common.ts";

export const Bookmark = z.object({
  name: z.exactOptional(z.string().max(1024)),
  order: z.exactOptional(z.string().max(256)),
  action: Action,
});
export type Bookmark = z.infer<typeof Bookmark>;
