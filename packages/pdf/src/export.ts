/**
 * Records → a file: the source edited in place. Only what changed is touched; the rest stays as it is in the source, down to
 * the annotations that nobody edited. The same source and records give the same bytes.
 *
 * First what PDFium does: it takes away what goes and saves the whole file anew. Then what we write ourselves into what it has
 * saved: annotations and everything else that PDFium has no or only slow words for.
 */
import type { AnyRecord } from "@lectern/protocol";
import { parsePageId } from "@lectern/protocol/plain";
import type { FontFor } from "./appearance/embedded-text.ts";
import type { PdfImage } from "./appearance-stream.ts";
import { pdfDate } from "./dates.ts";
import type { CommentChange } from "./export-comments.ts";
import type { PdfDocument, PdfEngine, RangeReader } from "./engine.ts";
import { type AnnotationChange, type AnnotationPlan, dropAnnotations, planAnnotations, writeAnnotations } from "./export-annotations.ts";
import { editForm, relock } from "./forms/edit-document.ts";
import type { FormChange } from "./forms/write-form.ts";
import type { Lock } from "./pdfium/form.ts";
import { fontWriter } from "./font-writer.ts";
import { type FileUpdate, updateFile } from "./file-update.ts";
import { pdfRef } from "./pdf-writer.ts";
import { handleOf } from "./pdfium/document.ts";
import { hasFileId, setModificationDate } from "./pdfium/file-version.ts";
import { type FlattenedPage, flattenPage } from "./pdfium/flatten.ts";
import { pageGeometry } from "./pdfium/page.ts";
import { readSavedFile, itemsOf, referred, unexpected } from "./saved-file.ts";
import { objectCipher } from "./security/object-cipher.ts";

/** What became of one record. `base`: as import found it, null when it is new. `current`: null when it is deleted. */
export interface RecordChange {
  readonly base: AnyRecord | null;
  readonly current: AnyRecord | null;
}

export interface ExportOptions {
  /** False: without the mark-ups of source and changes; links and form fields stay. */
  readonly annotations: boolean;
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
 * The edited file; the bytes of the source itself when there is nothing to do. Its encryption stays (an encrypted file's bytes
 * differ every time: PDFium salts its cipher), its signatures do not hold any more. Throws PdfError like `open`, and `failed`.
 */
export function exportDocument(
  engine: PdfEngine,
  source: Uint8Array | RangeReader,
  changes: Iterable<RecordChange>,
  options: ExportOptions,
): Uint8Array {
  const wanted = [...changes].filter(({ base, current }) => base !== null || current !== null);
  if (wanted.length === 0 && options.annotations && options.flatten !== true) return readAll(source);
  const version = fingerprint(source, wanted, options);
  const { password, flatten: flattens = false, onLeftOut, pageIndexOf = sourcePage } = options;
  const form = editForm(engine, source, wanted.filter(isFormChange), {
    flatten: flattens,
    pageIndexOf,
    fontFor: options.fontFor,
    ...(password === undefined ? {} : { password }),
    ...(onLeftOut === undefined ? {} : { onLeftOut }),
  });
  // A form is edited without its encryption, which comes back with the last save.
  const key = form === null ? password : undefined;
  const last: Save = { version, lock: form?.lock ?? null, password: form?.lock?.password ?? key ?? "" };
  const twice = flattens && options.annotations;
  const first: Save = twice ? { version, lock: null, password: key ?? "" } : last;
  const edited = withDocument(engine, form?.bytes ?? source, key, (document) => edit(document, wanted, options, first));
  return twice ? withDocument(engine, edited, key, (document) => flatten(document, options, last)) : edited;
}

/** How a document is saved. */
interface Save {
  readonly version: string;
  /** To be put on. */
  readonly lock: Lock | null;
  /** That opens what is saved. */
  readonly password: string;
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

function edit(document: PdfDocument, changes: readonly RecordChange[], options: ExportOptions, save: Save): Uint8Array {
  const handle = handleOf(document);
  const { pageIndexOf = sourcePage } = options;
  const imageOf = options.imageOf ?? (() => null);
  const plan: AnnotationPlan = planAnnotations(
    document,
    { changes: changes.filter(isAnnotationChange), comments: changes.filter(isCommentChange) },
    {
      annotations: options.annotations,
      isFlattened: (index) => isFlattened(index, options),
      pageIndexOf,
      hasImage: (blob) => imageOf(blob) !== null,
      ...(options.onLeftOut === undefined ? {} : { onLeftOut: options.onLeftOut }),
    },
  );
  dropAnnotations(handle, plan);
  if (options.modifiedAt !== undefined) {
    const date = pdfDate(options.modifiedAt);
    handle.guard(() => setModificationDate(handle, date));
  }
  const { update, finish } = saved(document, save);
  const { module: wasm, docPtr } = handle;
  const pageNumber = (index: number): number => handle.guard(() => wasm.fn.EPDFDoc_GetPageObjectNumberByIndex(docPtr, index));
  const boxOf = (index: number) => handle.guard(() => pageGeometry(wasm, docPtr, index)).box;
  const { fontFor } = options;
  const writer = fontWriter(update);
  writeAnnotations(
    {
      update,
      shared: {
        objects: update,
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
  return finish();
}

function flatten(document: PdfDocument, options: ExportOptions, save: Save): Uint8Array {
  const handle = handleOf(document);
  const pages: FlattenedPage[] = [];
  for (let index = 0; index < document.pageCount; index++) {
    const flat = isFlattened(index, options) ? handle.guard(() => flattenPage(handle, index)) : null;
    if (flat !== null) pages.push(flat);
  }
  const { update, finish } = saved(document, save);
  // The true annotations in place of their stand-ins.
  for (const { page, kept } of pages) {
    const list = update.current(page)?.get("Annots");
    const number = referred(list);
    const standIns = list === undefined ? [] : (itemsOf((number === null ? list : update.file.object(number)) ?? "") ?? []);
    if (standIns.length !== kept.length) throw unexpected("a stand-in");
    for (const standIn of standIns) update.free(referred(standIn) ?? 0);
    update.change(page, { Annots: kept.length === 0 ? undefined : kept.map((object) => pdfRef(object)) });
  }
  return finish();
}

function isFlattened(index: number, { flatten, flattenPages }: ExportOptions): boolean {
  return flatten === true && flattenPages?.includes(index) !== false;
}

function saved(
  document: PdfDocument,
  { version, lock, password }: Save,
): { readonly update: FileUpdate; readonly finish: () => Uint8Array } {
  const handle = handleOf(document);
  const isFirst = !handle.guard(() => hasFileId(handle));
  handle.edited("page");
  if (lock !== null) relock(document, lock);
  const file = readSavedFile(document.save());
  const update = updateFile(file, objectCipher(file, password));
  return { update, finish: () => update.finish({ version, isFirst }) };
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
  const text = JSON.stringify([size, options.annotations, options.flatten ?? false, options.modifiedAt ?? null, sorted]);
  const lanes = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b];
  for (let at = 0; at < text.length; at++) {
    for (let lane = 0; lane < 4; lane++) lanes[lane] = Math.imul(lanes[lane]! ^ (text.charCodeAt(at) + lane), 0x01000193) >>> 0;
  }
  return lanes
    .map((lane) => lane.toString(16).padStart(8, "0"))
    .join("")
    .toUpperCase();
}
