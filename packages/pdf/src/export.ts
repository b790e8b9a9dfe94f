/**
 * Records → a file: the source edited in place. Only what changed is touched; the rest stays as it is in the source, down to
 * the annotations that nobody edited. The same source and records give the same bytes.
 *
 * First what PDFium does: it takes away what goes and saves the whole file anew, in the clear. A source from which nothing goes, and which we can
 * read ourselves, is taken as it stands. Then what we write ourselves into its objects: annotations, fields and everything else that PDFium has
 * no or only slow words for. Last, the security of the source.
 */
import type { AnyRecord, Bookmark } from "@lectern/protocol";
import { parsePageId } from "@lectern/protocol/plain";
import type { FontFor } from "./appearance/embedded-text.ts";
import type { PageTarget } from "./annotation-dictionary.ts";
import type { PdfImage } from "./appearance-stream.ts";
import { type BookmarkChange, writeBookmarks } from "./bookmarks.ts";
import { pdfDate } from "./dates.ts";
import type { CommentChange } from "./export-comments.ts";
import { type PdfDocument, type PdfEngine, PdfError, type RangeReader } from "./engine.ts";
import {
  type AnnotationChange,
  type AnnotationPlan,
  dropAnnotations,
  planAnnotations,
  ungroup,
  writeAnnotations,
} from "./export-annotations.ts";
import { type ChosenWidget, type FormChange, writeForm } from "./forms/write-form.ts";
import { fontWriter } from "./font-writer.ts";
import { ObjectFile } from "./objects/file.ts";
import type { Codec } from "./objects/filters.ts";
import { pageBox } from "./objects/page-tree.ts";
import { soundFile } from "./objects/sound-file.ts";
import { isRef, type PdfObject, refTo, textString } from "./objects/values.ts";
import { objectsOf } from "./objects/written.ts";
import { pdfRef } from "./pdf-writer.ts";
import { removeWidgets } from "./pages.ts";
import { type FileBytes, type FileChange, writeFiles } from "./write-files.ts";
import { handleOf } from "./pdfium/document.ts";
import { hasFileId } from "./pdfium/file-version.ts";
import { type FlattenCandidate, type FlattenedPage, flattenPage } from "./pdfium/flatten.ts";
import { formPages, hasForm } from "./pdfium/form.ts";
import { isEncrypted, saveDocument } from "./pdfium/save.ts";
import { keepSecurity } from "./security/keep-security.ts";

/** What became of one record. `base`: as import found it, null when it is new. `current`: null when it is deleted. */
export interface RecordChange {
  readonly base: AnyRecord | null;
  readonly current: AnyRecord | null;
}

/** What is chosen by both: pages and, on them, annotations. */
export interface FlattenScope {
  readonly pages?: readonly number[];
  /** Mark-ups and widgets: ids of records, which are their names (/NM) too, or object numbers of the source. */
  readonly annotations?: readonly (string | number)[];
}

export interface ExportOptions {
  /** False: without the mark-ups of source and changes; links and form fields stay. */
  readonly annotations: boolean;
  /** False: without comments, which are replies and states in a file. Default true. */
  readonly comments?: boolean;
  /** Mark-ups become part of the page's content. */
  readonly flatten?: boolean;
  /** To be the names (/NM) of annotations of the source, by object number. */
  readonly names?: Readonly<Record<number, string>>;
  /** Only these; the rest of the form stays a form. Default: all, and the form is taken away. */
  readonly flattenOnly?: FlattenScope;
  readonly password?: string;
  /** Milliseconds since 1970: the file's modification date, which otherwise stays. */
  readonly modifiedAt?: number;
  /** Where a page of the records stands in the source; by default as its id says. Null: it is not there, and its records are left out. */
  readonly pageIndexOf?: (page: string) => number | null;
  /** Pictures of image annotations by their blob; null for one that is not there. */
  readonly imageOf?: (blob: string) => PdfImage | null;
  /** To edit a source with packed objects as it stands; without it that is written anew first, which takes longer. */
  readonly codec?: Codec;
  /** For files in the file; without it those stay as they are. */
  readonly files?: FileBytes;
  /** Fonts to embed for characters beyond the standard fonts, which are drawn as `?` without. */
  readonly fontFor?: FontFor | undefined;
  /** A record that is left out: its page is not in the source, or its kind is one that we do not draw; what the source has of that stays. */
  readonly onLeftOut?: (record: AnyRecord) => void;
}

/**
 * The edited file; the bytes of the source itself when there is nothing to do. Its encryption stays, its signatures do not hold any more.
 * Throws PdfError like `open`, and `failed`.
 */
export function exportDocument(
  engine: PdfEngine,
  source: Uint8Array | RangeReader,
  changes: Iterable<RecordChange>,
  options: ExportOptions,
): Uint8Array {
  const wanted = [...changes].filter(({ base, current }) => base !== null || current !== null);
  const isAsked = options.flatten === true || options.names !== undefined;
  if (wanted.length === 0 && options.annotations && options.comments !== false && !isAsked) return readAll(source);
  const version = fingerprint(source, wanted, options);
  const { password } = options;
  const {
    bytes: edited,
    widgets,
    isSealed,
  } = withDocument(engine, source, password, (document) => edit(document, source, wanted, { ...options, version }));
  const flat =
    options.flatten === true
      ? withDocument(engine, edited, undefined, (document) => flatten(document, options, { widgets, version }))
      : edited;
  if (!isSealed) return flat;
  return keepSecurity(engine, flat, { source, ...(password === undefined ? {} : { password }) }) ?? flat;
}

function sourcePage(page: string): number | null {
  return parsePageId(page)?.sourceIndex ?? null;
}

function withDocument<T>(
  engine: PdfEngine,
  file: Uint8Array | RangeReader,
  password: string | undefined,
  use: (document: PdfDocument) => T,
): T {
  const document = engine.open(file, password === undefined ? {} : { password });
  try {
    return use(document);
  } finally {
    document.close();
  }
}

interface Edited {
  readonly bytes: Uint8Array;
  /** Object numbers of widgets that are to become content. */
  readonly widgets: ReadonlySet<number>;
  /** The source is encrypted. */
  readonly isSealed: boolean;
}

function edit(
  document: PdfDocument,
  source: Uint8Array | RangeReader,
  changes: readonly RecordChange[],
  options: ExportOptions & { readonly version: string },
): Edited {
  const handle = handleOf(document);
  const { pageIndexOf = sourcePage, flatten: flattens = false, fontFor, onLeftOut, version } = options;
  const imageOf = options.imageOf ?? (() => null);
  const { module: wasm, docPtr } = handle;
  const pageNumber = remembered((index) => handle.guard(() => wasm.fn.EPDFDoc_GetPageObjectNumberByIndex(docPtr, index)));
  const plan: AnnotationPlan = planAnnotations(
    document,
    { changes: changes.filter(isAnnotationChange), comments: changes.filter(isCommentChange) },
    {
      annotations: options.annotations,
      comments: options.comments !== false,
      isFlattened: (index, mark) =>
        isFlattened(index, options) && (mark === undefined || isChosen(options, mark.objectNumber, [mark.name])),
      pageIndexOf,
      canWrite: (index) => pageNumber(index) > 0,
      hasImage: (blob) => imageOf(blob) !== null,
      ...(onLeftOut === undefined ? {} : { onLeftOut }),
    },
  );
  const formChanges = changes.filter(isFormChange);
  const editsForm = formChanges.length > 0 || (flattens && handle.guard(() => hasForm(wasm, docPtr)));
  const isWhole = !dropAnnotations(handle, plan);
  // What PDFium had to mend is not what it says.
  const isSound = isWhole && handle.guard(() => wasm.fn.FPDF_DocumentHasValidCrossReferenceTable(docPtr));
  const file = (isSound ? soundFile(readAll(source), options.codec) : null) ?? saved(document);
  if (options.modifiedAt !== undefined) setModificationDate(file, options.modifiedAt);
  const boxOf = remembered((index) => pageBox(file, file.dict(refTo(pageNumber(index)))));
  const objects = objectsOf(file);
  const writer = fontWriter(objects);
  const target: PageTarget = (page) => {
    const index = pageIndexOf(page);
    return index === null || index < 0 || index >= document.pageCount ? null : { ref: pdfRef(pageNumber(index)), box: boxOf(index) };
  };
  const left = writeAnnotations(
    {
      file,
      shared: {
        objects,
        fonts: new Map(),
        images: new Map(),
        pictures: new Map(),
        imageOf,
        embedding: fontFor === undefined ? undefined : { fontFor, writer },
      },
      pageNumber,
      boxOf,
      target,
      written: new Map(),
    },
    plan,
  );
  writer.finish();
  const bookmarks = changes.filter(isBookmarkChange);
  if (bookmarks.length > 0) writeBookmarks(file, bookmarks, { target, titleOf: (bookmark) => pageTitle(bookmark, pageIndexOf) });
  const files = options.files === undefined ? [] : changes.filter(isFileChange);
  if (files.length > 0) writeFiles(file, files, options.files!);
  for (const [number, name] of Object.entries(options.names ?? {}))
    if (file.dict(refTo(Number(number))).has("Rect")) file.edit(Number(number)).set("NM", textString(name));
  const isAnew = left || bookmarks.length > 0 || files.length > 0;
  const isSealed = handle.guard(() => isEncrypted(handle));
  if (!editsForm) return { bytes: isAnew ? file.write(version) : file.update(version), widgets: new Set(), isSealed };
  const pages = handle.guard(() => formPages(handle));
  const flattened = !flattens
    ? null
    : options.flattenOnly === undefined
      ? "all"
      : (index: number, { objectNumber, names }: ChosenWidget) => isFlattened(index, options) && isChosen(options, objectNumber, names);
  const widgets = writeForm(file, formChanges, { pages, pageIndexOf, flatten: flattened, fontFor, onLeftOut });
  // What fields held and showed before is out of the bytes too.
  return { bytes: file.write(version), widgets, isSealed };
}

function flatten(
  document: PdfDocument,
  options: ExportOptions,
  { widgets, version }: { readonly widgets: ReadonlySet<number>; readonly version: string },
): Uint8Array {
  const isWanted = ({ subtype, objectNumber, name }: FlattenCandidate): boolean =>
    subtype === "Widget" ? widgets.has(objectNumber) : isChosen(options, objectNumber, [name()]);
  const handle = handleOf(document);
  const pages: FlattenedPage[] = [];
  for (let index = 0; index < document.pageCount; index++) {
    if (!isFlattened(index, options)) continue;
    const flat = handle.guard(() => flattenPage(handle, index, options.flattenOnly === undefined ? undefined : isWanted));
    if (flat !== null) pages.push(flat);
  }
  const file = saved(document);
  // The true annotations in place of their stand-ins.
  const gone = new Set(pages.flatMap((page) => [...page.gone]));
  for (const { page: number, kept } of pages) {
    const page = file.edit(number);
    const standIns = file.array(page.get("Annots"));
    if (standIns.length !== kept.length) throw new PdfError("failed", "a stand-in is not where it should be");
    for (const standIn of standIns) if (isRef(standIn)) file.remove(standIn.number);
    if (kept.length === 0) page.delete("Annots");
    else
      page.set(
        "Annots",
        kept.map((object): PdfObject => refTo(object)),
      );
    for (const object of kept) {
      const headOf = file.dict(refTo(object)).get("IRT");
      if (isRef(headOf) && gone.has(headOf.number)) ungroup(file.edit(object));
    }
  }
  if (options.flattenOnly === undefined || ![...gone].some((number) => widgets.has(number))) return file.update(version);
  removeWidgets(file, new Set([...gone].filter((number) => widgets.has(number))));
  return file.write(version);
}

/** Asked once for each page. */
function remembered<T>(ask: (index: number) => T): (index: number) => T {
  const known = new Map<number, T>();
  return (index) => {
    let answer = known.get(index);
    if (answer === undefined) known.set(index, (answer = ask(index)));
    return answer;
  };
}

function isFlattened(index: number, { flatten, flattenOnly }: ExportOptions): boolean {
  return flatten === true && flattenOnly?.pages?.includes(index) !== false;
}

function isChosen({ flattenOnly }: ExportOptions, objectNumber: number, names: readonly (string | null)[]): boolean {
  const chosen = flattenOnly?.annotations;
  return chosen === undefined || names.some((name) => name !== null && chosen.includes(name)) || chosen.includes(objectNumber);
}

/** In the clear. */
function saved(document: PdfDocument): ObjectFile {
  const handle = handleOf(document);
  const hasId = handle.guard(() => hasFileId(handle));
  handle.edited("page");
  const file = new ObjectFile(handle.guard(() => saveDocument(handle.module, handle.docPtr, { plain: true })));
  // PDFium makes one up, another one each time.
  if (!hasId) file.trailer.delete("ID");
  return file;
}

function setModificationDate(file: ObjectFile, millis: number): void {
  const info = file.trailer.get("Info");
  const entries = isRef(info) ? file.edit(info.number) : new Map(file.dict(info));
  entries.set("ModDate", textString(pdfDate(millis)));
  if (!isRef(info)) file.trailer.set("Info", file.add(entries));
}

function isFormChange(change: RecordChange): change is FormChange {
  return ["field", "widget", "value"].includes((change.current ?? change.base)?.kind ?? "");
}

function isAnnotationChange(change: RecordChange): change is AnnotationChange {
  return (change.current ?? change.base)?.kind === "annotation";
}

function isFileChange(change: RecordChange): change is FileChange {
  return (change.current ?? change.base)?.kind === "attachment";
}

function isBookmarkChange(change: RecordChange): change is BookmarkChange {
  return (change.current ?? change.base)?.kind === "bookmark";
}

/** Of a bookmark without a name, for readers who need one. */
function pageTitle({ action }: Bookmark, pageIndexOf: (page: string) => number | null): string {
  const index = action.type === "goTo" ? pageIndexOf(action.page) : null;
  return index === null ? "Bookmark" : `Page ${index + 1}`;
}

function isCommentChange(change: RecordChange): change is CommentChange {
  return (change.current ?? change.base)?.kind === "comment";
}

function readAll(source: Uint8Array | RangeReader): Uint8Array {
  if (source instanceof Uint8Array) return source;
  const bytes = new Uint8Array(source.size);
  if (!source.read(0, bytes)) throw new Error("the source could not be read");
  return bytes;
}

/** 128 bits that name this version of the file: no secret hangs on them, they only have to differ when the content does. */
function fingerprint(source: Uint8Array | RangeReader, changes: readonly RecordChange[], options: ExportOptions): string {
  const size = source instanceof Uint8Array ? source.length : source.size;
  const ids = ({ base, current }: RecordChange): string => (current ?? base)?.id ?? "";
  const sorted = changes.toSorted((a, b) => (ids(a) < ids(b) ? -1 : ids(a) > ids(b) ? 1 : 0));
  const text = JSON.stringify([
    size,
    options.annotations,
    options.comments ?? true,
    options.flatten ?? false,
    options.flattenOnly ?? null,
    options.modifiedAt ?? null,
    sorted,
  ]);
  let [a, b, c, d] = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b];
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit + 1), 0x01000193);
    c = Math.imul(c ^ (unit + 2), 0x01000193);
    d = Math.imul(d ^ (unit + 3), 0x01000193);
  }
  return [a, b, c, d]
    .map((lane) => (lane >>> 0).toString(16).padStart(8, "0"))
    .join("")
    .toUpperCase();
}
