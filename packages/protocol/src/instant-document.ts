/** Instant JSON of a whole document: what people put on its pages, in the published shape, there and back. Pure. */
import * as z from "zod";
import type { Bookmark } from "./bookmark.ts";
import { type Comment, CommentText } from "./comment.ts";
import type { FailingPath } from "./error.ts";
import type {
  Exchange,
  ExchangedAnnotation,
  ExchangedAttachment,
  ExchangedBookmark,
  ExchangedComment,
  ExchangedField,
  ExchangedValue,
} from "./exchange.ts";
import type { Field, Widget } from "./form.ts";
import { fieldJson, valueJson, widgetJson } from "./form-json.ts";
import { ID_PATTERN } from "./id.ts";
import { actionFromInstant, fromInstantJson, instantAction, type PageNames, toInstantJson } from "./instant-json.ts";
import { wordsOf } from "./mention.ts";
import { drawingOrder } from "./order.ts";
import { type AnyRecord, type Checked, checkData, type RecordOf } from "./record.ts";

export const INSTANT_FORMAT = "https://pspdfkit.com/instant-json/v1";

export interface InstantDocument {
  readonly format: typeof INSTANT_FORMAT;
  readonly [member: string]: unknown;
}

export interface WritingOptions {
  /** Of annotations and comments; 1 has texts as bare strings. */
  readonly version: 1 | 2;
  /** Pictures by SHA-256, those that the annotations name. */
  readonly attachments: ReadonlyMap<string, { readonly base64: string; readonly mediaType: string }>;
  /** Numbers of objects of the file whose annotations have been deleted. */
  readonly deletedObjects: readonly number[];
  /** Says which file the numbers of objects are about. */
  readonly pdfId: string | null;
}

/** `records`: what the reader may see. Threads on the document as a whole stand on its first page; kinds that the format has no word for are left out. */
export function writeInstantDocument(records: readonly AnyRecord[], pages: PageNames, options: WritingOptions): InstantDocument {
  const { version, attachments, deletedObjects, pdfId } = options;
  const annotations: { readonly json: Record<string, unknown>; readonly page: number; readonly order: string; readonly seq: number }[] = [];
  const shown = new Map<string, number>();
  const fields = new Map<string, RecordOf<"field">>();
  const widgets: RecordOf<"widget">[] = [];
  const values: RecordOf<"value">[] = [];
  const bookmarks: RecordOf<"bookmark">[] = [];
  const comments: RecordOf<"comment">[] = [];
  for (const record of records) {
    if (record.kind === "annotation") {
      const json = toInstantJson(record, record.data, pages);
      if (json === null) continue;
      shown.set(record.id, json.pageIndex);
      const ofDocument = record.data.page === null ? { isOfDocument: true } : {};
      annotations.push({ json: { ...json, ...ofDocument }, page: json.pageIndex, order: drawingOrder(record), seq: record.seq });
    } else if (record.kind === "field") fields.set(record.id, record);
    else if (record.kind === "widget") widgets.push(record);
    else if (record.kind === "value") values.push(record);
    else if (record.kind === "bookmark") bookmarks.push(record);
    else if (record.kind === "comment") comments.push(record);
  }
  annotations.sort(
    (a, b) => a.page - b.page || compare(a.order, b.order) || a.seq - b.seq || compare(String(a.json["id"]), String(b.json["id"])),
  );
  const sortedFields = [...fields.values()].toSorted((a, b) => compare(a.data.name, b.data.name));
  const pageOf = ({ data }: RecordOf<"widget">): number => pages.indexOf(data.page) ?? Number.POSITIVE_INFINITY;
  // In the order of the tab key, which the format has no other word for.
  widgets.sort((a, b) => pageOf(a) - pageOf(b) || compare(a.data.order ?? "~", b.data.order ?? "~") || compare(a.id, b.id));
  const widgetsOf = (field: string): RecordOf<"widget">[] => widgets.filter(({ data }) => data.field === field);
  const places = new Map<string, number>();
  const all = [
    ...annotations.map(({ json }) => (version === 1 ? plainly(json) : json)),
    ...widgets.flatMap((widget) => {
      const field = fields.get(widget.data.field);
      const json = field === undefined ? null : widgetJson(widget.id, widget.data, field.data.name, pages);
      if (json === null) return [];
      const place = places.get(field!.id) ?? 0;
      places.set(field!.id, place + 1);
      return [{ ...json, ...(version === 1 ? { v: 1 } : {}), ...ownToggle(widget.data, field!.data, place) }];
    }),
  ];
  return {
    format: INSTANT_FORMAT,
    annotations: all,
    attachments: Object.fromEntries(
      [...attachments].map(([key, { base64, mediaType }]) => [key, { binary: base64, contentType: mediaType }]),
    ),
    formFields: sortedFields.map((field) =>
      fieldJson(
        field.id,
        field.data,
        widgetsOf(field.id).map(({ id }) => id),
      ),
    ),
    formFieldValues: values
      .flatMap((value) => {
        const field = fields.get(value.data.field);
        return field === undefined ? [] : [{ name: field.data.name, json: valueJson(field.data.name, value.data) }];
      })
      .toSorted((a, b) => compare(a.name, b.name))
      .map(({ json }) => json),
    bookmarks: sortedBookmarks(bookmarks).flatMap((bookmark) => bookmarkJson(bookmark.id, bookmark.data, pages) ?? []),
    comments: comments
      .toSorted((a, b) => a.createdAt - b.createdAt || compare(a.id, b.id))
      .flatMap((comment) => {
        const page = shown.get(comment.data.root);
        return page === undefined ? [] : [commentJson(comment, page, version)];
      }),
    skippedPdfObjectIds: [...deletedObjects],
    ...(pdfId === null ? {} : { pdfId: { permanent: pdfId, changing: pdfId } }),
  };
}

/** What a check box or radio button stands for, where that is not what its place among the field's widgets says. */
function ownToggle(widget: Widget, { options }: Field, place: number): Pick<Widget, "export" | "optionIndex"> {
  const { export: value, optionIndex } = widget;
  if (value === undefined || (value === options?.[place]?.value && optionIndex === place)) return {};
  return { export: value, ...(optionIndex === undefined ? {} : { optionIndex }) };
}

/** By their order, then as they were made. */
export function sortedBookmarks(bookmarks: readonly RecordOf<"bookmark">[]): RecordOf<"bookmark">[] {
  return bookmarks.toSorted(
    (a, b) => compare(a.data.order ?? "~", b.data.order ?? "~") || a.createdAt - b.createdAt || compare(a.id, b.id),
  );
}

/** null: it leads to a page that is not shown. */
export function bookmarkJson(id: string, { name, action }: Bookmark, pages: PageNames): Readonly<Record<string, unknown>> | null {
  const leads = instantAction(action, pages);
  if (leads === undefined) return null;
  return { type: "pspdfkit/bookmark", v: 1, id, ...(name === undefined ? {} : { name }), action: leads };
}

function commentJson({ id, data, createdAt, updatedAt }: RecordOf<"comment">, pageIndex: number, version: 1 | 2): object {
  const { root, text, creatorName, custom, mentions, state, pdfObjectId } = data;
  return {
    type: "pspdfkit/comment",
    v: version,
    id,
    rootId: root,
    pageIndex,
    text: version === 1 ? wordsOf(text) : text,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
    ...(creatorName === undefined ? {} : { creatorName }),
    ...(custom === undefined ? {} : { customData: custom }),
    ...(mentions === undefined ? {} : { mentions }),
    ...(state === undefined ? {} : { state }),
    ...(pdfObjectId === undefined ? {} : { pdfObjectId }),
  };
}

/** Version 1: texts are bare, so what makes them rich is left out. */
function plainly(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const text = json["text"] as { readonly format: string; readonly value: string } | undefined;
  const plain = text === undefined ? {} : { text: text.format === "plain" ? text.value : wordsOf(text as Parameters<typeof wordsOf>[0]) };
  return { ...json, v: 1, ...plain };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

// -------------------------------------------------------------------------------------------------------------------------- reading

const MOST = 50_000;
const Given = z.looseObject({
  format: z.literal(INSTANT_FORMAT, "is not the format of Instant JSON"),
  annotations: z.exactOptional(z.nullable(z.array(z.unknown()).max(MOST))),
  comments: z.exactOptional(z.nullable(z.array(z.unknown()).max(MOST))),
  bookmarks: z.exactOptional(z.nullable(z.array(z.unknown()).max(MOST))),
  formFields: z.exactOptional(z.nullable(z.array(z.looseObject({ name: z.string().max(1024) })).max(MOST))),
  formFieldValues: z.exactOptional(
    z.nullable(
      z
        .array(
          z.looseObject({
            name: z.string().max(1024),
            value: z.exactOptional(z.nullable(z.union([z.string().max(100_000), z.array(z.string().max(100_000)).max(10_000)]))),
            optionIndexes: z.exactOptional(z.array(z.int().min(0)).max(10_000)),
            isFitting: z.exactOptional(z.boolean()),
          }),
        )
        .max(MOST),
    ),
  ),
  attachments: z.exactOptional(
    z.nullable(
      z.record(z.string().max(1024), z.looseObject({ binary: z.string(), contentType: z.exactOptional(z.nullable(z.string().max(128))) })),
    ),
  ),
  skippedPdfObjectIds: z.exactOptional(z.nullable(z.array(z.int().min(0)).max(MOST))),
  pdfId: z.exactOptional(z.nullable(z.looseObject({ permanent: z.exactOptional(z.string().max(1024)) }))),
});

const GivenComment = z.looseObject({
  rootId: z.string().max(1024),
  text: CommentText,
  creatorName: z.exactOptional(z.nullable(z.string().max(256))),
  customData: z.exactOptional(z.unknown()),
  mentions: z.exactOptional(z.unknown()),
  state: z.exactOptional(z.unknown()),
});
const GivenBookmark = z.looseObject({
  name: z.exactOptional(z.nullable(z.string().max(1024))),
  action: z.looseObject({ type: z.string() }),
});

/** All that is wrong with it is told together, each thing by its path. `lenient`: an item that is wrong is `skipped`, the rest stands. */
export function readInstantDocument(
  json: unknown,
  pages: PageNames,
  { lenient = false }: { readonly lenient?: boolean } = {},
): Checked<Exchange> {
  const parsed = Given.safeParse(json);
  if (!parsed.success) return { ok: false, failingPaths: failing(parsed.error, "$") };
  const given = parsed.data;
  const failures: FailingPath[] = [];
  const annotations: ExchangedAnnotation[] = [];
  const attachments = new Map<string, ExchangedAttachment>();
  for (const [key, { binary, contentType }] of Object.entries(given.attachments ?? {}))
    attachments.set(key, { path: `$.attachments[${JSON.stringify(key)}]`, base64: binary, mediaType: contentType ?? null });
  const fields = (given.formFields ?? []).map((content, index): ExchangedField => ({
    path: `$.formFields[${index}]`,
    id: fieldId(content["id"]),
    name: content.name,
    content,
  }));
  const widgets: ExchangedField[] = [];

  for (const [index, content] of (given.annotations ?? []).entries()) {
    const path = `$.annotations[${index}]`;
    const members = (typeof content === "object" && content !== null ? content : {}) as Readonly<Record<string, unknown>>;
    if (members["type"] === "pspdfkit/widget") {
      const name = members["formFieldName"];
      const { pageId: _pageId, ...content } = members;
      if (typeof name === "string") widgets.push({ path, id: idOf(members), name, content });
      else failures.push({ path: `${path}.formFieldName`, details: "is missing" });
      continue;
    }
    // An id of a page is of one document; the index is what a file means. A picture that the file brings may be called anything.
    const { pageId: _pageId, imageAttachmentId: key, ...rest } = members;
    const brought = typeof key === "string" && attachments.has(key) ? key : null;
    const result = fromInstantJson(brought === null && key !== undefined ? { ...rest, imageAttachmentId: key } : rest, pages, path);
    if (!result.ok) {
      failures.push(...result.failingPaths);
      continue;
    }
    const { pdfObjectId } = members;
    const isOfDocument = members["isOfDocument"] === true && result.value.type === "comment-marker";
    annotations.push({
      path,
      id: idOf(members),
      pdfObjectId: typeof pdfObjectId === "number" && Number.isInteger(pdfObjectId) ? pdfObjectId : null,
      data: isOfDocument ? { ...result.value, page: null } : result.value,
      ...(typeof members["text"] === "string" ? { isBareText: true } : {}),
      attachment: brought,
    });
  }

  const comments: ExchangedComment[] = [];
  for (const [index, content] of (given.comments ?? []).entries()) {
    const path = `$.comments[${index}]`;
    const comment = GivenComment.safeParse(content);
    if (!comment.success) {
      failures.push(...failing(comment.error, path));
      continue;
    }
    const { rootId, text, creatorName, customData, mentions, state } = comment.data;
    const data = defined({ text, creatorName, custom: customData, mentions, state });
    const checked = checkData("comment", { root: "root", ...data }, path);
    if (!checked.ok) {
      failures.push(...checked.failingPaths);
      continue;
    }
    const { root: _root, ...kept } = checked.value as Comment;
    const isBareText = typeof (content as { readonly text?: unknown }).text === "string";
    comments.push({ path, id: idOf(comment.data), root: rootId, data: kept, ...(isBareText ? { isBareText } : {}) });
  }

  const bookmarks: ExchangedBookmark[] = [];
  for (const [index, content] of (given.bookmarks ?? []).entries()) {
    const path = `$.bookmarks[${index}]`;
    const bookmark = readBookmark(content, pages, path);
    if (!bookmark.ok) failures.push(...bookmark.failingPaths);
    else bookmarks.push({ path, id: idOf(content as Readonly<Record<string, unknown>>), data: bookmark.value });
  }
  if (failures.length > 0 && !lenient) return { ok: false, failingPaths: failures };

  const values = (given.formFieldValues ?? []).map(({ name, value = null, optionIndexes, isFitting }, index): ExchangedValue => ({
    path: `$.formFieldValues[${index}]`,
    name,
    value,
    ...(optionIndexes === undefined ? {} : { optionIndexes }),
    ...(isFitting === undefined ? {} : { isFitting }),
  }));
  return {
    ok: true,
    value: {
      annotations,
      comments,
      bookmarks,
      values,
      fields,
      widgets,
      attachments,
      deletedObjects: given.skippedPdfObjectIds ?? [],
      pdfId: given.pdfId?.permanent ?? null,
      skipped: failures.map(({ path, details }) => ({ path, reason: details })),
    },
  };
}

/** A bookmark's published content; the place among others is not part of it. */
export function readBookmark(content: unknown, pages: PageNames, path: string): Checked<Bookmark> {
  const parsed = GivenBookmark.safeParse(content);
  if (!parsed.success) return { ok: false, failingPaths: failing(parsed.error, path) };
  const { name, action } = parsed.data;
  const leads = actionFromInstant(action, pages);
  if (leads === undefined) return { ok: false, failingPaths: [{ path: `${path}.action.pageIndex`, details: "there is no such page" }] };
  return checkData("bookmark", defined({ name, action: leads }), path) as Checked<Bookmark>;
}

function idOf(content: Readonly<Record<string, unknown>>): string | null {
  const { id, name } = content as { readonly id?: unknown; readonly name?: unknown };
  const isBookmark = content["type"] === "pspdfkit/bookmark";
  const called = id ?? (isBookmark ? undefined : name);
  return typeof called === "string" && ID_PATTERN.test(called) ? called : null;
}

/** `name` is another thing here. */
function fieldId(id: unknown): string | null {
  return typeof id === "string" && ID_PATTERN.test(id) ? id : null;
}

/** Without what is undefined or null. */
function defined(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null));
}

function failing(error: z.ZodError, prefix: string): FailingPath[] {
  return error.issues.slice(0, 100).map((issue) => ({
    path: issue.path.reduce<string>((path, key) => (typeof key === "number" ? `${path}[${key}]` : `${path}.${String(key)}`), prefix),
    details: issue.message,
  }));
}
