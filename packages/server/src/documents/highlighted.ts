/** What stands under the highlights of a page. */
import type { PageText } from "@lectern/pdf";
import type { Rect } from "@lectern/protocol";
import { drawingOrder } from "@lectern/protocol/plain";
import { type StoredAnnotation, storedAnnotation } from "../layers/annotations.ts";
import type { LayerPage } from "../layers/pages.ts";
import type { ReadLayer } from "../layers/reading.ts";
import type { DocumentDeps } from "./deps.ts";
import { pageText } from "./stream.ts";

/** From the bottom highlight up. Throws ApiError as reading does. */
export async function highlightedText(
  deps: DocumentDeps,
  { room, grants, pages, document }: ReadLayer,
  page: LayerPage,
  signal: AbortSignal,
): Promise<readonly { readonly annotation: StoredAnnotation; readonly text: string }[]> {
  const highlights = room
    .snapshot(grants, [page.id])
    .records.flatMap((record) =>
      record.kind === "annotation" && record.data.type === "highlight" && record.deleted !== true
        ? [{ record, rects: record.data.geometry.rects, order: drawingOrder(record) }]
        : [],
    );
  if (highlights.length === 0 || page.data.content === null) return [];
  const { source, sourceIndex } = page.data.content;
  const text = await pageText(deps, {
    applicationId: document.applicationId,
    documentId: document.id,
    blob: source,
    index: sourceIndex,
    signal,
  });
  const names = pages();
  return highlights
    .toSorted((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : a.record.seq - b.record.seq))
    .flatMap(({ record, rects }) => {
      const annotation = storedAnnotation(record, names);
      return annotation === null ? [] : [{ annotation, text: textUnder(text, rects) }];
    });
}

/** Characters whose middle lies in one of the boxes, in reading order; a line of text a line, words as far apart as on the page. */
export function textUnder({ runs }: PageText, rects: readonly Rect[]): string {
  let found = "";
  let isApart = false;
  for (const run of runs) {
    const radians = (run.angle * Math.PI) / 180;
    const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
    const [left, top, width, height] = run.bbox;
    const [middleX, middleY] = [left + width / 2, top + height / 2];
    const center = middleX * cos + middleY * sin;
    for (let at = 0; at < run.text.length; at++) {
      const along = (run.edges[at]! + run.edges[at + 1]!) / 2 - center;
      const [x, y] =
        run.angle === 0 ? [(run.edges[at]! + run.edges[at + 1]!) / 2, middleY] : [middleX + along * cos, middleY + along * sin];
      if (!rects.some(([rx, ry, rw, rh]) => x >= rx && x <= rx + rw && y >= ry && y <= ry + rh)) {
        isApart = true;
        continue;
      }
      if (isApart && found !== "" && !/\s$/.test(found)) found += " ";
      isApart = false;
      found += run.text[at]!;
    }
    if (run.lineEnd) isApart = true;
  }
  return found.replace(/\s+/g, " ").trim();
}
