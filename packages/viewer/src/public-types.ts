/** What the public methods take and give, beside records. Imports nothing of the parts, so that the published types do not either. */
import type { Patch, Rect, RichText } from "@lectern/protocol";

export interface PageInfo {
  readonly id: string;
  readonly index: number;
  readonly label: string;
  /** Points, as shown. */
  readonly width: number;
  readonly height: number;
  /** Degrees clockwise: the file's and the layer's together. */
  readonly rotation: number;
}

/** A change of an annotation: its id and the properties to replace; `null` removes one. */
export type AnnotationChange = { readonly id: string } & Patch;

/** A comment to make: on an annotation, which thereby becomes the root of a thread. */
export interface NewComment {
  readonly root: string;
  /** Plain, or rich with `<span data-user-id="…">` for those whom it names. */
  readonly text: string | RichText;
  /** Ids of users whom it names, beside those in its text. */
  readonly mentions?: readonly string[];
  /** Resolves or reopens the thread. */
  readonly state?: "resolved" | "reopened";
  readonly custom?: Readonly<Record<string, unknown>>;
}

/** Somebody who can be mentioned in a comment. */
export interface MentionableUser {
  readonly id: string;
  readonly name: string;
  /** Shown beside the name, e.g. an address or a role. */
  readonly description?: string;
}

/** Points of the page as shown. */
export interface TextLine {
  readonly contents: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface SearchHit {
  readonly pageId: string;
  readonly pageIndex: number;
  /** Record coordinates. */
  readonly rects: readonly Rect[];
  readonly preview: string;
  /** Start and end of the hit in `preview`. */
  readonly range: readonly [number, number];
}

/** By the full names of the fields: a text, the chosen values, or null for nothing. */
export type FormFieldValues = Readonly<Record<string, string | string[] | null>>;

/** What applying a file has done. */
export interface AppliedFile {
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  /** What could not be taken over, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

export interface ExportOptions {
  /** The file as it was uploaded, without anything added. */
  readonly source?: boolean;
  /** Annotations become part of the page. */
  readonly flatten?: boolean;
}
