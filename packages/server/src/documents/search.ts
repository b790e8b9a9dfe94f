/** Search in the text of a document's pages: page after page, while the next ones are being read. */
import type { PageText } from "@lectern/pdf";
import { patternHits, search, type SearchHit, searchText } from "@lectern/pdf/search";
import type { TextPattern } from "@lectern/pdf/search-pattern";
import type { DocumentDeps } from "./deps.ts";
import type { DocumentKey } from "./store.ts";
import { pageText } from "./stream.ts";

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
  /** Text as a reader means it, or a pattern of characters as they are. */
  readonly query: string | TextPattern;
  readonly caseSensitive?: boolean;
  readonly wholeWord?: boolean;
  readonly limit: number;
  readonly signal?: AbortSignal;
}

export interface PageHit {
  readonly pageIndex: number;
  readonly pageId: string;
  readonly previewText: string;
  /** First character and length, in the preview. */
  readonly rangeInPreview: readonly [start: number, length: number];
  /** `[left, top, width, height]` in points of the source page. */
  readonly rects: readonly (readonly [number, number, number, number])[];
}

export interface SearchResult {
  readonly hits: readonly PageHit[];
  /** False when the limit or the time ended the search. */
  readonly complete: boolean;
  readonly pagesSearched: number;
}

/** Pages whose text is asked for at a time. */
const AT_ONCE = 4;
const MAX_MS = 10_000;

/** Hits in page order, at most `limit`; ends after ten seconds with what was found. */
export async function searchDocument(deps: DocumentDeps, request: SearchRequest): Promise<SearchResult> {
  const { applicationId, documentId, limit, signal } = request;
  const end = deps.clock.now() + MAX_MS;
  const hits: PageHit[] = [];
  const left = request.pages[Symbol.iterator]();
  const reading: { readonly page: SearchPage; readonly text: Promise<PageText> }[] = [];
  const readNext = (): void => {
    const next = left.next();
    if (next.done === true) return;
    const page = next.value;
    const text = pageText(deps, {
      applicationId,
      documentId,
      blob: page.blob,
      index: page.sourceIndex,
      ...(signal === undefined ? {} : { signal }),
    });
    // When an earlier page fails, nobody waits for this one any more.
    text.catch(() => undefined);
    reading.push({ page, text });
  };
  for (let n = 0; n < AT_ONCE; n++) readNext();
  let pagesSearched = 0;
  for (;;) {
    const next = reading.shift();
    if (next === undefined) return { hits, complete: true, pagesSearched };
    if (hits.length >= limit || deps.clock.now() > end) return { hits, complete: false, pagesSearched };
    const isOver = (): boolean => deps.clock.now() > end || signal?.aborted === true;
    const found = await findsIn(await next.text, { ...request, limit: limit - hits.length, isOver });
    const { pageIndex, pageId } = next.page;
    for (const { preview, range, rects } of found)
      hits.push({ pageIndex, pageId, previewText: preview, rangeInPreview: [range[0], range[1] - range[0]], rects });
    pagesSearched++;
    readNext();
  }
}

export interface TextRequest extends Pick<SearchRequest, "query" | "caseSensitive" | "wholeWord"> {
  readonly limit: number;
  /** True when it may end with what was found. */
  readonly isOver?: () => boolean;
}

/** Hits in one text. Expressions that take long let others have their turn. */
export async function findsIn(
  page: PageText,
  { query, caseSensitive = false, wholeWord = false, limit, isOver = () => false }: TextRequest,
): Promise<SearchHit[]> {
  if (typeof query === "string") return search(searchText(page), query, { caseSensitive, wholeWord, limit });
  const hits: SearchHit[] = [];
  for (const part of patternHits(page, query)) {
    hits.push(...part.slice(0, limit - hits.length));
    if (hits.length >= limit || isOver()) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hits;
}
