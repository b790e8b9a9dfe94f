/** The pages of a layer in order: derived from the revision, with page records on top. Pure. */
import { pageId, pageSpace, parsePageId, sourceOrder } from "@lectern/protocol/plain";
import type { Opened, Page, Rect, RecordOf, Rotation } from "@lectern/protocol";

export interface PageShape {
  readonly id: string;
  readonly index: number;
  /** Blob and page in it that is shown; null: a blank page. */
  readonly content: { readonly source: string; readonly sourceIndex: number; readonly rotation?: Rotation } | null;
  /** Points before any rotation. */
  readonly width: number;
  readonly height: number;
  /** What the source says; its image is turned already. */
  readonly sourceRotation: Rotation;
  /** What the layer adds, clockwise. */
  readonly rotation: Rotation;
  /** The part that is shown, in record coordinates; null: all of it. */
  readonly crop: Rect | null;
  readonly label: string | null;
}

export function pageList(opened: Pick<Opened, "pages" | "revision" | "source">, records: Iterable<RecordOf<"page">>): PageShape[] {
  const changed = new Map<string, RecordOf<"page">>();
  for (const record of records) changed.set(record.id, record);
  const rotations: Rotation[] = [];
  const pages: (Omit<PageShape, "index"> & { readonly order: string })[] = [];
  for (const [count, width, height, rotation] of opened.pages.runs) {
    for (let i = 0; i < count; i++) {
      const sourceIndex = rotations.length;
      rotations.push(rotation);
      const id = pageId(opened.revision, sourceIndex);
      if (changed.has(id)) continue;
      const content = { source: opened.source, sourceIndex };
      const label = opened.pages.labels?.[sourceIndex] ?? null;
      pages.push({ id, content, width, height, sourceRotation: rotation, rotation: 0, crop: null, label, order: sourceOrder(sourceIndex) });
    }
  }
  for (const { id, data, deleted } of changed.values()) {
    if (deleted === true) continue;
    const [width, height] = data.size;
    const { content } = data;
    const sourceRotation = content?.source === opened.source ? (rotations[content.sourceIndex] ?? 0) : (content?.rotation ?? 0);
    const { rotation, crop, label, order } = data;
    pages.push({ id, content, width, height, sourceRotation, rotation, crop, label, order });
  }
  // Equal orders (two people inserted at one place) are told apart by id, as the service does.
  if (changed.size > 0) pages.sort((a, b) => (a.order === b.order ? (a.id < b.id ? -1 : 1) : a.order < b.order ? -1 : 1));
  return pages.map(({ order: _order, ...page }, index) => ({ ...page, index }));
}

/** A page of the revision that nobody has changed, as a record would say it; null: there is none of that id. */
export function derivedPage({ pages, revision, source }: Pick<Opened, "pages" | "revision" | "source">, id: string): Page | null {
  const place = parsePageId(id);
  if (place === null || place.revision !== revision) return null;
  const { sourceIndex } = place;
  let first = 0;
  for (const [count, width, height] of pages.runs) {
    if (sourceIndex < first + count)
      return {
        content: { source, sourceIndex },
        order: sourceOrder(sourceIndex),
        rotation: 0,
        crop: null,
        size: [width, height],
        label: pages.labels?.[sourceIndex] ?? null,
      };
    first += count;
  }
  return null;
}

export function addRotations(...rotations: readonly Rotation[]): Rotation {
  return (rotations.reduce<number>((sum, rotation) => sum + rotation, 0) % 360) as Rotation;
}

/** Size as shown, in points. */
export function shownSize(page: PageShape, viewRotation: Rotation): { readonly width: number; readonly height: number } {
  const { width, height } = pageSpace({ ...page, rotation: addRotations(page.sourceRotation, page.rotation, viewRotation) });
  return { width, height };
}

/** Of two versions of a page: is the same drawn at the same size? */
export function looksSame(a: PageShape, b: PageShape): boolean {
  return (
    a.content?.source === b.content?.source &&
    a.content?.sourceIndex === b.content?.sourceIndex &&
    (a.content === null) === (b.content === null) &&
    a.width === b.width &&
    a.height === b.height &&
    a.sourceRotation === b.sourceRotation &&
    a.rotation === b.rotation &&
    String(a.crop) === String(b.crop)
  );
}

/** What an image of the page shows: its file, and the page in it. */
export function contentName({ content }: PageShape): string {
  return content === null ? "" : `${content.source} ${content.sourceIndex}`;
}
