/** The pages of a layer in order: derived from the revision, with page records on top. Pure. */
import { pageId, sourceOrder } from "@lectern/protocol/plain";
import type { Opened, RecordOf, Rotation } from "@lectern/protocol";

export interface PageShape {
  readonly id: string;
  readonly index: number;
  /** Blob and page in it that is shown; null: a blank page. */
  readonly content: { readonly source: string; readonly sourceIndex: number } | null;
  /** Points before any rotation. */
  readonly width: number;
  readonly height: number;
  /** What the source says; its image is turned already. */
  readonly sourceRotation: Rotation;
  /** What the layer adds, clockwise. */
  readonly rotation: Rotation;
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
      pages.push({ id, content, width, height, sourceRotation: rotation, rotation: 0, label, order: sourceOrder(sourceIndex) });
    }
  }
  for (const { id, data } of changed.values()) {
    const [width, height] = data.size;
    const sourceRotation = data.content?.source === opened.source ? (rotations[data.content.sourceIndex] ?? 0) : 0;
    pages.push({ id, content: data.content, width, height, sourceRotation, rotation: data.rotation, label: data.label, order: data.order });
  }
  if (changed.size > 0) pages.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
  return pages.map(({ order: _order, ...page }, index) => ({ ...page, index }));
}

export function addRotations(...rotations: readonly Rotation[]): Rotation {
  return (rotations.reduce<number>((sum, rotation) => sum + rotation, 0) % 360) as Rotation;
}

/** Size as shown, in points. */
export function shownSize(page: PageShape, viewRotation: Rotation): { readonly width: number; readonly height: number } {
  const turned = addRotations(page.sourceRotation, page.rotation, viewRotation) % 180 !== 0;
  return turned ? { width: page.height, height: page.width } : { width: page.width, height: page.height };
}
