/**
 * A layer as the room holds it: base ⊕ records. Each record that the layer changed is kept as the JSON text that viewers get, beside the few columns
 * that permissions and references need: small in memory, and a snapshot is a join of strings.
 */
import type { AnyRecord } from "@lectern/protocol";
import type { RecordHead, RecordKind } from "@lectern/protocol/plain";
import type { BaseRecords } from "./base-records.ts";
import type { StoredRecord } from "./change-log.ts";
import { visibleRecord } from "./change.ts";
import { derivedPage, pageOf, parentOf } from "./references.ts";

interface Entry extends RecordHead {
  readonly deleted: boolean;
  /** Page that shows it. */
  readonly page: string | null;
  readonly json: string;
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

  constructor(base: BaseRecords, records: readonly StoredRecord[]) {
    this.#base = base;
    this.#live = base.size;
    for (const record of records) this.put(record, JSON.stringify(visibleRecord(record, this.isDerived(record.id))));
  }

  /** Live records, base included, derived pages not. */
  get live(): number {
    return this.#live;
  }

  read(id: string): StoredRecord | null {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return { ...(JSON.parse(entry.json) as AnyRecord), deleted: entry.deleted };
    const based = this.#base.get(id);
    if (based !== null) return { ...based, deleted: false };
    const page = this.#base.page(id);
    return page === null ? null : { ...derivedPage(id, page), deleted: false };
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
    for (const { kind, deleted, page, json } of this.#entries.values()) {
      const isWanted =
        of === undefined ||
        ("page" in of ? page === of.page : "names" in of ? json.includes(of.names) : kind === "field" || kind === "value");
      if (isWanted) yield { ...(JSON.parse(json) as AnyRecord), deleted };
    }
  }

  /** `json`: the record as viewers get it. */
  put(record: StoredRecord, json: string): void {
    const { id, kind, createdBy, grp, deleted } = record;
    const before = this.#entries.get(id);
    const wasLive = before === undefined ? this.#base.get(id) !== null : !before.deleted;
    this.#live += (deleted ? 0 : 1) - (wasLive ? 1 : 0);
    this.#entries.set(id, { kind, createdBy, grp, deleted, page: pageOf(kind, record.data), json });
    if (kind === "page") this.#pages.add(id);
    if (kind === "field") this.#fields.add(id);
    const parent = parentOf(kind, record.data);
    if (parent === null || before !== undefined) return;
    const siblings = this.#children.get(parent);
    if (siblings === undefined) this.#children.set(parent, new Set([id]));
    else siblings.add(id);
  }

  /** Live records that the viewer sees, and deleted pages of the revision, as JSON texts. `pages`: only annotations and widgets of these. */
  *visible(sees: (head: RecordHead) => boolean, pages?: ReadonlySet<string>): Generator<string> {
    for (const [id, entry] of this.#entries) {
      if (entry.deleted && !(entry.kind === "page" && this.isDerived(id))) continue;
      if ((pages === undefined || (entry.page !== null && pages.has(entry.page))) && sees(entry)) yield entry.json;
    }
    const based = pages === undefined ? [this.#base.list()] : [...pages].map((page) => this.#base.byPage(page));
    for (const list of based) {
      for (const record of list) if (!this.#entries.has(record.id) && sees(record)) yield JSON.stringify(record);
    }
  }
}

export function headOf(record: { kind: RecordKind; createdBy: string | null; grp: string | null }): RecordHead {
  return { kind: record.kind, createdBy: record.createdBy, grp: record.grp };
}
