/**
 * What an interchange file says of a document, as data of records: both formats, Instant JSON and XFDF, become this before anything is written, so
 * that one piece of code decides what of it is new, what replaces something, and what is there already.
 */
import type { Annotation } from "./annotation/annotation.ts";
import type { Bookmark } from "./bookmark.ts";
import type { Comment } from "./comment.ts";

export interface ExchangedAnnotation {
  /** Where it stands in the file, for errors. */
  readonly path: string;
  /** As the file calls it; null when it does not, or in a way that no record can be called. */
  readonly id: string | null;
  /** Of the object in the PDF that it stands for. */
  readonly pdfObjectId: number | null;
  readonly data: Annotation;
  /** Key in `attachments` of its picture; null when it has none, or names a blob that the document has. */
  readonly attachment: string | null;
  /** Its text was given without a format, so that it says nothing of mark-up. */
  readonly isBareText?: boolean;
}

export interface ExchangedComment {
  readonly path: string;
  readonly id: string | null;
  /** Its annotation, as the file calls it. */
  readonly root: string;
  readonly data: Omit<Comment, "root">;
  /** As of annotations. */
  readonly isBareText?: boolean;
}

export interface ExchangedBookmark {
  readonly path: string;
  readonly id: string | null;
  readonly data: Bookmark;
}

export interface ExchangedValue {
  readonly path: string;
  /** Full name of its field. */
  readonly name: string;
  readonly value: string | readonly string[] | null;
  readonly optionIndexes?: readonly number[];
  readonly isFitting?: boolean;
}

/** A form field, or a widget; read when it is known to be new. */
export interface ExchangedField {
  readonly path: string;
  readonly id: string | null;
  /** Full name of the field. */
  readonly name: string;
  /** As the published form has it. */
  readonly content: unknown;
}

export interface ExchangedAttachment {
  readonly path: string;
  readonly base64: string;
  /** As the file calls it. */
  readonly mediaType: string | null;
}

export interface Exchange {
  readonly annotations: readonly ExchangedAnnotation[];
  readonly comments: readonly ExchangedComment[];
  readonly bookmarks: readonly ExchangedBookmark[];
  readonly values: readonly ExchangedValue[];
  /** Form fields that it describes, and the widgets that show them: those of fields that the document has not are made. */
  readonly fields: readonly ExchangedField[];
  readonly widgets: readonly ExchangedField[];
  readonly attachments: ReadonlyMap<string, ExchangedAttachment>;
  /** Objects of the PDF that are not to be shown any more. */
  readonly deletedObjects: readonly number[];
  /** The file that its numbers of objects are about; null when it does not say. */
  readonly pdfId: string | null;
  /** What cannot become a record, by its path, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}
