/**
 * An interchange file beside a layer: what of it is new, what replaces what has its id, and what is there already. Pure but for looking at the room;
 * the room decides what is allowed.
 */
import {
  type Annotation,
  type AnyRecord,
  type Exchange,
  type ExchangedAnnotation,
  type ExchangedComment,
  type ExchangedValue,
  type Field,
  fieldFromJson,
  fromInstantJson,
  type Op,
  type PageNames,
  type RecordOf,
  type RichText,
  sortedBookmarks,
  toInstantJson,
  type Value,
  widgetFromJson,
} from "@lectern/protocol";
import { ApiError, drawingOrder, type FailingPath, FULL_GRANTS, orderBetween, sourceOrder, wordsOf } from "@lectern/protocol/plain";
import { checkRecord, type FormLayer } from "../forms/index.ts";
import { fitting, toggleAt } from "./form-values.ts";
import type { ExchangeLayer, StoredRecord } from "./layer.ts";
import { difference, isSame } from "./same.ts";

export interface ExchangePlan {
  readonly ops: readonly Op[];
  /** What each op is about, for naming what the room refuses. */
  readonly paths: readonly string[];
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Blobs that annotations name without bringing them. */
  readonly named: readonly { readonly path: string; readonly blob: string }[];
}

export interface PlanOptions {
  readonly pictures: ReadonlyMap<string, { readonly sha256: string; readonly mediaType: string }>;
  readonly freshId: () => string;
  /** Milliseconds since 1970: what is new lies over what was made before. */
  readonly now: number;
  /** What cannot be taken over is skipped and told, instead of refused. */
  readonly lenient?: boolean;
}

type AnnotationRecord = Extract<AnyRecord, { kind: "annotation" }>;

/** Throws ApiError `unprocessable` with all that is wrong by its path, `forbidden` for values of read-only fields. */
export function planExchange(layer: ExchangeLayer, exchange: Exchange, options: PlanOptions): ExchangePlan {
  return new Planning(layer, exchange, options).plan();
}

class Planning {
  readonly #layer: ExchangeLayer;
  readonly #exchange: Exchange;
  readonly #options: PlanOptions;
  readonly #pages: PageNames;
  readonly #records: readonly AnyRecord[];
  readonly #ops: Op[] = [];
  readonly #paths: string[] = [];
  readonly #failures: FailingPath[] = [];
  readonly #skipped: { path: string; reason: string }[] = [];
  readonly #named: { path: string; blob: string }[] = [];
  /** What the file calls an annotation → its record's id. */
  readonly #roots = new Map<string, string>();
  readonly #taken = new Set<string>();
  #created = 0;
  #updated = 0;
  #deleted = 0;

  constructor(layer: ExchangeLayer, exchange: Exchange, options: PlanOptions) {
    this.#layer = layer;
    this.#exchange = exchange;
    this.#options = options;
    this.#pages = layer.pages();
    this.#records = layer.room.snapshot(layer.grants).records;
  }

  plan(): ExchangePlan {
    const { annotations, comments, values, deletedObjects, skipped } = this.#exchange;
    const byObject = this.#byObject();
    for (const annotation of annotations) this.#annotation(annotation, byObject);
    for (const number of deletedObjects) {
      const record = byObject.get(number);
      if (record === undefined || this.#taken.has(record.id)) continue;
      this.#push("$.skippedPdfObjectIds", ["d", record.id]);
      this.#deleted++;
    }
    for (const comment of comments) this.#comment(comment);
    this.#bookmarks();
    const byName = new Map(
      this.#records.flatMap((record) => (record.kind === "field" ? [[record.data.name, record as RecordOf<"field">] as const] : [])),
    );
    const added = this.#fields(byName);
    for (const value of values) {
      const id = added.get(value.name);
      if (id === undefined) this.#value(value, byName.get(value.name));
      // The room makes an empty one by itself.
      else if (value.value !== null) this.#push(value.path, ["c", `${id}:v`, "value", { field: id, ...saidOf(value) }]);
    }
    if (this.#failures.length > 0) {
      const first = this.#failures[0]!;
      throw new ApiError("unprocessable", `${first.path}: ${first.details}`, { failingPaths: this.#failures.slice(0, 100) });
    }
    return {
      ops: this.#ops,
      paths: this.#paths,
      created: this.#created,
      updated: this.#updated,
      deleted: this.#deleted,
      skipped: [...skipped, ...this.#skipped],
      named: this.#named,
    };
  }

  /** Annotations that the file itself has, when the exchange may be about this very file. */
  #byObject(): ReadonlyMap<number, AnnotationRecord> {
    const { pdfId } = this.#exchange;
    const found = new Map<number, AnnotationRecord>();
    // Other services name files in their own way: what they say of objects is believed where the kind and the page agree.
    if (pdfId !== null && /^[0-9a-f]{64}$/.test(pdfId) && pdfId !== this.#layer.base.source) return found;
    for (const record of this.#records)
      if (record.kind === "annotation" && record.data.pdfObjectId !== undefined) found.set(record.data.pdfObjectId, record);
    return found;
  }

  #annotation(given: ExchangedAnnotation, byObject: ReadonlyMap<number, AnnotationRecord>): void {
    const { path, attachment } = given;
    const picture = attachment === null ? undefined : this.#options.pictures.get(attachment);
    const data: Annotation =
      picture === undefined
        ? given.data
        : {
            ...given.data,
            attachment: { blob: picture.sha256, mediaType: picture.mediaType, ...nameOf(given.data) },
          };
    if (picture === undefined && data.attachment !== undefined)
      this.#named.push({ path: `${path}.imageAttachmentId`, blob: data.attachment.blob });
    const there = given.id === null ? null : this.#layer.room.record(given.id, this.#layer.grants);
    const sameObject = given.pdfObjectId === null ? undefined : byObject.get(given.pdfObjectId);
    let record = there?.kind === "annotation" && this.#isShown(there) ? there : null;
    if (record === null && sameObject !== undefined && sameObject.data.type === data.type && sameObject.data.page === data.page)
      record = sameObject as StoredRecord & AnnotationRecord;
    if (record === null) {
      const id = given.id !== null && this.#layer.room.record(given.id, FULL_GRANTS) === null ? given.id : this.#options.freshId();
      if (!this.#claim(given.id, id, path)) return;
      // The later in the file lies over the earlier; all are made at the same time.
      const order = data.order ?? drawingOrder({ data: {}, createdAt: this.#options.now }) + sourceOrder(this.#created);
      this.#push(path, ["c", id, "annotation", { ...data, order }]);
      this.#created++;
      return;
    }
    if (!this.#claim(given.id, record.id, path)) return;
    if (record.data.type !== data.type) return this.#refuse(`${path}.type`, "the type of an annotation cannot be changed");
    const isDeleted = "deleted" in record && record.deleted === true;
    if (isDeleted) this.#push(path, ["r", record.id]);
    const text = given.isBareText === true && hasSameWords(textOf(record.data), textOf(data)) ? textOf(record.data) : textOf(data);
    const wanted = { ...data, ...(text === undefined ? {} : { text }) } as Annotation;
    const patch = this.#isAsPublished(record, wanted) ? {} : difference(record.data, wanted);
    if (data.creatorName === undefined) delete patch["creatorName"];
    if (Object.keys(patch).length > 0) this.#push(path, ["u", record.id, patch]);
    if (isDeleted) this.#created++;
    else if (Object.keys(patch).length > 0) this.#updated++;
  }

  /** Is on a page that is there, and not deleted for good. */
  #isShown(record: StoredRecord & { readonly kind: "annotation" }): boolean {
    const { page } = record.data;
    if (page !== null && this.#pages.indexOf(page) === null) return false;
    return !record.deleted || record.seq > this.#layer.room.erasedSeq;
  }

  /** A format spells out defaults that the record has not: that is no change. */
  #isAsPublished(record: AnnotationRecord, data: Annotation): boolean {
    const published = toInstantJson(record, record.data, this.#pages);
    const again = published === null ? null : fromInstantJson(published, this.#pages);
    return again?.ok === true && Object.keys(difference({ ...again.value, page: record.data.page }, data)).length === 0;
  }

  /** false: another one of the file has it. */
  #claim(fileId: string | null, id: string, path: string): boolean {
    if (this.#taken.has(id)) {
      this.#refuse(`${path}.id`, "stands for the same annotation as another one of the file");
      return false;
    }
    this.#taken.add(id);
    if (fileId !== null) this.#roots.set(fileId, id);
    return true;
  }

  #comment({ path, id: fileId, root: fileRoot, data, isBareText }: ExchangedComment): void {
    const { room, grants } = this.#layer;
    const root = this.#roots.get(fileRoot) ?? (this.#isLiveAnnotation(fileRoot) ? fileRoot : null);
    if (root === null) return this.#refuse(`${path}.rootId`, "there is no such annotation");
    const there = fileId === null ? null : room.record(fileId, grants);
    const isGone = there !== null && there.deleted && there.seq <= room.erasedSeq;
    if (there === null || there.kind !== "comment" || there.data.root !== root || there.data.state !== data.state || isGone) {
      const id = this.#freeId(fileId);
      this.#push(path, ["c", id, "comment", { root, ...data }]);
      this.#created++;
      return;
    }
    if (this.#taken.has(there.id)) return this.#refuse(`${path}.id`, "stands for the same comment as another one of the file");
    this.#taken.add(there.id);
    if (there.deleted) this.#push(path, ["r", there.id]);
    const { root: _root, pdfObjectId: _object, ...before } = there.data;
    const patch = patchOf(before, data, ["creatorName"]);
    if (isBareText === true && hasSameWords(before.text, data.text)) delete patch["text"];
    if (Object.keys(patch).length > 0) this.#push(path, ["u", there.id, patch]);
    if (there.deleted) this.#created++;
    else if (Object.keys(patch).length > 0) this.#updated++;
  }

  #isLiveAnnotation(id: string): boolean {
    const record = this.#layer.room.record(id, this.#layer.grants);
    return record?.kind === "annotation" && !record.deleted && this.#isShown(record);
  }

  #bookmarks(): void {
    const { room, grants } = this.#layer;
    const stem = orderAfter(this.#records);
    for (const [index, { path, id: fileId, data }] of this.#exchange.bookmarks.entries()) {
      const there = fileId === null ? null : room.record(fileId, grants);
      const isGone = there !== null && there.deleted && there.seq <= room.erasedSeq;
      if (there === null || there.kind !== "bookmark" || isGone) {
        const id = this.#freeId(fileId);
        this.#push(path, ["c", id, "bookmark", { ...data, order: stem + sourceOrder(index) }]);
        this.#created++;
        continue;
      }
      if (this.#taken.has(there.id)) {
        this.#refuse(`${path}.id`, "stands for the same bookmark as another one of the file");
        continue;
      }
      this.#taken.add(there.id);
      if (there.deleted) this.#push(path, ["r", there.id]);
      const { order: _order, ...before } = there.data;
      const patch = patchOf(before, data, []);
      if (Object.keys(patch).length > 0) this.#push(path, ["u", there.id, patch]);
      if (there.deleted) this.#created++;
      else if (Object.keys(patch).length > 0) this.#updated++;
    }
  }

  /** Fields that the document has not, with their widgets; ids by name. One that it has is what it is. */
  #fields(there: ReadonlyMap<string, RecordOf<"field">>): ReadonlyMap<string, string> {
    const added = new Map<string, string>();
    const data = new Map<string, Field>();
    for (const { path, id: fileId, name, content } of this.#exchange.fields) {
      if (there.has(name)) continue;
      if (added.has(name)) {
        this.#refuse(`${path}.name`, "is the name of another field of the file");
        continue;
      }
      const field = fieldFromJson(content, path);
      if (!field.ok) {
        for (const failure of field.failingPaths) this.#refuse(failure.path, failure.details);
        continue;
      }
      const id = this.#freeId(fileId);
      added.set(name, id);
      data.set(name, field.value);
      this.#push(path, ["c", id, "field", { ...field.value }]);
      this.#created++;
    }
    const places = new Map<string, number>();
    for (const [index, { path, id: fileId, name, content }] of this.#exchange.widgets.entries()) {
      const field = added.get(name);
      if (field === undefined) {
        if (!there.has(name)) this.#refuse(`${path}.formFieldName`, "there is no form field of this name");
        continue;
      }
      const place = places.get(name) ?? 0;
      places.set(name, place + 1);
      const toggle = toggleAt({ data: data.get(name)! }, place);
      const order = sourceOrder(index);
      const widget = widgetFromJson(content, { field, pages: this.#pages, prefix: path, order, ...(toggle === null ? {} : { toggle }) });
      if (!widget.ok) {
        for (const failure of widget.failingPaths) this.#refuse(failure.path, failure.details);
        continue;
      }
      this.#push(path, ["c", this.#freeId(fileId), "widget", { ...widget.value }]);
      this.#created++;
    }
    return added;
  }

  #freeId(fileId: string | null): string {
    const isFree = fileId !== null && !this.#taken.has(fileId) && this.#layer.room.record(fileId, FULL_GRANTS) === null;
    const id = isFree ? fileId : this.#options.freshId();
    this.#taken.add(id);
    return id;
  }

  #value(given: ExchangedValue, field: RecordOf<"field"> | undefined): void {
    const { path, name, optionIndexes, isFitting } = given;
    if (field === undefined) {
      return this.#refuse(`${path}.name`, `there is no form field ${JSON.stringify(name)}`);
    }
    const id = `${field.id}:v`;
    const there = this.#layer.room.record(id, this.#layer.grants);
    const value = fitting(field, typeof given.value === "object" && given.value !== null ? [...given.value] : given.value);
    const before = there?.kind === "value" ? there.data : null;
    if (before !== null && isSame(before.value, value) && (optionIndexes === undefined || isSame(before.optionIndexes, optionIndexes)))
      return;
    // Nothing to fill: a button says nothing, a signature is not made of text.
    if (before === null || field.data.type === "button" || field.data.type === "signature") {
      this.#skipped.push({ path, reason: `the field ${JSON.stringify(name)} takes no value` });
      return;
    }
    const patch = {
      value,
      ...(optionIndexes === undefined
        ? before.optionIndexes === undefined
          ? {}
          : { optionIndexes: null }
        : { optionIndexes: [...optionIndexes] }),
      ...(isFitting === undefined ? {} : { isFitting }),
    };
    const { optionIndexes: _before, ...rest } = before;
    const after = {
      ...there!,
      data: { ...rest, value, ...(optionIndexes === undefined ? {} : { optionIndexes: [...optionIndexes] }) },
    } as AnyRecord;
    const problem = checkRecord(after, formLayer(this.#layer));
    if (problem?.code === "forbidden" && this.#options.lenient !== true)
      throw new ApiError("forbidden", `${path}: ${problem.detail}`, { failingPaths: [{ path, details: problem.detail }] });
    if (problem !== null) return this.#refuse(`${path}.value`, problem.detail);
    this.#push(path, ["u", id, patch]);
    this.#updated++;
  }

  #push(path: string, op: Op): void {
    this.#ops.push(op);
    this.#paths.push(path);
  }

  #refuse(path: string, details: string): void {
    if (this.#options.lenient === true) this.#skipped.push({ path, reason: details });
    else this.#failures.push({ path, details });
  }
}

/** An order behind all bookmarks that there are. */
export function orderAfter(records: readonly AnyRecord[]): string {
  const last = sortedBookmarks(records.filter((record) => record.kind === "bookmark")).at(-1);
  return orderBetween(last?.data.order ?? null, null);
}

function saidOf({ value, optionIndexes, isFitting }: ExchangedValue): Omit<Value, "field"> {
  return {
    value: typeof value === "string" || value === null ? value : [...value],
    ...(optionIndexes === undefined ? {} : { optionIndexes: [...optionIndexes] }),
    ...(isFitting === undefined ? {} : { isFitting }),
  };
}

function textOf(data: Annotation): RichText | undefined {
  return "text" in data ? data.text : undefined;
}

/** The mark-up of the one is left out of the other, as version 1 of Instant JSON does. */
function hasSameWords(a: RichText | undefined, b: RichText | undefined): boolean {
  return a !== undefined && b !== undefined && wordsOf(a) === wordsOf(b);
}

function nameOf(data: Annotation): { readonly name?: string } {
  return data.attachment?.name === undefined ? {} : { name: data.attachment.name };
}

/** Properties to replace; what is not there any more becomes null, but for what is `kept`. */
export function patchOf(before: object, after: object, kept: readonly string[]): Record<string, unknown> {
  const [old, wanted] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(wanted)]))
    if (!isSame(old[key], wanted[key]) && !(wanted[key] === undefined && kept.includes(key))) patch[key] = wanted[key] ?? null;
  return patch;
}

function formLayer({ room }: ExchangeLayer): FormLayer {
  return {
    read: (id) => room.record(id, FULL_GRANTS),
    ofKind: () => room.snapshot(FULL_GRANTS).records.filter(({ kind }) => kind === "field") as never,
    children: (id) => room.below(id, FULL_GRANTS),
  };
}
