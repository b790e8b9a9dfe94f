/** What a layer starts from: the records found in the file, and the pages that nobody has changed. Immutable, shared by all rooms of a revision. */
import type { AnyRecord, Page } from "@lectern/protocol";
import { parentOf } from "./references.ts";

export interface BaseRecords {
  /** A base record has seq 0 and no creator. */
  get(id: string): AnyRecord | null;
  list(): Iterable<AnyRecord>;
  /** Annotations and widgets on that page. */
  byPage(page: string): readonly AnyRecord[];
  /** Records that go when this one is deleted: the comments of an annotation, the widgets and value of a field. */
  children(id: string): readonly AnyRecord[];
  /** Ids of the form fields. */
  readonly fields: readonly string[];
  readonly size: number;
  /** The page with this derived id as the revision shows it; null when the revision has no such page. Not part of `list`. */
  page(id: string): Page | null;
}

/** Base records held in memory. `page` tells of derived pages. */
export function memoryBaseRecords(records: readonly AnyRecord[], page: (id: string) => Page | null): BaseRecords {
  const byId = new Map<string, AnyRecord>();
  const pages = new Map<string, AnyRecord[]>();
  const children = new Map<string, AnyRecord[]>();
  const fields: string[] = [];
  for (const record of records) {
    byId.set(record.id, record);
    if (record.kind === "field") fields.push(record.id);
    if (record.kind === "annotation" || record.kind === "widget") add(pages, record.data.page, record);
    add(children, parentOf(record.kind, record.data), record);
  }
  return {
    get: (id) => byId.get(id) ?? null,
    list: () => byId.values(),
    byPage: (id) => pages.get(id) ?? [],
    children: (id) => children.get(id) ?? [],
    fields,
    size: byId.size,
    page,
  };
}

function add(map: Map<string, AnyRecord[]>, key: string | null, record: AnyRecord): void {
  if (key === null) return;
  const list = map.get(key);
  if (list === undefined) map.set(key, [record]);
  else list.push(record);
}
