/** A note (an icon that opens a text), and the marker that a comment thread hangs on. */
import * as z from "zod";
import { Color, common, Opacity, Rect, RichText } from "./common.ts";

export const NOTE_ICONS = [
  "comment",
  "rightPointer",
  "rightArrow",
  "check",
  "circle",
  "cross",
  "insert",
  "newParagraph",
  "note",
  "paragraph",
  "help",
  "star",
  "key",
] as const;
export const NoteIcon = z.enum(NOTE_ICONS);

const note = {
  ...common,
  geometry: z.object({ bbox: Rect }),
  appearance: z.object({ icon: z.exactOptional(NoteIcon), color: z.exactOptional(Color), opacity: z.exactOptional(Opacity) }),
} as const;

export const Note = z.object({ type: z.literal("note"), ...note, text: RichText });
/** `page: null`: the thread is about the document as a whole. */
export const CommentMarker = z.object({ type: z.literal("comment-marker"), ...note, text: z.exactOptional(RichText) });
export type Note = z.infer<typeof Note>;
export type CommentMarker = z.infer<typeof CommentMarker>;
