/** What the public methods take and give, beside records. Imports nothing of the parts, so that the published types do not either. */
import type { Patch, Rect } from "@lectern/protocol";

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

export interface ExportOptions {
  /** The file as it was uploaded, without anything added. */
  readonly source?: boolean;
  /** Annotations become part of the page. */
  readonly flatten?: boolean;
}
