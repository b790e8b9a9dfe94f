/** The kinds that can be edited, and questions that are asked of any of them. */
import type { Annotation, AnyRecord, Point, RecordOf, Rect } from "@lectern/protocol";
import { boundsOf, type Handle } from "./geometry.ts";
import { ink } from "./ink.ts";
import type { AnnotationKind, Editable, EditableType } from "./kind.ts";
import { highlight, redaction, squiggly, strikeout, underline } from "./markup.ts";
import { note } from "./note.ts";
import { image, raw, stamp } from "./picture.ts";
import { ellipse, line, polygon, polyline, rectangle } from "./shape.ts";
import { text } from "./text.ts";

export const KINDS: { readonly [T in EditableType]: AnnotationKind<Extract<Annotation, { type: T }>> } = {
  highlight,
  underline,
  strikeout,
  squiggly,
  redaction,
  ink,
  note,
  rectangle,
  ellipse,
  line,
  polyline,
  polygon,
  stamp,
  image,
  raw,
  text,
};

export type EditableRecord = Omit<RecordOf<"annotation">, "data"> & { readonly data: Editable };

export function isEditable(annotation: Annotation): annotation is Editable {
  return Object.hasOwn(KINDS, annotation.type);
}

export function isEditableRecord(record: AnyRecord | undefined): record is EditableRecord & AnyRecord {
  return record?.kind === "annotation" && isEditable(record.data);
}

/** The kind of this annotation; it takes only annotations of its own type, so always call it with the one it was asked for. */
export function kindOf<A extends Editable>(annotation: A): AnnotationKind<A> {
  return KINDS[annotation.type] as unknown as AnnotationKind<A>;
}

/** The upright rectangle around the annotation, in record coordinates. */
export function boundsOfAnnotation(annotation: Editable): Rect {
  return boundsOf(kindOf(annotation).frame(annotation));
}

/** Is it drawn on screen? Those that are not cannot be selected either. */
export function isShown(annotation: Annotation): boolean {
  return annotation.flags === undefined || !annotation.flags.some((flag) => flag === "hidden" || flag === "noView");
}

/** May its place and looks be changed by anybody? */
export function isUnlocked(annotation: Annotation): boolean {
  return annotation.lock !== true && !(annotation.flags ?? []).some((flag) => flag === "locked" || flag === "readOnly");
}

/** May its words be changed by anybody? */
export function hasOpenContents(annotation: Annotation): boolean {
  return annotation.lock !== true && !(annotation.flags ?? []).some((flag) => flag === "lockedContents" || flag === "readOnly");
}

/** The topmost of these records (lowest first) under a point, or null. */
export function topmostAt(records: readonly AnyRecord[], point: Point, tolerance: number): EditableRecord | null {
  for (let i = records.length - 1; i >= 0; i--) {
    const record = records[i];
    if (isEditableRecord(record) && isShown(record.data) && kindOf(record.data).hit(record.data, point, tolerance)) return record;
  }
  return null;
}

/** The cursor over a handle of a frame that is turned by this many degrees on screen. */
export function cursorOf([x, y]: Handle, degrees: number): string {
  const angle = (Math.round(((Math.atan2(y, x) * 180) / Math.PI + degrees) / 45) * 45 + 720) % 180;
  return angle === 0 ? "ew-resize" : angle === 45 ? "nwse-resize" : angle === 90 ? "ns-resize" : "nesw-resize";
}
