/**
 * The pages of a layer in its own order: those of the revision, as page records moved, turned, cropped or deleted them. An index means this order at
 * this moment; ids stay. A layer without changed pages costs nothing to look through, however long it is.
 */
import type { Page, PageNames, PageShown, Rotation } from "@lectern/protocol";
import { pageId, parsePageId, sourceOrder } from "@lectern/protocol/plain";
import type { StoredRecord } from "@lectern/sync/room";
import type { DocumentBase } from "../documents/base.ts";
import { labelOf, shapeOf } from "../documents/manifest.ts";

export interface LayerPage {
  readonly index: number;
  readonly id: string;
  readonly data: Page;
  readonly shown: PageShown;
  readonly label: string;
}

export interface LayerPages extends PageNames {
  readonly count: number;
  /** null when there is no such page. */
  at(index: number): LayerPage | null;
  [Symbol.iterator](): Iterator<LayerPage>;
}

/** `changed`: the layer's page records, tombstones included. */
export function layerPages(base: DocumentBase, changed: readonly StoredRecord[]): LayerPages {
  const records = new Map(changed.map((record) => [record.id, record]));
  const ids = records.size === 0 ? null : orderedIds(base, records);
  const indexes = ids === null ? null : new Map(ids.map((id, index) => [id, index]));
  const count = ids?.length ?? base.manifest.pageCount;

  const idAt = (index: number): string | null => {
    if (!Number.isInteger(index) || index < 0 || index >= count) return null;
    return ids === null ? pageId(base.revision, index) : ids[index]!;
  };
  const dataOf = (id: string): Page | null => (records.get(id)?.data as Page | undefined) ?? base.records.page(id);
  const shown = (id: string): PageShown => {
    const data = dataOf(id);
    if (data === null) throw new Error(`there is no page ${id}`);
    const { content } = data;
    const own = content?.source === base.source ? (shapeOf(base.manifest, content.sourceIndex)?.rotation ?? 0) : (content?.rotation ?? 0);
    return { width: data.size[0], height: data.size[1], rotation: ((own + data.rotation) % 360) as Rotation, crop: data.crop };
  };
  const at = (index: number): LayerPage | null => {
    const id = idAt(index);
    const data = id === null ? null : dataOf(id);
    if (id === null || data === null) return null;
    const derived = parsePageId(id);
    const label = data.label ?? (derived === null ? String(index + 1) : labelOf(base.manifest, derived.sourceIndex));
    return { index, id, data, shown: shown(id), label };
  };
  return {
    count,
    idAt,
    indexOf(id) {
      if (indexes !== null) return indexes.get(id) ?? null;
      const derived = parsePageId(id);
      return derived?.revision === base.revision && derived.sourceIndex < count ? derived.sourceIndex : null;
    },
    shown,
    at,
    *[Symbol.iterator]() {
      for (let index = 0; index < count; index++) yield at(index)!;
    },
  };
}

function orderedIds(base: DocumentBase, records: ReadonlyMap<string, StoredRecord>): string[] {
  const pages: { readonly id: string; readonly order: string }[] = [];
  for (let index = 0; index < base.manifest.pageCount; index++) {
    const id = pageId(base.revision, index);
    if (!records.has(id)) pages.push({ id, order: sourceOrder(index) });
  }
  for (const record of records.values()) if (!record.deleted) pages.push({ id: record.id, order: (record.data as Page).order });
  // Equal orders (two people inserted at one place) are told apart by id, the same on every screen.
  return pages.toSorted((a, b) => (a.order === b.order ? (a.id < b.id ? -1 : 1) : a.order < b.order ? -1 : 1)).map(({ id }) => id);
}
