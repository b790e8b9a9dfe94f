/**
 * Records → a file: the source edited in place. Only what changed is touched; the rest stays as it is in the source, down to
 * the annotations that nobody edited. The same source and records give the same bytes.
 */
import type { RecordOf, Rect } from "@lectern/protocol";
import { parsePageId } from "@lectern/protocol/plain";
import { union } from "./appearance/commands.ts";
import { annotationBounds, type DrawnAnnotation, isDrawn } from "./appearance/registry.ts";
import { appearanceFile, type AppearanceSpec } from "./appearance-file.ts";
import { pdfDate } from "./dates.ts";
import type { FileAnnotation, PdfDocument, PdfEngine, RangeReader } from "./engine.ts";
import { finishFile, type WrittenAnnotation } from "./finish-file.ts";
import { annotationData } from "./import-annotation.ts";
import { type AnnotationToWrite, iconName } from "./pdfium/annotations.ts";
import { handleOf } from "./pdfium/document.ts";
import { type Edit, editPage, type FlattenedPage, flattenPage, NOT_SEEN, withoutAppearance } from "./pdfium/edit-page.ts";
import { hasFileId, setModificationDate } from "./pdfium/file-version.ts";
import { isRecordSubtype, RECORD_SUBTYPES, type Subtype } from "./subtypes.ts";

/** What became of one record. `base`: as import found it, null when it is new. `current`: null when it is deleted. */
export interface RecordChange {
  readonly base: RecordOf<"annotation"> | null;
  readonly current: RecordOf<"annotation"> | null;
}

export interface ExportOptions {
  /** False: without the mark-ups of source and changes; links and form fields stay. */
  readonly annotations: boolean;
  /** Mark-ups become part of the page's content. */
  readonly flatten?: boolean;
  readonly password?: string;
  /** Milliseconds since 1970: the file's modification date, which otherwise stays. */
  readonly modifiedAt?: number;
  /** Where a page of the records stands in the source; by default as its id says. Null: it is not there, and its records are left out. */
  readonly pageIndexOf?: (page: string) => number | null;
  /** A record that is left out: its page is not in the source, or its kind is one that we do not draw; what the source has of that stays. */
  readonly onLeftOut?: (record: RecordOf<"annotation">) => void;
}

/**
 * The edited file; the bytes of the source itself when there is nothing to do. Its encryption stays (an encrypted file's bytes
 * differ every time: its cipher is salted), its signatures do not hold any more. Throws PdfError like `open`, and `failed`.
 */
export function exportDocument(
  engine: PdfEngine,
  source: Uint8Array | RangeReader,
  changes: Iterable<RecordChange>,
  options: ExportOptions,
): Uint8Array {
  const wanted = [...changes].filter(({ base, current }) => base !== null || current !== null);
  if (wanted.length === 0 && options.annotations && options.flatten !== true) return readAll(source);
  const document = engine.open(source, options.password === undefined ? {} : { password: options.password });
  try {
    return edit(engine, document, plan(document, wanted, options), options, fingerprint(source, wanted, options));
  } finally {
    document.close();
  }
}

/** What is to be done on one page of the source. */
type PagePlan = { readonly edits: Edit[]; readonly found: readonly FileAnnotation[]; readonly taken: Set<number> };

function plan(document: PdfDocument, changes: readonly RecordChange[], options: ExportOptions): ReadonlyMap<number, PagePlan> {
  const pages = new Map<number, PagePlan>();
  const indexOf = options.pageIndexOf ?? ((page: string) => parsePageId(page)?.sourceIndex ?? null);
  const pageOf = (record: RecordOf<"annotation">): PagePlan | null => {
    const index = record.data.page === null ? null : indexOf(record.data.page);
    return index === null || index < 0 || index >= document.pageCount ? null : planOf(index);
  };
  const planOf = (index: number): PagePlan => {
    let page = pages.get(index);
    if (page === undefined) pages.set(index, (page = { edits: [], found: document.annotations(index), taken: new Set() }));
    return page;
  };

  if (!options.annotations) {
    for (let index = 0; index < document.pageCount; index++) {
      const page = planOf(index);
      for (const annotation of page.found) if (isMark(annotation)) page.edits.push({ replaces: annotation.ordinal, write: null });
    }
    return pages;
  }
  for (const { base, current } of inDrawingOrder(changes)) {
    const from = base === null ? null : pageOf(base);
    const to = current === null ? null : pageOf(current);
    const write = current === null ? null : toWrite(current);
    if (current !== null && (write === null || to === null)) options.onLeftOut?.(current);
    if (current !== null && write === null) continue;
    const old = base === null || from === null ? null : locate(from, base);
    if (from !== null && from === to) from.edits.push({ replaces: old, write });
    else {
      if (old !== null) from?.edits.push({ replaces: old, write: null });
      if (write !== null) to?.edits.push({ replaces: null, write });
    }
  }
  if (options.flatten === true) {
    for (let index = 0; index < document.pageCount; index++) {
      const page = planOf(index);
      // Flattening draws what has an appearance: others get the one that the screen shows.
      const handle = handleOf(document);
      const bare = page.found.length === 0 ? new Set<number>() : handle.guard(() => withoutAppearance(handle, index));
      for (const annotation of page.found) {
        const data = bare.has(annotation.ordinal) && !page.taken.has(annotation.ordinal) ? annotationData(annotation, String(index)) : null;
        if (data === null || !isDrawn(data) || (annotation.flags & NOT_SEEN) !== 0) continue;
        page.edits.push({
          replaces: annotation.ordinal,
          write: { name: annotation.name ?? "", data, rect: coverage(data), createdAt: 0, updatedAt: 0 },
          onlyAppearance: true,
        });
      }
    }
  }
  return pages;
}

function edit(
  engine: PdfEngine,
  document: PdfDocument,
  pages: ReadonlyMap<number, PagePlan>,
  options: ExportOptions,
  id: string,
): Uint8Array {
  const handle = handleOf(document);
  const specs: AppearanceSpec[] = [...pages.values()].flatMap(({ edits }) => edits.flatMap(({ write }) => (write === null ? [] : [write])));
  const appearances = specs.length === 0 ? null : engine.open(appearanceFile(specs));
  try {
    const isFirstId = !handle.guard(() => hasFileId(handle));
    const written: WrittenAnnotation[] = [];
    const flattened: FlattenedPage[] = [];
    let next = 0;
    for (const [index, { edits, found }] of pages) {
      const writes = edits.filter(({ write }) => write !== null);
      const from = { document: appearances === null ? 0 : handleOf(appearances).docPtr, first: next };
      next += writes.length;
      const numbers = handle.guard(() => editPage(handle, index, { edits, found, appearances: from }));
      const flat = options.flatten === true ? handle.guard(() => flattenPage(handle, index)) : null;
      if (flat !== null) flattened.push(flat);
      for (const [at, objectNumber] of numbers.entries()) {
        const { write, onlyAppearance } = writes[at]!;
        const isThere = onlyAppearance !== true && (flat === null || flat.kept.includes(objectNumber));
        if (write !== null && isThere)
          written.push({ objectNumber, opacity: write.data.appearance.opacity ?? 1, icon: iconName(write.data) });
      }
    }
    if (options.modifiedAt !== undefined) {
      const date = pdfDate(options.modifiedAt);
      handle.guard(() => setModificationDate(handle, date));
    }
    handle.edited("page");
    const file = document.save();
    finishFile(file, { annotations: written, flattened, id, isFirstId });
    return file;
  } finally {
    appearances?.close();
  }
}

/** Null for a kind that we do not draw. */
function toWrite({ id, data, createdAt, updatedAt }: RecordOf<"annotation">): AnnotationToWrite | null {
  return isDrawn(data) ? { name: id, data, rect: coverage(data), createdAt, updatedAt } : null;
}

/** What the record says and what is drawn: readers clip an appearance to it. */
function coverage(data: DrawnAnnotation): Rect {
  return union([data.geometry.bbox, annotationBounds(data)])!;
}

/** The ordinal of the annotation that a base record was made from. */
function locate({ found, taken }: PagePlan, { id, data }: RecordOf<"annotation">): number | null {
  const candidates = found.filter(
    (annotation) => recordType(annotation) === data.type && !annotation.isReply && !taken.has(annotation.ordinal),
  );
  const match =
    (data.pdfObjectId === undefined ? undefined : candidates.find((annotation) => annotation.objectNumber === data.pdfObjectId)) ??
    candidates.find((annotation) => annotation.name === id) ??
    candidates.find(
      (annotation) => annotation.objectNumber === 0 && annotation.rect.every((side, at) => Math.abs(side - data.geometry.bbox[at]!) < 0.02),
    );
  if (match === undefined) return null;
  taken.add(match.ordinal);
  return match.ordinal;
}

function recordType({ subtype }: FileAnnotation): string | null {
  return isRecordSubtype(subtype as Subtype) ? RECORD_SUBTYPES[subtype as keyof typeof RECORD_SUBTYPES] : null;
}

/** A mark that people make on a page, as against a link, which belongs to the page. */
function isMark(annotation: FileAnnotation): boolean {
  const type = recordType(annotation);
  return type !== null && type !== "link";
}

/** New ones are appended: the lower first. */
function inDrawingOrder(changes: readonly RecordChange[]): RecordChange[] {
  const key = ({ current }: RecordChange): string => current?.data.order ?? "";
  return changes.toSorted((a, b) => {
    if (key(a) !== key(b)) return key(a) < key(b) ? -1 : 1;
    const created = (a.current?.createdAt ?? 0) - (b.current?.createdAt ?? 0);
    return created !== 0 ? created : idOf(a) < idOf(b) ? -1 : idOf(a) > idOf(b) ? 1 : 0;
  });
}

function idOf({ base, current }: RecordChange): string {
  return (current ?? base)?.id ?? "";
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
  const text = JSON.stringify([size, options.annotations, options.flatten ?? false, options.modifiedAt ?? null, inDrawingOrder(changes)]);
  const lanes = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b];
  for (let at = 0; at < text.length; at++) {
    for (let lane = 0; lane < 4; lane++) lanes[lane] = Math.imul(lanes[lane]! ^ (text.charCodeAt(at) + lane), 0x01000193) >>> 0;
  }
  return lanes
    .map((lane) => lane.toString(16).padStart(8, "0"))
    .join("")
    .toUpperCase();
}
