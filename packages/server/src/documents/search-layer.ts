/** Search as HTTP offers it: text, regular expressions and presets, in the pages of a layer and in the texts of its annotations. */
import type { PageText } from "@lectern/pdf";
import {
  PatternError,
  presetPattern,
  regexPattern,
  SEARCH_PRESETS,
  type SearchPreset,
  type TextPattern,
} from "@lectern/pdf/search-pattern";
import { type AnyRecord, type Annotation, pageSpace, type Rect, type RichText } from "@lectern/protocol";
import { ApiError, wordsOf } from "@lectern/protocol/plain";
import { storedAnnotation } from "../layers/annotations.ts";
import type { LayerPage, LayerPages } from "../layers/pages.ts";
import type { ReadLayer } from "../layers/reading.ts";
import type { DocumentDeps } from "./deps.ts";
import { findsIn, type SearchPage, searchDocument } from "./search.ts";

export interface LayerSearch {
  readonly q: string;
  readonly type?: "text" | "regex" | "preset";
  /** First page; how many from there. */
  readonly start?: number;
  readonly limit?: number;
  readonly max_hits?: number;
  readonly include_annotations?: boolean;
  /** Default: true for `regex`, false else. */
  readonly case_sensitive?: boolean;
  readonly whole_word?: boolean;
  readonly signal?: AbortSignal;
}

export interface FoundText {
  readonly pageIndex: number;
  readonly pageId: string;
  readonly previewText: string;
  readonly rangeInPreview: [start: number, length: number];
  /** In points of the page as shown. */
  readonly rectsOnPage: number[][];
  readonly isAnnotation: boolean;
}

const MOST_HITS = 1000;

/** In page order, on a page its text before its annotations. Throws ApiError `invalid_parameters`, and as reading does. */
export async function searchLayer(
  deps: DocumentDeps,
  layer: ReadLayer,
  request: LayerSearch,
): Promise<{ readonly found: readonly FoundText[]; readonly complete: boolean }> {
  const { start = 0, limit = Number.POSITIVE_INFINITY, max_hits: most = MOST_HITS, signal } = request;
  const query = queryOf(request);
  const caseSensitive = request.case_sensitive ?? false;
  const wholeWord = request.whole_word ?? false;
  const pages = layer.pages();
  const { hits, complete } = await searchDocument(deps, {
    applicationId: layer.document.applicationId,
    documentId: layer.document.id,
    pages: searchPages(pages, start, start + limit),
    query,
    caseSensitive,
    wholeWord,
    limit: most,
    ...(signal === undefined ? {} : { signal }),
  });
  const found = hits.map(({ pageIndex, pageId, previewText, rangeInPreview, rects }): FoundText => {
    const space = pageSpace(pages.shown(pageId));
    return {
      pageIndex,
      pageId,
      previewText,
      rangeInPreview: [...rangeInPreview],
      rectsOnPage: rects.map((rect) => [...space.rectToShown([...rect] as Rect)]),
      isAnnotation: false,
    };
  });
  if (request.include_annotations !== true) return { found, complete };
  const inAll = await annotationFinds(layer, pages, (text) => findsIn(text, { query, caseSensitive, wholeWord, limit: most }));
  const inAnnotations = inAll.filter(({ pageIndex }) => pageIndex >= start && pageIndex < start + limit);
  return { found: [...found, ...inAnnotations].toSorted((a, b) => a.pageIndex - b.pageIndex).slice(0, most), complete };
}

/** Throws ApiError `invalid_parameters`. */
export function queryOf({
  q,
  type = "text",
  case_sensitive = true,
}: Pick<LayerSearch, "q" | "type" | "case_sensitive">): string | TextPattern {
  if (type === "text") return q;
  if (type === "preset") {
    if (!(SEARCH_PRESETS as readonly string[]).includes(q)) throw invalid(`There is no such preset. Presets: ${SEARCH_PRESETS.join(", ")}`);
    return presetPattern(q as SearchPreset);
  }
  try {
    return regexPattern(q, { caseSensitive: case_sensitive });
  } catch (error) {
    if (error instanceof PatternError) throw invalid(error.message);
    throw error;
  }
}

function invalid(details: string): ApiError {
  return new ApiError("invalid_parameters", details, { failingPaths: [{ path: "$.q", details }] });
}

function* searchPages(pages: Iterable<LayerPage>, from: number, to: number): Generator<SearchPage> {
  for (const { index, id, data } of pages) {
    if (index >= to) return;
    if (index >= from && data.content !== null)
      yield { pageIndex: index, pageId: id, blob: data.content.source, sourceIndex: data.content.sourceIndex };
  }
}

async function annotationFinds(
  { room, grants }: ReadLayer,
  pages: LayerPages,
  find: (text: PageText) => ReturnType<typeof findsIn>,
): Promise<FoundText[]> {
  const found: FoundText[] = [];
  for (const record of room.snapshot(grants).records) {
    for (const text of textsOf(record)) {
      const hits = await find(asPage(text));
      const stored = hits.length === 0 ? null : storedAnnotation(record, pages);
      const pageIndex = stored?.content["pageIndex"];
      if (stored === null || typeof pageIndex !== "number") continue;
      const box = stored.content["bbox"];
      for (const { preview, range } of hits)
        found.push({
          pageIndex,
          pageId: pages.idAt(pageIndex)!,
          previewText: preview,
          rangeInPreview: [range[0], range[1] - range[0]],
          rectsOnPage: Array.isArray(box) ? [box as number[]] : [],
          isAnnotation: true,
        });
    }
  }
  return found;
}

/** What an annotation says: the words of its text, and the note that hangs on it. */
function textsOf(record: AnyRecord): readonly string[] {
  if (record.kind !== "annotation") return [];
  const { text, note } = record.data as Annotation & { readonly text?: RichText };
  return [text === undefined ? undefined : wordsOf(text), note].filter((part): part is string => part !== undefined && part !== "");
}

/** Text without a place, as a page of lines. */
function asPage(text: string): PageText {
  const runs = text.split("\n").map((line) => ({
    text: line,
    bbox: [0, 0, 0, 0] as Rect,
    edges: Array.from({ length: line.length + 1 }, () => 0),
    fontSize: 0,
    angle: 0,
    lineEnd: true,
  }));
  return { runs };
}
