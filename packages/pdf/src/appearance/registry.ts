/** Each kind of annotation and how it is drawn. */
import type { Annotation, Rect } from "@lectern/protocol";
import type { DrawCommand } from "./commands.ts";
import * as ellipse from "./ellipse.ts";
import * as highlight from "./highlight.ts";
import * as image from "./image.ts";
import * as ink from "./ink.ts";
import * as link from "./link.ts";
import * as note from "./note.ts";
import * as openPath from "./open-path.ts";
import * as polygon from "./polygon.ts";
import * as rectangle from "./rectangle.ts";
import * as redaction from "./redaction.ts";
import * as squiggly from "./squiggly.ts";
import * as stamp from "./stamp.ts";
import * as strikeout from "./strikeout.ts";
import * as text from "./text.ts";
import * as underline from "./underline.ts";

/** The kinds that we draw: all. One that is kept as it is in its file is drawn by a picture of that. */
export type DrawnType = Annotation["type"];
export type DrawnAnnotation = Annotation;

interface Kind<A> {
  draw(annotation: A): DrawCommand[];
  bbox(annotation: A): Rect;
}

const KINDS: { readonly [T in DrawnType]: Kind<Extract<Annotation, { type: T }>> } = {
  highlight,
  underline,
  strikeout,
  squiggly,
  redaction,
  ink,
  text,
  note,
  "comment-marker": note,
  rectangle,
  ellipse,
  line: openPath,
  polyline: openPath,
  polygon,
  image,
  raw: image,
  stamp,
  link,
};

/** False for a kind that only a later version knows. */
export function isDrawn(data: Annotation): boolean {
  return Object.hasOwn(KINDS, data.type);
}

/** Nothing for kinds that we do not draw. */
export function drawAnnotation(data: Annotation): DrawCommand[] {
  return isDrawn(data) ? kindOf(data).draw(data) : [];
}

/** `[left, top, width, height]` of all that is drawn, from the drawing itself: a record's own `bbox` may say something else. */
export function annotationBounds(data: Annotation): Rect {
  return isDrawn(data) ? kindOf(data).bbox(data) : data.geometry.bbox;
}

/** It takes only annotations of its own type, so it is called with the one that it was asked for. */
function kindOf<A extends DrawnAnnotation>(data: A): Kind<A> {
  return KINDS[data.type] as unknown as Kind<A>;
}
