/** Each kind of annotation and how it is drawn. A kind that is not listed is shown by its appearance in the file. */
import type { Annotation, Rect } from "@lectern/protocol";
import type { DrawCommand } from "./commands.ts";
import * as highlight from "./highlight.ts";
import * as ink from "./ink.ts";
import * as note from "./note.ts";
import * as rectangle from "./rectangle.ts";
import * as text from "./text.ts";

/** The kinds that we draw, and so can edit and export. */
export type DrawnType = "highlight" | "ink" | "note" | "rectangle" | "text";
export type DrawnAnnotation = Extract<Annotation, { type: DrawnType }>;

export function isDrawn(data: Annotation): data is DrawnAnnotation {
  return data.type === "highlight" || data.type === "ink" || data.type === "note" || data.type === "rectangle" || data.type === "text";
}

/** Nothing for kinds that we do not draw. */
export function drawAnnotation(data: Annotation): DrawCommand[] {
  switch (data.type) {
    case "highlight":
      return highlight.draw(data);
    case "ink":
      return ink.draw(data);
    case "note":
      return note.draw(data);
    case "rectangle":
      return rectangle.draw(data);
    case "text":
      return text.draw(data);
    default:
      return [];
  }
}

/** `[left, top, width, height]` of all that is drawn, from the drawing itself: a record's own `bbox` may say something else. */
export function annotationBounds(data: Annotation): Rect {
  switch (data.type) {
    case "highlight":
      return highlight.bbox(data);
    case "ink":
      return ink.bbox(data);
    case "note":
      return note.bbox(data);
    case "rectangle":
      return rectangle.bbox(data);
    case "text":
      return text.bbox(data);
    default:
      return data.geometry.bbox;
  }
}
