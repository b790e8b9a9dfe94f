/** Search in the text of a document's pages. */
import type { DocumentDeps } from "./deps.ts";
import type { DocumentKey } from "./store.ts";

export interface SearchPage {
  /** As the layer shows it. */
  readonly pageIndex: number;
  readonly pageId: string;
  readonly blob: string;
  /** Index in that file. */
  readonly sourceIndex: number;
}

export interface SearchRequest extends DocumentKey {
  /** In the layer's order, from where the search begins. */
  readonly pages: Iterable<SearchPage>;
  readonly query: string;
  readonly caseSensitive?: boolean;
  readonly wholeWord?: boolean;
  readonly limit: number;
  readonly signal?: AbortSignal;
}

export interface SearchHit {
  readonly pageIndex: number;
  readonly pageId: string;
  readonly previewText: string;
  /** First character and length, in the preview. */
  readonly rangeInPreview: readonly [start: number, length: number];
  /** `[left, top, width, height]` in points of the source page. */
  readonly rects: readonly (readonly [number, number, number, number])[];
}

/** Hits in page order, at most `limit`. `complete` is false when the limit or the time (10 s) ended the search; `pagesSearched` were looked at. */
export declare function searchDocument(
  deps: DocumentDeps, request: SearchRequest,
): Promise<{ readonly hits: readonly SearchHit[]; readonly complete: boolean; readonly pagesSearched: number }>;
