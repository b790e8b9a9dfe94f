/** The union of all kinds of annotation. */
import * as z from "zod";
import { Ink } from "./ink.ts";
import { Link, Raw } from "./link.ts";
import { Highlight, Squiggly, Strikeout, Underline } from "./markup.ts";
import { CommentMarker, Note } from "./note.ts";
import { Redaction } from "./redaction.ts";
import { Ellipse, Line, Polygon, Polyline, Rectangle } from "./shape.ts";
import { Image, Stamp } from "./stamp.ts";
import { Text } from "./text.ts";

export const Annotation = z.discriminatedUnion("type", [
  Highlight,
  Underline,
  Strikeout,
  Squiggly,
  Redaction,
  Ink,
  Text,
  Note,
  CommentMarker,
  Rectangle,
  Ellipse,
  Line,
  Polyline,
  Polygon,
  Image,
  Stamp,
  Link,
  Raw,
]);
export type Annotation = z.infer<typeof Annotation>;
export type AnnotationType = Annotation["type"];

/** Schema of each kind by its name: a patch is checked property by property against it. */
export const ANNOTATION_KINDS = {
  highlight: Highlight,
  underline: Underline,
  strikeout: Strikeout,
  squiggly: Squiggly,
  redaction: Redaction,
  ink: Ink,
  text: Text,
  note: Note,
  "comment-marker": CommentMarker,
  rectangle: Rectangle,
  ellipse: Ellipse,
  line: Line,
  polyline: Polyline,
  polygon: Polygon,
  image: Image,
  stamp: Stamp,
  link: Link,
  raw: Raw,
} as const satisfies Record<AnnotationType, z.ZodObject>;
