/**
 * What readers see of a document's pages: the viewer's images (content only, never changing), the API's images (with the layer's annotations),
 * text, and what is found in it. Everything is made once and cached.
 */
import type { PageText, TextLine } from "@lectern/pdf";
import type { ImageFormat, Priority, RenderSource } from "../ports.ts";
import type { DocumentDeps } from "./deps.ts";
import type { ExportRecords } from "./export.ts";
import type { DocumentKey, DocumentRow } from "./store.ts";

/** A page of a file that the document uses. The caller has checked that it may be seen (its layer shows it). */
export interface PageRequest extends DocumentKey {
  readonly blob: string;
  /** Index in that file. */
  readonly index: number;
  readonly signal?: AbortSignal;
}

/**
 * The viewer's image, WebP: page content and what is no record. `width` is a rung of IMAGE_WIDTHS. Never changes for the same blob, index and
 * width. Draws the neighbours ahead. Throws ApiError `not_found` (page, width, or a blob of another document), `document_failed`, `too_large`, `unavailable`.
 */
export declare function pageImage(deps: DocumentDeps, request: PageRequest & { readonly width: number }): Promise<Uint8Array>;

/** Runs with the positions of their characters, as JSON of PageText. Never changes for the same blob and index. */
export declare function pageTextJson(deps: DocumentDeps, request: PageRequest): Promise<Uint8Array>;
export declare function pageText(deps: DocumentDeps, request: PageRequest): Promise<PageText>;
export declare function pageTextLines(deps: DocumentDeps, request: PageRequest): Promise<TextLine[]>;

export interface RenderedPageRequest extends PageRequest {
  /** Pixels of the page as shown: exactly one of them. */
  readonly width?: number;
  readonly height?: number;
  readonly format: ImageFormat;
  /** The page record's, on top of the file's. */
  readonly rotation?: 0 | 90 | 180 | 270;
  /** What the layer changed, of this page; the rest of the file's annotations is drawn as it is. */
  readonly changes: ExportRecords;
}

/** The API's image: the page with the layer's annotations. `etag` (unquoted) changes only when the picture does. */
export declare function renderedPage(deps: DocumentDeps, request: RenderedPageRequest): Promise<{ readonly bytes: Uint8Array; readonly etag: string }>;

export declare function drawPage(
  deps: DocumentDeps, document: DocumentRow,
  page: { readonly source: RenderSource; readonly index: number; readonly width: number; readonly encoding: "fast" | "small"; readonly priority: Priority; readonly signal?: AbortSignal },
): Promise<Uint8Array>;
