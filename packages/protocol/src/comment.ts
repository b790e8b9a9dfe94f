/** Comments of a thread, and reactions to them. */
import * as z from "zod";
import { CustomData, RecordId, RichText } from "./annotation/common.ts";
import { COMMENT_STATES } from "./review.ts";

export const Comment = z.object({
  /** The annotation that the thread hangs on. */
  root: RecordId,
  text: RichText,
  creatorName: z.exactOptional(z.string().max(256)),
  custom: z.exactOptional(CustomData),
  /** Ids of users that the text names, beside those in its mark-up: see `mentionsOf`. */
  mentions: z.exactOptional(z.array(z.string().min(1).max(256)).max(100)),
  /** What it says of its thread: `isThreadResolved` tells which states resolve it. */
  state: z.exactOptional(z.enum(COMMENT_STATES)),
  pdfObjectId: z.exactOptional(z.int().min(0)),
});
export type Comment = z.infer<typeof Comment>;

/** Its id is `reactionId` of its comment, its user and its emoji, so that a person reacts once in each way. */
export const Reaction = z.object({ comment: RecordId, emoji: z.string().min(1).max(32) });
export type Reaction = z.infer<typeof Reaction>;

/** As HTTP takes it: v1 of Instant JSON has the bare string. */
export const CommentText = z.union([
  z
    .string()
    .max(100_000)
    .transform((value): RichText => ({ format: "plain", value })),
  z
    .object({ format: z.exactOptional(z.enum(["plain", "xhtml"])), value: z.string().max(100_000) })
    .transform(({ format, value }): RichText => ({ format: format ?? "plain", value })),
]);
