/**
 * A layer as the room holds it: base ⊕ records. Of each record that the layer changed the data is kept as JSON text, beside its head as columns:
 * small in memory, and a snapshot is a join of strings.
 */
import type { AnyRecord } from "@lectern/protocol";
import type { RecordHead, RecordKind } from "@lectern/protocol/plain";
import type { BaseRecords } from "./base-records.ts";
import { storedRecord, visibleRecord } from "./change.ts";
import type { StoredRecord } from "./change-log.ts";
import { derivedPage, pageOf, parentOf } from "./references.ts";

/** A record of the layer, a tombstone included. */
export interface Entry extends RecordHead {
  readonly seq: number;
  readonly createdAt: number;
  readonly updatedBy: string | null;
  readonly updatedAt: number;
  readonly deleted: boolean;
  /** Page that shows it. */
  readonly page: string | null;
  /** JSON of its data. */
  readonly data: string;
}

/** `data`: JSON of the record's data. */
export function entryOf(record: StoredRecord, data: string): Entry {
  const { kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, deleted } = record;
  return { kind, createdBy, grp, seq, createdAt, updatedBy, updatedAt, deleted, page: pageOf(kind, record.data), data };
}

/** JSON of the record as viewers get it. `marked`: with the mark of a tombstone, if it is one. */
export function recordJson(id: string, entry: Entry, marked: boolean): string {
  const { kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, deleted, data } = entry;
  const made = `"createdBy":${JSON.stringify(createdBy)},"createdAt":${createdAt}`;
  const written = `"updatedBy":${JSON.stringify(updatedBy)},"updatedAt":${updatedAt}`;
  const mark = marked && deleted ? ',"deleted":true' : "";
  return `{"id":${JSON.stringify(id)},"kind":"${kind}","seq":${seq},${made},${written},"grp":${JSON.stringify(grp)}${mark},"data":${data}}`;
}

/** The record as viewers get it. */
export function seenRecord([id, entry]: readonly [id: string, entry: Entry]): AnyRecord {
  return visibleRecord(recordOf(id, entry), true);
}

function recordOf(id: string, entry: Entry): StoredRecord {
  const { kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, deleted } = entry;
  const data = JSON.parse(entry.data) as unknown;
  return { id, kind, seq, createdBy, createdAt, updatedBy, updatedAt, grp, data, deleted } as StoredRecord;
}

export class LayerState {
  readonly #base: BaseRecords;
  readonly #entries = new Map<string, Entry>();
  /** Records of the layer by what they hang on; the base has its own index. */
  readonly #children = new Map<string, Set<string>>();
  /** Pages that the layer made or changed, tombstones included. */
  readonly #pages = new Set<string>();
  readonly #fields = new Set<string>();
  #live: number;

  /** `records`: what the layer holds. `data`: JSON of the data of each, where it was read. */
  constructor(base: BaseRecords, records: readonly StoredRecord[], data?: readonly string[]) {
    this.#base = base;
    this.#live = base.size;
    const texts = new Map<string, string>();
    // Every row brings texts of its own; most are the same few.
    const once = <T extends string | null>(text: T): T => {
      if (text === null) return text;
      const known = texts.get(text);
      if (known === undefined) texts.set(text, text);
      return (known ?? text) as T;
    };
    for (const [index, record] of records.entries()) {
      // A text that was read lies in memory as one piece; one that is made here would be a chain of pieces, and a third larger.
      const entry = entryOf(record, data?.[index] ?? JSON.stringify(record.data));
      const { kind, createdBy, updatedBy, grp } = entry;
      this.put(record, { ...entry, kind: once(kind), createdBy: once(createdBy), updatedBy: once(updatedBy), grp: once(grp) });
    }
  }

  /** Live records, base included, derived pages not. */
  get live(): number {
    return this.#live;
  }

  read(id: string): StoredRecord | null {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return recordOf(id, entry);
    const based = this.#base.get(id);
    if (based !== null) return storedRecord(based, false);
    const page = this.#base.page(id);
    return page === null ? null : storedRecord(derivedPage(id, page), false);
  }

  /** Of a record that ever was; null when there was none. */
  kind(id: string): RecordKind | null {
    return this.#entries.get(id)?.kind ?? this.#base.get(id)?.kind ?? (this.#base.page(id) === null ? null : "page");
  }

  /** Is it a page of the revision? Viewers know those without being told, so they must be told of its deletion, and get its first change whole. */
  isDerived(id: string): boolean {
    return this.#base.get(id) === null && this.#base.page(id) !== null;
  }

  /** What permissions need of a live record; null when there is none. */
  head(id: string): RecordHead | null {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry.deleted ? null : entry;
    return this.#base.get(id) ?? (this.#base.page(id) === null ? null : { kind: "page", createdBy: null, grp: null });
  }

  /** Ids of all form fields that ever were. */
  fields(): Set<string> {
    return new Set([...this.#base.fields, ...this.#fields]);
  }

  /** Ids of all that ever hung on this record, tombstones included. */
  children(id: string): Iterable<string> {
    const based = this.#base.children(id);
    const own = this.#children.get(id);
    if (based.length === 0) return own ?? [];
    return new Set([...based.map((child) => child.id), ...(own ?? [])]);
  }

  /** What the layer itself holds, tombstones included. `page`: annotations and widgets of it; `kind`: pages only, or fields and values only. */
  *changed(of?: { readonly page: string } | { readonly kind: "page" | "form" } | { readonly names: string }): Generator<StoredRecord> {
    if (of !== undefined && "kind" in of && of.kind === "page") {
      for (const id of this.#pages) yield this.read(id)!;
      return;
    }
    for (const [id, entry] of this.#entries) {
      const { kind, page, data } = entry;
      const isWanted =
        of === undefined ||
        ("page" in of ? page === of.page : "names" in of ? data.includes(of.names) : kind === "field" || kind === "value");
      if (isWanted) yield recordOf(id, entry);
    }
  }

  put(record: StoredRecord, entry: Entry): void {
    const { id, kind, deleted } = record;
    const before = this.#entries.get(id);
    const wasLive = before === undefined ? this.#base.get(id) !== null : !before.deleted;
    this.#live += (deleted ? 0 : 1) - (wasLive ? 1 : 0);
    this.#entries.set(id, entry);
    if (kind === "page") this.#pages.add(id);
    if (kind === "field") this.#fields.add(id);
    const parent = parentOf(kind, record.data);
    if (parent === null || before !== undefined) return;
    const siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, new Set([id]));
    else siblings.add(id);
  }

  /** Live records that the viewer sees, and deleted pages of the revision. `pages`: only annotations and widgets of these. */
  *visible(sees: (head: RecordHead) => boolean, pages?: ReadonlySet<string>): Generator<readonly [id: string, entry: Entry]> {
    for (const [id, entry] of this.#entries) {
      if (entry.deleted && !(entry.kind === "page" && this.isDerived(id))) continue;
      if ((pages === undefined || (entry.page !== null && pages.has(entry.page))) && sees(entry)) yield [id, entry];
    }
    const based = pages === undefined ? [this.#base.list()] : [...pages].map((page) => this.#base.byPage(page));
    for (const list of based) {
      for (const record of list) {
        if (!this.#entries.has(record.id) && sees(record))
          yield [record.id, entryOf({ ...record, deleted: false }, JSON.stringify(record.data))];
      }
    }
  }
}

export function headOf(record: { kind: RecordKind; createdBy: string | null; grp: string | null }): RecordHead {
  return { kind: record.kind, createdBy: record.createdBy, grp: record.grp };
}
