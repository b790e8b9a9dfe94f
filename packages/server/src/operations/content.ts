/**
 * What changes the content of pages, and applying redactions. A worker makes a whole new file of each file that is concerned, page for
 * page, so that indexes and object numbers stay; it becomes a blob of the document, and the page records are led to it in one change.
 */
import type { RedactionMark } from "@lectern/pdf";
import type { AnyRecord, Op, Page, Rect, Rotation } from "@lectern/protocol";
import { ApiError, can, FULL_GRANTS } from "@lectern/protocol/plain";
import type { DocumentDeps } from "../documents/deps.ts";
import { shapeOf } from "../documents/manifest.ts";
import { renderSource } from "../documents/password.ts";
import { noticingQuarantine } from "../documents/quarantine.ts";
import type { Expectation } from "@lectern/sync/room";
import type { LayerPage } from "../layers/pages.ts";
import type { ReadLayer } from "../layers/reading.ts";
import { commitLarge } from "../layers/large-change.ts";
import { ownBlob } from "./own-blob.ts";

type AnnotationRecord = Extract<AnyRecord, { kind: "annotation" }>;

export interface ContentContext {
  readonly deps: DocumentDeps;
  readonly layer: ReadLayer;
  readonly userId: string | null;
  readonly signal: AbortSignal;
}

export interface AppliedRedactions {
  readonly seq: number;
  readonly redactions: number;
  /** Indexes of the layer's pages. */
  readonly pagesAsImages: readonly number[];
  /** Files that the pages no longer come from. */
  readonly replaced: readonly string[];
}

/** The live redaction marks of the layer, by page; deleted pages have none. */
export function redactionMarks({ room, pages }: Pick<ReadLayer, "room" | "pages">): ReadonlyMap<string, readonly AnnotationRecord[]> {
  const shown = pages();
  const marks = new Map<string, AnnotationRecord[]>();
  for (const record of room.snapshot(FULL_GRANTS).records) {
    if (record.kind !== "annotation" || record.data.type !== "redaction" || record.data.page === null) continue;
    if (shown.indexOf(record.data.page) !== null) marks.set(record.data.page, [...(marks.get(record.data.page) ?? []), record]);
  }
  return marks;
}

export function markOf({ data }: AnnotationRecord): RedactionMark {
  if (data.type !== "redaction") throw new Error("not a redaction");
  const { color = "#ff0000", fillColor = "#000000", outlineColor = null, overlayText = null, repeatOverlayText = false } = data.appearance;
  return { rects: data.geometry.rects, fillColor, outlineColor, overlayText, repeatOverlayText, color };
}

/** One erasing change: what was under the marks is in no page of the layer any more. Throws ApiError `forbidden`, `document_failed`, … */
export async function applyRedactions({ deps, layer, userId, signal }: ContentContext): Promise<AppliedRedactions> {
  requirePages(layer);
  const { document, room, base } = layer;
  const marks = redactionMarks(layer);
  const pages = [...layer.pages()];
  const marked = pages.filter(({ id, data }) => marks.has(id) && data.content !== null);
  const ops: Op[] = [];
  const replaced = new Set<string>();
  const pagesAsImages: number[] = [];
  const moved = new Set<LayerPage>();
  const key = { applicationId: document.applicationId, documentId: document.id };
  // Two pages may show one page of a file, each with marks of its own: then the second needs a file of its own.
  for (let left = marked, isFirst = true; left.length > 0; isFirst = false) {
    const now = new Map<string, LayerPage>();
    const later: LayerPage[] = [];
    for (const page of left) {
      const place = `${page.data.content!.source} ${page.data.content!.sourceIndex}`;
      if (now.has(place)) later.push(page);
      else now.set(place, page);
    }
    left = later;
    for (const blob of new Set([...now.values()].map(({ data }) => data.content!.source))) {
      const here = [...now.values()].filter(({ data }) => data.content!.source === blob);
      const source = await renderSource(deps, document, blob);
      const jobs = here.map(({ id, data }) => ({ index: data.content!.sourceIndex, marks: marks.get(id)!.map(markOf) }));
      const { sha256, made } = await ownBlob(deps, key, (target) =>
        noticingQuarantine(deps, document, () => deps.renderer.redact(source, { target, pages: jobs, signal })),
      );
      replaced.add(blob);
      for (const page of here) if (made.includes(page.data.content!.sourceIndex)) pagesAsImages.push(page.index);
      const redacted = new Set(here.map(({ data }) => data.content!.sourceIndex));
      // Pages beside them come from the new file too, or an export would hold both. A copy without marks keeps what it shows.
      const moving = isFirst
        ? pages.filter(
            (page) => page.data.content?.source === blob && (here.includes(page) || !redacted.has(page.data.content.sourceIndex)),
          )
        : here;
      for (const { id, data } of moving) ops.push(["u", id, { content: contentIn(layer, sha256, data) }]);
      for (const page of moving) moved.add(page);
    }
  }
  for (const { id, data } of pages) {
    const here = marks.get(id);
    if (here === undefined) continue;
    if (data.content === null) for (const mark of here) ops.push(["d", mark.id]);
    else ops.push(...removals(layer, id, here));
  }
  const redactions = marked.reduce((sum, { id }) => sum + marks.get(id)!.length, 0);
  if (ops.length === 0) return { seq: room.seq, redactions, pagesAsImages, replaced: [] };
  const { seq } = await commitLarge(room, ops, {
    grants: { ...FULL_GRANTS, userId: layer.grants.userId },
    userId,
    session: layer.sessionId,
    erases: true,
    expects: expecting(moved),
  });
  for (const blob of replaced) await deps.cache.drop(document.applicationId, blob);
  return {
    seq,
    redactions,
    pagesAsImages: pagesAsImages.toSorted((a, b) => a - b),
    replaced: [...replaced].filter((blob) => blob !== base.source || replaced.has(blob)),
  };
}

/** The marks themselves, annotations and fields under them. The right to redact is enough, as the file has lost them. */
function removals({ room }: ReadLayer, page: string, marks: readonly AnnotationRecord[]): Op[] {
  const rects = marks.flatMap((mark) => markOf(mark).rects);
  const ops: Op[] = [];
  for (const record of room.snapshot(FULL_GRANTS, [page]).records) {
    if ((record.kind !== "annotation" && record.kind !== "widget") || record.data.page !== page) continue;
    const isMark = record.kind === "annotation" && record.data.type === "redaction";
    if (!isMark && !rects.some((rect) => isUnder(record.data.geometry.bbox, rect))) continue;
    ops.push(["d", record.id]);
    const value = record.kind === "widget" ? room.record(`${record.data.field}:v`, FULL_GRANTS) : null;
    if (value !== null && !value.deleted && !ops.some((op) => op[1] === value.id)) ops.push(["u", value.id, { value: null }]);
  }
  return ops;
}

/** By more than its border: the same rule as in the file. */
function isUnder([left, top, width, height]: Rect, [x, y, w, h]: Rect): boolean {
  const shared = (low: number, size: number, from: number, length: number): boolean =>
    Math.min(low + size, from + length) - Math.max(low, from) > Math.min(1, size / 4);
  return shared(left, width, x, w) && shared(top, height, y, h);
}

/** The pages must still show what the new content was made of: else what was redacted meanwhile would come back. */
export function expecting(pages: Iterable<LayerPage>): readonly Expectation[] {
  return Array.from(pages, ({ id, data }) => ({ id, property: "content", value: data.content }));
}

export function contentIn({ base }: ReadLayer, source: string, { content }: Page): Page["content"] {
  const { sourceIndex } = content!;
  const own = content!.source === base.source ? (shapeOf(base.manifest, sourceIndex)?.rotation ?? 0) : (content!.rotation ?? 0);
  return { source, sourceIndex, ...(own === 0 ? {} : { rotation: own as Rotation }) };
}

/** Changing content needs the right to change pages. */
export function requirePages({ grants }: Pick<ReadLayer, "grants">): void {
  const head = { kind: "page", createdBy: null, grp: null } as const;
  if (!can(grants, "edit", head, head)) throw new ApiError("forbidden", "Changing pages needs pages:edit:all");
}
