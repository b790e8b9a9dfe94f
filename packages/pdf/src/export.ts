/**
 * Records → a file: the source edited in place. Only what changed is touched; the rest stays as it is in the source, down to
 * the annotations that nobody edited. The same source and records give the same bytes.
 *
 * First what PDFium does: it takes away what goes and saves the whole file anew, in the clear. Then what we write ourselves into the objects
 * of what it has saved: annotations, fields and everything else that PDFium has no or only slow words for. Last, the security of the source.
 */
import type { AnyRecord } from "@lectern/protocol";
import { parsePageId } from "@lectern/protocol/plain";
import type { FontFor } from "./appearance/embedded-text.ts";
import type { PdfImage } from "./appearance-stream.ts";
import { pdfDate } from "./dates.ts";
import type { CommentChange } from "./export-comments.ts";
import { type PdfDocument, type PdfEngine, PdfError, type RangeReader } from "./engine.ts";
import { type AnnotationChange, type AnnotationPlan, dropAnnotations, planAnnotations, writeAnnotations } from "./export-annotations.ts";
import { type FormChange, writeForm } from "./forms/write-form.ts";
import { fontWriter } from "./font-writer.ts";
import { ObjectFile } from "./objects/file.ts";
import { isRef, type PdfObject, refTo } from "./objects/values.ts";
import { objectsOf } from "./objects/written.ts";
import { pdfRef } from "./pdf-writer.ts";
import { handleOf } from "./pdfium/document.ts";
import { hasFileId, setModificationDate } from "./pdfium/file-version.ts";
import { type FlattenedPage, flattenPage } from "./pdfium/flatten.ts";
import { formPages, hasForm } from "./pdfium/form.ts";
import { pageGeometry } from "./pdfium/page.ts";
import { saveDocument } from "./pdfium/save.ts";
import { keepSecurity } from "./security/keep-security.ts";

/** What became of one record. `base`: as import found it, null when it is new. `current`: null when it is deleted. */
export interface RecordChange {
  readonly base: AnyRecord | null;
  readonly current: AnyRecord | null;
}

export interface ExportOptions {
  /** False: without the mark-ups of source and changes; links and form fields stay. */
  readonly annotations: boolean;
  /** False: without comments, which are replies and states in a file. Default true. */
  readonly comments?: boolean;
  /** Mark-ups become part of the page's content. */
  readonly flatten?: boolean;
  /** Only on these pages; default all. */
  readonly flattenPages?: readonly number[];
  readonly password?: string;
  /** Milliseconds since 1970: the file's modification date, which otherwise stays. */
  readonly modifiedAt?: number;
  /** Where a page of the records stands in the source; by default as its id says. Null: it is not there, and its records are left out. */
  readonly pageIndexOf?: (page: string) => number | null;
  /** Pictures of image annotations by their blob; null for one that is not there. */
  readonly imageOf?: (blob: string) => PdfImage | null;
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
  if (wanted.length === 0 && options.annotations && options.comments !== false && options.flatten !== true) return readAll(source);
  const version = fingerprint(source, wanted, options);
  const { password } = options;
  const edited = withDocument(engine, source, password, (document) => edit(document, wanted, options, version));
  const flat =
    options.flatten === true && options.annotations
      ? withDocument(engine, edited, undefined, (document) => flatten(document, options, version))
      : edited;
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

function edit(document: PdfDocument, changes: readonly RecordChange[], options: ExportOptions, version: string): Uint8Array {
  const handle = handleOf(document);
  const { pageIndexOf = sourcePage, flatten: flattens = false, fontFor, onLeftOut } = options;
  const imageOf = options.imageOf ?? (() => null);
  const { module: wasm, docPtr } = handle;
  const pageNumber = (index: number): number => handle.guard(() => wasm.fn.EPDFDoc_GetPageObjectNumberByIndex(docPtr, index));
  const plan: AnnotationPlan = planAnnotations(
    document,
    { changes: changes.filter(isAnnotationChange), comments: changes.filter(isCommentChange) },
    {
      annotations: options.annotations,
      comments: options.comments !== false,
      isFlattened: (index) => isFlattened(index, options),
      pageIndexOf,
      canWrite: (index) => pageNumber(index) > 0,
      hasImage: (blob) => imageOf(blob) !== null,
      ...(onLeftOut === undefined ? {} : { onLeftOut }),
    },
  );
  const formChanges = changes.filter(isFormChange);
  const editsForm = formChanges.length > 0 || (flattens && handle.guard(() => hasForm(wasm, docPtr)));
  dropAnnotations(handle, plan);
  if (options.modifiedAt !== undefined) {
    const date = pdfDate(options.modifiedAt);
    handle.guard(() => setModificationDate(handle, date));
  }
  const file = saved(document);
  const boxOf = (index: number) => handle.guard(() => pageGeometry(wasm, docPtr, index)).box;
  const objects = objectsOf(file);
  const writer = fontWriter(objects);
  const leaves = writeAnnotations(
    {
      file,
      shared: {
        objects,
        fonts: new Map(),
        images: new Map(),
        imageOf,
        embedding: fontFor === undefined ? undefined : { fontFor, writer },
      },
      pageNumber,
      boxOf,
      target(page) {
        const index = pageIndexOf(page);
        return index === null || index < 0 || index >= document.pageCount ? null : { ref: pdfRef(pageNumber(index)), box: boxOf(index) };
      },
      written: new Map(),
    },
    plan,
  );
  writer.finish();
  if (!editsForm) return leaves ? file.write(version) : file.update(version);
  const pages = handle.guard(() => formPages(handle));
  writeForm(file, formChanges, { pages, pageIndexOf, flatten: flattens, fontFor, onLeftOut });
  // What fields held and showed before is out of the bytes too.
  return file.write(version);
}

function flatten(document: PdfDocument, options: ExportOptions, version: string): Uint8Array {
  const handle = handleOf(document);
  const pages: FlattenedPage[] = [];
  for (let index = 0; index < document.pageCount; index++) {
    const flat = isFlattened(index, options) ? handle.guard(() => flattenPage(handle, index)) : null;
    if (flat !== null) pages.push(flat);
  }
  const file = saved(document);
  // The true annotations in place of their stand-ins.
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
  }
  return file.update(version);
}

function isFlattened(index: number, { flatten, flattenPages }: ExportOptions): boolean {
  return flatten === true && flattenPages?.includes(index) !== false;
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

function isFormChange(change: RecordChange): change is FormChange {
  return ["field", "widget", "value"].includes((change.current ?? change.base)?.kind ?? "");
}

function isAnnotationChange(change: RecordChange): change is AnnotationChange {
  return (change.current ?? change.base)?.kind === "annotation";
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
    options.modifiedAt ?? null,
    sorted,
  ]);
  const lanes = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b];
  for (let at = 0; at < text.length; at++) {
    for (let lane = 0; lane < 4; lane++) lanes[lane] = Math.imul(lanes[lane]! ^ (text.charCodeAt(at) + lane), 0x01000193) >>> 0;
  }
  return lanes
    .map((lane) => lane.toString(16).padStart(8, "0"))
    .join("")
    .toUpperCase();
}
