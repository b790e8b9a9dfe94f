/**
 * Operations on pages, as changes of records: a list of pages is edited, and what it differs by from the layer's becomes the ops of one change.
 * A page that keeps its place relative to the others keeps its order, so that moving one page of a thousand writes one record.
 */
import type { Annotation, AnyRecord, Field, Op, Page, RecordOf, Rotation } from "@lectern/protocol";
import { ApiError, can, type Grants, newId, orderBetween } from "@lectern/protocol/plain";
import type { SyncRoom } from "@lectern/sync/room";
import type { LayerPages } from "../layers/pages.ts";
import type { Clock, Random } from "../ports.ts";

export interface PlannedPage {
  readonly id: string;
  /** `order` is the layer's until the plan is done. */
  readonly data: Page;
  readonly label: string;
  /** Null: it is in the layer. Otherwise it is new, with copies of these on it. */
  readonly brings: readonly CopiedRecord[] | null;
}

export type CopiedRecord = Extract<AnyRecord, { kind: "annotation" }> | CopiedWidget;

/** `form`: its field comes along; missing: it is the layer's own. */
export type CopiedWidget = RecordOf<"widget"> & {
  readonly form?: { readonly field: RecordOf<"field">; readonly value: RecordOf<"value"> | null };
};

/** Where pages go: an index in the list as it is then. */
export type PageList = readonly PlannedPage[];

export interface PlanContext {
  readonly room: Pick<SyncRoom, "snapshot">;
  readonly grants: Grants;
  readonly clock: Clock;
  readonly random: Random;
  /** That a document may have. */
  readonly mostPages: number;
}

export function pageList(pages: LayerPages): PageList {
  return [...pages].map(({ id, data, label }) => ({ id, data, label, brings: null }));
}

export function inserted(list: PageList, at: number, pages: PageList, { mostPages }: Pick<PlanContext, "mostPages">): PageList {
  if (list.length + pages.length > mostPages) throw new ApiError("limit_exceeded", `A document may have ${mostPages} pages`);
  return [...list.slice(0, at), ...pages, ...list.slice(at)];
}

export function newPage(context: PlanContext, size: readonly [number, number], rotation: Rotation = 0): PlannedPage {
  const data: Page = { content: null, order: "V", rotation, crop: null, size: [size[0], size[1]], label: null };
  return { id: pageIdOf(context), data, label: "", brings: [] };
}

/** Of pages of a document that shows them, with what lies on them and these rights may see. `content`: of each, as this document names it. */
export function copied(
  context: PlanContext,
  pages: PageList,
  content: (page: PlannedPage) => Page["content"] = ({ data }) => data.content,
  { withFields = false }: { /** They are for another layer. */ readonly withFields?: boolean } = {},
): PageList {
  const ids = pages.filter(({ brings }) => brings === null).map(({ id }) => id);
  const byPage = new Map<string, CopiedRecord[]>();
  const { records } = context.room.snapshot(context.grants, ids);
  const formOf = formsIn(withFields ? context.room.snapshot(context.grants).records : []);
  for (const record of records) {
    if ((record.kind !== "annotation" && record.kind !== "widget") || record.data.page === null) continue;
    const form = record.kind === "widget" ? formOf(record) : null;
    if (withFields && record.kind === "widget" && form === null) continue;
    const brought = form === null ? record : { ...(record as RecordOf<"widget">), form };
    byPage.set(record.data.page, [...(byPage.get(record.data.page) ?? []), brought]);
  }
  return pages.map((page) => ({
    id: pageIdOf(context),
    data: { ...page.data, label: null, content: content(page) },
    label: "",
    brings: page.brings ?? byPage.get(page.id) ?? [],
  }));
}

/** Fields and values of widgets. Each field is one object, by which those that share it are known. */
export function formsIn(records: readonly AnyRecord[]): (widget: RecordOf<"widget">) => NonNullable<CopiedWidget["form"]> | null {
  const fields = new Map(records.flatMap((record) => (record.kind === "field" ? [[record.id, record] as const] : [])));
  const values = new Map(records.flatMap((record) => (record.kind === "value" ? [[record.data.field, record] as const] : [])));
  return ({ data }) => {
    const field = fields.get(data.field);
    return field === undefined ? null : { field, value: values.get(field.id) ?? null };
  };
}

function pageIdOf({ clock, random }: PlanContext): string {
  return newId(clock.now(), random(10));
}

export function changedPages(list: PageList, wanted: ReadonlySet<number>, change: (page: PlannedPage) => Partial<Page>): PageList {
  return list.map((page, index) => (wanted.has(index) ? { ...page, data: { ...page.data, ...change(page) } } : page));
}

export function turned(rotation: number): Rotation {
  return ((((Math.round(rotation / 90) * 90) % 360) + 360) % 360) as Rotation;
}

/** The ops that make `list` of the layer's pages. Deletions first, then pages in order, then what new ones bring. */
export function planOps(before: LayerPages, list: PageList, context: PlanContext): Op[] {
  const left = new Set(list.filter(({ brings }) => brings === null).map(({ id }) => id));
  const gone: Op[] = [...before].filter(({ id }) => !left.has(id)).map(({ id }) => ["d", id]);
  if (list.length === 0) throw new ApiError("unprocessable", "A document needs a page: not all of them can be removed");
  const orders = ordersOf(before, list);
  const pages: Op[] = [];
  const records: Op[] = [];
  const fields = fieldCopies(context);
  for (const [index, { id, data, brings }] of list.entries()) {
    const order = orders[index]!;
    if (brings !== null) {
      pages.push(["c", id, "page", { ...data, order }]);
      for (const record of brings) {
        records.push(...(record.kind === "widget" ? fields.widget(record, id) : copyOps(record, id, context)));
      }
      continue;
    }
    const old = before.at(before.indexOf(id)!)!.data;
    const patch: Record<string, unknown> = {};
    if (order !== old.order) patch["order"] = order;
    for (const key of ["rotation", "label", "crop"] as const) if (data[key] !== old[key]) patch[key] = data[key];
    if (JSON.stringify(data.content) !== JSON.stringify(old.content)) patch["content"] = data.content;
    if (Object.keys(patch).length > 0) pages.push(["u", id, patch]);
  }
  return [...gone, ...pages, ...records];
}

/** Nothing for what these rights may not make: a copied page comes without it. */
function copyOps(record: Exclude<CopiedRecord, CopiedWidget>, page: string, context: PlanContext): Op[] {
  // Shown by the file that it is in.
  if (record.data.type === "raw" || !mayMake(context, "annotation")) return [];
  const { pdfObjectId: _none, ...data } = record.data as Annotation & { readonly pdfObjectId?: number };
  return [["c", newId(context.clock.now(), context.random(10)), "annotation", { ...data, page }]];
}

function mayMake({ grants }: PlanContext, kind: "annotation" | "widget" | "field"): boolean {
  return can(grants, "create", null, { kind, createdBy: grants.userId, grp: grants.defaultGroup });
}

/**
 * Widgets on copied pages. In the same layer they are more of their fields; from elsewhere their fields come along, with values, one for all the
 * widgets of each, under a name that no other has. Buttons and signatures are left to the file, which alone has their looks.
 */
function fieldCopies(context: PlanContext): { readonly widget: (widget: CopiedWidget, page: string) => Op[] } {
  const { room, grants, clock, random } = context;
  const made = new Map<RecordOf<"field">, string>();
  let known: { readonly names: Set<string>; readonly types: ReadonlyMap<string, Field["type"]> } | null = null;
  const layer = (): NonNullable<typeof known> => {
    if (known !== null) return known;
    const fields = room.snapshot(grants).records.filter((record) => record.kind === "field");
    return (known = {
      names: new Set(fields.map(({ data }) => data.name)),
      types: new Map(fields.map(({ id, data }) => [id, data.type])),
    });
  };
  return {
    widget({ data: given, form }, page) {
      const type = form?.field.data.type ?? layer().types.get(given.field);
      if (type === undefined || type === "button" || type === "signature" || !mayMake(context, "widget")) return [];
      const { pdfObjectId: _none, ...data } = given;
      const id = newId(clock.now(), random(10));
      if (form === undefined) return [["c", id, "widget", { ...data, page }]];
      if (!mayMake(context, "field")) return [];
      const { field, value } = form;
      const ops: Op[] = [];
      let fieldId = made.get(field);
      if (fieldId === undefined) {
        made.set(field, (fieldId = newId(clock.now(), random(10))));
        const { pdfObjectId: _number, ...rest } = field.data;
        ops.push(["c", fieldId, "field", { ...rest, name: freeName(layer().names, rest.name) }]);
        if (value !== null) ops.push(["c", `${fieldId}:v`, "value", { ...value.data, field: fieldId }]);
      }
      return [...ops, ["c", id, "widget", { ...data, page, field: fieldId }]];
    },
  };
}

/** Taken from now on. */
function freeName(names: Set<string>, wanted: string): string {
  let name = wanted;
  for (let n = 2; names.has(name); n++) name = `${wanted}_${n}`;
  names.add(name);
  return name;
}

/** An order for each page of the list. The longest part of it that is in order already stays. */
function ordersOf(before: LayerPages, list: PageList): string[] {
  const known = list.map(({ id, data, brings }) => (brings === null && before.indexOf(id) !== null ? data.order : null));
  const kept = longestRising(known);
  const orders: (string | null)[] = known.map((order, index) => (kept.has(index) ? order : null));
  for (let at = 0; at < orders.length; at++) {
    if (orders[at] !== null) continue;
    let end = at;
    while (end < orders.length && orders[end] === null) end++;
    fill(orders, { from: at, to: end, low: orders[at - 1] ?? null, high: orders[end] ?? null });
    at = end;
  }
  return orders as string[];
}

/** The middle first, so that keys grow with the logarithm of the number. */
function fill(
  orders: (string | null)[],
  { from, to, low, high }: { readonly from: number; readonly to: number; readonly low: string | null; readonly high: string | null },
): void {
  if (from >= to) return;
  const middle = (from + to) >> 1;
  const order = orderBetween(low, high);
  orders[middle] = order;
  fill(orders, { from, to: middle, low, high: order });
  fill(orders, { from: middle + 1, to, low: order, high });
}

/** Indexes of a longest part that rises; null is never in it. */
function longestRising(values: readonly (string | null)[]): ReadonlySet<number> {
  const ends: number[] = [];
  const previous = new Map<number, number | undefined>();
  for (const [index, value] of values.entries()) {
    if (value === null) continue;
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[ends[middle]!]! < value) low = middle + 1;
      else high = middle;
    }
    previous.set(index, ends[low - 1]);
    ends[low] = index;
  }
  const kept = new Set<number>();
  for (let at = ends.at(-1); at !== undefined; at = previous.get(at)) kept.add(at);
  return kept;
}
