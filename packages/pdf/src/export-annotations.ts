/**
 * Annotation records → annotations of the file. What a record was made from is written anew under its own object number, so
 * that whatever refers to it still does, and keeps the entries that records know nothing of; the rest is not touched.
 */
import type { Annotation, AnyRecord, RecordOf, Rect } from "@lectern/protocol";
import { drawingOrder, sourceOrder } from "@lectern/protocol/plain";
import {
  actionEntries,
  annotationEntries,
  type AnnotationToWrite,
  CLEARED,
  keptEntries,
  PICTURE_KEY,
  type PageTarget,
} from "./annotation-dictionary.ts";
import { union } from "./appearance/commands.ts";
import { annotationBounds } from "./appearance/registry.ts";
import { type SharedObjects, writeAppearance } from "./appearance-stream.ts";
import { type CommentChange, commentEntries, locateComment } from "./export-comments.ts";
import type { FileAnnotation, PdfBox, PdfDocument } from "./engine.ts";
import { annotationData, isComment, recordType } from "./import-annotation.ts";
import { isPictured } from "./import-picture.ts";
import { isSame } from "./is-same.ts";
import type { ObjectFile } from "./objects/file.ts";
import { isRef, type PdfDict, type PdfObject, refTo } from "./objects/values.ts";
import { entriesOf, putEntries } from "./objects/written.ts";
import { type PdfDictionary, pdfName, pdfRef } from "./pdf-writer.ts";
import type { PdfiumHandle } from "./pdfium/document.ts";
import { clearAppearance, removeAnnotations } from "./pdfium/edit-annotations.ts";
import { NOT_SEEN } from "./pdfium/flatten.ts";
import { MARK_SUBTYPES } from "./subtypes.ts";

export interface AnnotationChange {
  readonly base: RecordOf<"annotation"> | null;
  readonly current: RecordOf<"annotation"> | null;
}

interface Edit {
  /** Ordinal of the annotation in the source that goes away or is written anew. */
  readonly replaces: number | null;
  /** Null: it only goes away. */
  readonly write: AnnotationToWrite | null;
  /** The entries that say where it leads stay as they are. */
  readonly keepsAction: boolean;
  /** Those that say what it is grouped with, too. */
  readonly keepsBundle?: boolean;
  /** Its appearance stays, and what else only the file knows: the record has a picture of it. */
  readonly keepsLook?: boolean;
  /** It only gets an appearance: it is about to become content of the page. */
  readonly onlyAppearance?: boolean;
}

interface CommentEdit {
  readonly replaces: number | null;
  readonly write: RecordOf<"comment">;
  /** Object number of what the thread hangs on, where that is not written itself. */
  readonly rootNumber: number | null;
}

/** What is to be done on one page of the document. */
interface PagePlan {
  readonly edits: Edit[];
  readonly comments: CommentEdit[];
  readonly found: readonly FileAnnotation[];
  readonly taken: Set<number>;
}

/** By the page's index in the document. */
export type AnnotationPlan = ReadonlyMap<number, PagePlan>;

export interface AnnotationPlanOptions {
  readonly annotations: boolean;
  /** False: without replies, and without what only carries a thread. */
  readonly comments: boolean;
  /** Its marks are about to become content. */
  readonly isFlattened: (index: number, mark?: Pick<FileAnnotation, "name" | "objectNumber">) => boolean;
  readonly pageIndexOf: (page: string) => number | null;
  /** False for a page of a broken file that is no object of its own. */
  readonly canWrite: (index: number) => boolean;
  readonly hasImage: (blob: string) => boolean;
  readonly onLeftOut?: (record: AnyRecord) => void;
}

/** `comments` name threads whose annotations are among the changes, changed or not. */
export function planAnnotations(
  document: PdfDocument,
  { changes, comments }: { readonly changes: readonly AnnotationChange[]; readonly comments: readonly CommentChange[] },
  options: AnnotationPlanOptions,
): AnnotationPlan {
  const pages = new Map<number, PagePlan>();
  const pageOf = (record: RecordOf<"annotation">): PagePlan | null => {
    // A thread on the document hangs on the first page.
    const index = record.data.page === null ? 0 : options.pageIndexOf(record.data.page);
    return index === null || index < 0 || index >= document.pageCount || !options.canWrite(index) ? null : planOf(index);
  };
  const planOf = (index: number): PagePlan => {
    let page = pages.get(index);
    if (page === undefined) pages.set(index, (page = { edits: [], comments: [], found: document.annotations(index), taken: new Set() }));
    return page;
  };
  const remove = (page: PagePlan, ordinal: number): void => void page.edits.push({ replaces: ordinal, write: null, keepsAction: true });

  if (!options.annotations) {
    for (let index = 0; index < document.pageCount; index++) {
      const page = planOf(index);
      for (const annotation of page.found) if (MARK_SUBTYPES.has(annotation.subtype)) remove(page, annotation.ordinal);
    }
    return pages;
  }
  if (!options.comments) {
    for (let index = 0; index < document.pageCount; index++) {
      const page = planOf(index);
      for (const annotation of page.found)
        if (isComment(annotation) || recordType(annotation) === "comment-marker") {
          remove(page, annotation.ordinal);
          page.taken.add(annotation.ordinal);
        }
    }
  }
  const roots = new Map<string, { readonly page: PagePlan; readonly number: number | null }>();
  for (const { base, current } of inDrawingOrder(changes)) {
    if (!options.comments && (current ?? base)!.data.type === "comment-marker") continue;
    const from = base === null ? null : pageOf(base);
    const to = current === null ? null : pageOf(current);
    const keepsLook = from !== null && from === to && keepsPicture(base!.data, current!.data);
    const write = current === null ? null : toWrite(current, options, keepsLook);
    if (current !== null && (write === null || to === null)) options.onLeftOut?.(current);
    if (current !== null && write === null) continue;
    const old = base === null || from === null ? null : locate(from, base);
    if (keepsLook && old === null) {
      options.onLeftOut?.(current!);
      continue;
    }
    if (current !== null && to !== null) {
      const number = from === to ? from.found.find(({ ordinal }) => ordinal === old)?.objectNumber : undefined;
      roots.set(current.id, { page: to, number: number === undefined || number === 0 ? null : number });
    }
    // It is named because something hangs on it.
    if (base !== null && current !== null && base.updatedAt === current.updatedAt && isSame(base.data, current.data)) continue;
    const keepsAction = old !== null && isSame(base!.data.action, current?.data.action);
    const keepsBundle = old !== null && base!.data.bundle === current?.data.bundle;
    if (from !== null && from === to) from.edits.push({ replaces: old, write, keepsAction, keepsBundle, keepsLook });
    else {
      if (old !== null && from !== null) remove(from, old);
      if (write !== null) to?.edits.push({ replaces: null, write, keepsAction: false });
    }
  }
  for (const { base, current } of options.comments ? comments.toSorted(byTime) : []) {
    const thread = roots.get((current ?? base)!.data.root);
    // With its annotation gone it has gone too.
    if (thread === undefined) {
      if (current !== null) options.onLeftOut?.(current);
      continue;
    }
    const old = base === null ? null : locateComment(thread.page.found, base);
    if (current !== null) thread.page.comments.push({ replaces: old, write: current, rootNumber: thread.number });
    else if (old !== null) remove(thread.page, old);
  }
  for (let index = 0; index < document.pageCount; index++) {
    if (!options.isFlattened(index)) continue;
    const page = planOf(index);
    // Flattening draws what has an appearance: others get the one that the screen shows.
    for (const annotation of page.found) {
      if (!options.isFlattened(index, annotation)) continue;
      if (annotation.hasAppearance || page.taken.has(annotation.ordinal) || (annotation.flags & NOT_SEEN) !== 0) continue;
      const data = annotationData(annotation, String(index));
      if (data === null || data.type === "link") continue;
      page.edits.push({
        replaces: annotation.ordinal,
        write: { name: annotation.name ?? "", data, rect: coverage(data), createdAt: 0, updatedAt: 0 },
        keepsAction: true,
        onlyAppearance: true,
      });
    }
  }
  return pages;
}

/** Before the document is saved: what goes away goes from its objects, so that nothing of it is in the bytes. False: nothing does. */
export function dropAnnotations(handle: PdfiumHandle, plan: AnnotationPlan): boolean {
  let drops = false;
  for (const [index, { edits, found }] of plan) {
    if (edits.every(({ replaces }) => replaces === null)) continue;
    const redrawn = edits.flatMap(({ replaces, write, keepsLook }) =>
      replaces !== null && write !== null && keepsLook !== true ? [replaces] : [],
    );
    const gone = goneFrom(edits, found);
    clearAppearance(handle, index, redrawn);
    removeAnnotations(handle, index, gone);
    drops ||= redrawn.length > 0 || gone.size > 0;
  }
  return drops;
}

/** Ordinals of what is taken away, with the popups of it, the replies to it, and theirs. */
function goneFrom(edits: readonly Edit[], found: readonly FileAnnotation[]): ReadonlySet<number> {
  const gone = new Set(edits.flatMap(({ replaces, write }) => (replaces !== null && write === null ? [replaces] : [])));
  const numbers = new Set(found.flatMap(({ ordinal, objectNumber }) => (gone.has(ordinal) && objectNumber > 0 ? [objectNumber] : [])));
  for (let before = -1; numbers.size > 0 && before !== gone.size;) {
    before = gone.size;
    for (const { ordinal, objectNumber, hangsOn, replyType } of found) {
      if (hangsOn === 0 || !numbers.has(hangsOn) || replyType === "group") continue;
      gone.add(ordinal);
      if (objectNumber > 0) numbers.add(objectNumber);
    }
  }
  return gone;
}

export interface WriteContext {
  readonly file: ObjectFile;
  readonly shared: SharedObjects;
  readonly pageNumber: (index: number) => number;
  readonly boxOf: (index: number) => PdfBox;
  readonly target: PageTarget;
  /** Object numbers by record id, of all that is written. */
  readonly written: Map<string, number>;
}

/** After the document was saved. True: something has lost the last reference to it only here, and is still in the bytes. */
export function writeAnnotations(context: WriteContext, plan: AnnotationPlan): boolean {
  let leaves = false;
  for (const [index, page] of plan) {
    const loose = looseMembers(page);
    if (page.comments.length > 0 || loose.length > 0 || page.edits.some(({ write }) => write !== null)) writePage(context, index, page);
    for (const { objectNumber } of loose) ungroup(context.file.edit(objectNumber));
    leaves ||= loose.length > 0;
  }
  return leaves;
}

/** Members of groups whose first one goes; they stay, each for itself. */
function looseMembers({ edits, found }: PagePlan): FileAnnotation[] {
  if (!found.some(({ replyType, isReply }) => isReply && replyType === "group")) return [];
  const gone = goneFrom(edits, found);
  const numbers = new Set(found.flatMap(({ ordinal, objectNumber }) => (gone.has(ordinal) ? [objectNumber] : [])));
  return found.filter(
    ({ ordinal, objectNumber, hangsOn, replyType }) =>
      replyType === "group" && objectNumber > 0 && hangsOn > 0 && numbers.has(hangsOn) && !gone.has(ordinal),
  );
}

export function ungroup(annotation: PdfDict): void {
  for (const key of ["IRT", "RT"]) annotation.delete(key);
}

interface Member {
  readonly id: string;
  readonly bundle: string | undefined;
  readonly number: number;
  readonly keepsBundle: boolean;
}

/** What records bundle is a group for readers: all hang on its first member (12.5.6.2). */
function writeBundles(file: ObjectFile, members: readonly Member[]): void {
  const first = new Map<string, Member>();
  for (const member of members)
    if (member.bundle !== undefined && (!first.has(member.bundle) || member.id === member.bundle)) first.set(member.bundle, member);
  for (const { bundle, number, keepsBundle } of members) {
    if (keepsBundle) continue;
    const entries = file.edit(number);
    const head = bundle === undefined ? undefined : first.get(bundle)!.number;
    if (head !== undefined && head !== number) putEntries(entries, { IRT: pdfRef(head), RT: pdfName("Group") });
    else if (file.name(entries.get("RT")) === "Group") ungroup(entries);
  }
}

/** A list in the order of its records; what has none keeps its place among them. */
function sortedList(list: readonly { readonly object: PdfObject; readonly order: string }[]): PdfObject[] {
  return list.toSorted((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)).map(({ object }) => object);
}

/** After everything that has an order. */
const ON_TOP = "~";

function writePage(context: WriteContext, index: number, { edits, comments, found }: PagePlan): void {
  const { file, pageNumber, boxOf } = context;
  const number = pageNumber(index);
  const page = file.edit(number);
  const box = boxOf(index);
  const gone = goneFrom(edits, found);
  /** Place in the saved list by ordinal in the source. */
  const places = new Map<number, number>();
  for (let ordinal = 0, place = 0; ordinal <= (found.at(-1)?.ordinal ?? -1); ordinal++)
    if (!gone.has(ordinal)) places.set(ordinal, place++);
  const list = [...file.array(page.get("Annots"))];
  const orders = new Map([...places].map(([ordinal, place]) => [place, sourceOrder(ordinal)]));
  const added: { readonly object: PdfObject; readonly order: string }[] = [];
  const members: Member[] = [];
  const oldAt = (ordinal: number | null): { readonly place: number | undefined; readonly number: number | null } => {
    const place = ordinal === null ? undefined : places.get(ordinal);
    const object = place === undefined ? undefined : list[place];
    return { place, number: isRef(object) ? object.number : null };
  };
  for (const { replaces, write, keepsAction, keepsBundle = false, keepsLook, onlyAppearance } of edits) {
    if (write === null) continue;
    const { place, number: old } = oldAt(replaces);
    const ref = pdfRef(old ?? file.add(null).number);
    const appearance = keepsLook === true ? {} : appearanceEntries(context, write);
    if (onlyAppearance === true && old !== null) {
      putEntries(file.edit(old), { Rect: annotationEntries(write, box)["Rect"], ...appearance });
      continue;
    }
    const action = keepsAction ? {} : actionEntries(write.data.action, context.target, write.data.type === "link" ? "Dest" : "A");
    /** A thousand of them are put together by the entry, not as one object after another. */
    const putAll = (dict: PdfDict): PdfDict => {
      for (const entries of [annotationEntries(write, box), action, appearance]) putEntries(dict, entries);
      return dict.set("P", refTo(number));
    };
    context.written.set(write.name, ref.number);
    members.push({ id: write.name, bundle: write.data.bundle, number: ref.number, keepsBundle });
    const order = drawingOrder(write);
    if (place !== undefined) orders.set(place, order);
    if (old !== null) {
      const dict = file.edit(old);
      if (keepsLook === true) putEntries(dict, { ...keptEntries(write, box), ...action });
      else {
        putEntries(dict, CLEARED);
        putAll(dict);
      }
    } else {
      const popup = write.data.type === "note" ? pdfRef(file.add(null).number) : null;
      const dict = putAll(new Map());
      if (popup !== null) dict.set("Popup", refTo(popup.number));
      file.set(ref.number, dict);
      if (place === undefined) added.push({ object: refTo(ref.number), order });
      else list[place] = refTo(ref.number);
      if (popup !== null) {
        file.set(
          popup.number,
          entriesOf({
            Type: pdfName("Annot"),
            Subtype: pdfName("Popup"),
            Rect: popupRect(write.rect, box),
            Parent: ref,
            F: 28,
            Open: false,
          }),
        );
        added.push({ object: refTo(popup.number), order: ON_TOP });
      }
    }
  }
  writeBundles(file, members);
  for (const { replaces, write, rootNumber } of comments) {
    const root = context.written.get(write.data.root) ?? rootNumber;
    if (root === null) continue;
    const { number: old } = oldAt(replaces);
    const entries = { ...commentEntries(write, pdfRef(root), file.numbers(file.dict(refTo(root)).get("Rect"))), P: pdfRef(number) };
    if (old !== null) putEntries(file.edit(old), entries);
    else added.push({ object: file.add(entriesOf(entries)), order: ON_TOP });
  }
  const kept = list.map((object, place) => ({ object, order: orders.get(place) ?? ON_TOP }));
  page.set("Annots", sortedList([...kept, ...added]));
}

const EMPTY_FORM: PdfDictionary = { Type: pdfName("XObject"), Subtype: pdfName("Form"), BBox: [0, 0, 1, 1] };

/** Links have none: readers draw their border. */
function appearanceEntries({ shared }: WriteContext, { data, rect }: AnnotationToWrite): PdfDictionary {
  // Of the document, not of a place: it is in every list of comments, and nothing of it on the page.
  if (data.page === null) return { AP: { N: shared.objects.stream(EMPTY_FORM, "") } };
  if (data.type === "link") return { AP: undefined };
  const AP = { N: writeAppearance(shared, data, rect) };
  const file = data.type === "image" ? shared.pictures.get(data.attachment?.blob ?? "") : undefined;
  return { AP, [PICTURE_KEY]: file };
}

/** Beside the note. */
function popupRect([left, top, width]: Rect, box: PdfBox): number[] {
  const x = box[0] + left + width;
  return [x, box[3] - top - 100, x + 180, box[3] - top];
}

/** Null for a picture that is not there. A kind of the file that is somewhere else now is a picture of it. */
function toWrite(
  { id, data, createdAt, updatedAt }: RecordOf<"annotation">,
  { hasImage }: AnnotationPlanOptions,
  keepsLook: boolean,
): AnnotationToWrite | null {
  const needsPicture = (data.type === "image" || data.type === "raw") && !keepsLook;
  if (needsPicture && (data.attachment === undefined || !hasImage(data.attachment.blob))) return null;
  return { name: id, data, rect: coverage(data), createdAt, updatedAt };
}

/** It is still the picture of what the file draws, as large as it may be now. */
function keepsPicture(base: Annotation, data: Annotation): boolean {
  if (data.type === "raw") return true;
  if (data.type !== "image" || base.type !== "image") return false;
  return (
    data.attachment?.blob === base.attachment?.blob &&
    data.geometry.rotation === base.geometry.rotation &&
    data.appearance.opacity === base.appearance.opacity
  );
}

/** What the record says and what is drawn: readers clip an appearance to it. */
function coverage(data: Annotation): Rect {
  if (data.page === null) return [0, 0, 0, 0];
  return data.type === "link" ? data.geometry.bbox : union([data.geometry.bbox, annotationBounds(data)])!;
}

/** The ordinal of the annotation that a base record was made from. */
function locate({ found, taken }: PagePlan, { id, data }: RecordOf<"annotation">): number | null {
  /** Asked last: of thousands on a page only few are to be looked at as a whole. */
  const isFree = (annotation: FileAnnotation): boolean =>
    !taken.has(annotation.ordinal) && !isComment(annotation) && typeIn(annotation) === data.type;
  const isThere = ({ rect }: FileAnnotation): boolean => rect.every((side, at) => Math.abs(side - data.geometry.bbox[at]!) < 0.02);
  const match =
    (data.pdfObjectId === undefined
      ? undefined
      : found.find((annotation) => annotation.objectNumber === data.pdfObjectId && isFree(annotation))) ??
    found.find((annotation) => annotation.name === id && isFree(annotation)) ??
    found.find((annotation) => annotation.objectNumber === 0 && isThere(annotation) && isFree(annotation));
  if (match === undefined) return null;
  taken.add(match.ordinal);
  return match.ordinal;
}

function typeIn(annotation: FileAnnotation): string | null {
  const known = recordType(annotation);
  if (known !== null && annotationData(annotation, "") !== null) return known;
  return !isPictured(annotation) ? null : annotation.subtype === "Stamp" && annotation.hasAppearance ? "image" : "raw";
}

/** New ones are appended: the lower first. */
function inDrawingOrder<T extends AnnotationChange>(changes: readonly T[]): T[] {
  const keyed = changes.map((change) => ({ change, key: change.current === null ? "" : drawingOrder(change.current) }));
  keyed.sort((one, other) => {
    if (one.key !== other.key) return one.key < other.key ? -1 : 1;
    const [a, b] = [one.change, other.change];
    const created = (a.current?.createdAt ?? 0) - (b.current?.createdAt ?? 0);
    return created !== 0 ? created : idOf(a) < idOf(b) ? -1 : idOf(a) > idOf(b) ? 1 : 0;
  });
  return keyed.map(({ change }) => change);
}

function byTime(a: CommentChange, b: CommentChange): number {
  const time = (change: CommentChange): number => (change.current ?? change.base)?.createdAt ?? 0;
  return time(a) - time(b) || (idOf(a) < idOf(b) ? -1 : 1);
}

function idOf({ base, current }: AnnotationChange | CommentChange): string {
  return (current ?? base)?.id ?? "";
}
