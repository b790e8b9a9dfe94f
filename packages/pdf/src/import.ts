/**
 * What a file holds → the manifest of its pages and the base records of its annotations. The same file gives the same
 * records, ids included, wherever and whenever it is read. Nothing in a file is fatal here: what makes no sense is left out.
 */
import type { Action, Annotation, AnyRecord, Attachment, OutlineItem, RecordOf } from "@lectern/protocol";
import { base32, pageId, SYNC_LIMITS } from "@lectern/protocol/plain";
import { splitOutline } from "./bookmarks.ts";
import type { FileAnnotation, PageInfo, PdfDocument, PdfMetadata, PdfPermissions } from "./engine.ts";
import { formRecords } from "./forms/form-records.ts";
import { annotationData } from "./import-annotation.ts";
import { commentRecords } from "./import-comments.ts";
import { type KeepPicture, picturedData } from "./import-picture.ts";
import { MAX_FILE_NAME } from "./inspect/embedded-files.ts";
import type { Codec } from "./objects/filters.ts";

export interface ImportOptions {
  /** Which revision of the document this file is: page ids begin with it. */
  readonly revision: number;
  /** Of the file, in hexadecimal. */
  readonly sourceSha256: string;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** For what is shown by a picture; without it such annotations become no records. Called as the records are iterated. */
  readonly keepPicture?: KeepPicture;
  /** For the files in the file; without it they become no records. */
  readonly keepFile?: KeepFile;
  /** Told of each page that has been read. */
  readonly onPage?: (pageIndex: number) => void;
  /** Default: as many as a layer can have. */
  readonly maxRecords?: number;
}

export interface KeepFile {
  readonly codec: Codec;
  /** Of all of them; those beyond stay in the file alone. */
  readonly maxBytes: number;
  /** Keeps the bytes, and says under which name. */
  readonly keep: (bytes: Uint8Array) => string;
}

export interface Manifest {
  /** In order; the id of page `i` is `pageId(revision, i)`. */
  readonly pages: readonly PageInfo[];
  readonly outline: readonly OutlineItem[];
  readonly permissions: PdfPermissions;
  readonly metadata: PdfMetadata;
  /** It needs a password to be opened. */
  readonly encrypted: boolean;
  readonly hasXfa: boolean;
  readonly signatureCount: number;
}

export interface PageRecords {
  readonly pageIndex: number;
  readonly records: readonly AnyRecord[];
}

export interface Imported {
  readonly manifest: Manifest;
  /** Read page by page while it is iterated, once; pages without records are left out. */
  readonly records: Iterable<PageRecords>;
  /** Sentences for people about what of the file is not shown; complete when `records` has been iterated. */
  readonly warnings: readonly string[];
}

/** The manifest walks the page tree once. */
export function importRecords(document: PdfDocument, options: ImportOptions): Imported {
  const manifest = readManifest(document, options.revision);
  const warnings = manifest.hasXfa ? [XFA_WARNING] : [];
  return { manifest, warnings, records: { [Symbol.iterator]: () => readRecords(document, options, warnings) } };
}

const XFA_WARNING = "The file is an XFA form, which is not supported: what is shown are the ordinary pages that it holds beside the form";

function readManifest(document: PdfDocument, revision: number): Manifest {
  return {
    pages: Array.from({ length: document.pageCount }, (_, index) => document.page(index)),
    outline: splitOutline(document.outline(), document.bookmarkList).outline.map((item) => outlineItem(item, revision)),
    permissions: document.permissions,
    metadata: document.metadata,
    encrypted: document.encrypted,
    hasXfa: document.hasXfa,
    signatureCount: document.signatureCount,
  };
}

function outlineItem(item: OutlineItem, revision: number): OutlineItem {
  return {
    ...item,
    ...(item.action === undefined ? {} : { action: withPageId(item.action, revision) }),
    ...(item.children === undefined ? {} : { children: item.children.map((child) => outlineItem(child, revision)) }),
  };
}

/** The engine names pages by index. */
function withPageId(action: Action, revision: number): Action {
  return action.type === "goTo" ? { ...action, page: pageId(revision, Number(action.page)) } : action;
}

function* readRecords(document: PdfDocument, options: ImportOptions, warnings: string[]): Generator<PageRecords> {
  const used = new Set<string>();
  const idOf = recordIds(options, used);
  const { keepPicture: keep } = options;
  const most = options.maxRecords ?? SYNC_LIMITS.recordsPerLayer;
  let total = 0;
  let hasWidgets = document.hasForm;
  const withFiles: number[] = [];
  for (let pageIndex = 0; pageIndex < document.pageCount && total <= most; pageIndex++) {
    const page = pageId(options.revision, pageIndex);
    const records: AnyRecord[] = [];
    const found = document.annotations(pageIndex);
    const roots = new Map<number, string>();
    const add = (record: AnyRecord): boolean => {
      if (++total > most) return false;
      records.push(record);
      return true;
    };
    let isFull = false;
    const marks = new Map<number, { readonly id: string; readonly data: Annotation }>();
    for (const inFile of found) {
      hasWidgets ||= inFile.subtype === "Widget";
      if (inFile.subtype === "FileAttachment" && inFile.objectNumber > 0) withFiles.push(inFile.objectNumber);
      const { action } = inFile;
      const annotation = action === null ? inFile : { ...inFile, action: withPageId(action, options.revision) };
      const data =
        annotationData(annotation, page) ?? (keep === undefined ? null : picturedData(document, annotation, { page, pageIndex, keep }));
      if (data === null) continue;
      const createdAt = annotation.createdAt ?? annotation.modifiedAt ?? 0;
      const id = idOf(annotation, pageIndex);
      if (annotation.objectNumber > 0) {
        roots.set(annotation.objectNumber, id);
        marks.set(annotation.objectNumber, { id, data });
      }
      const updatedAt = annotation.modifiedAt ?? createdAt;
      isFull = !add({ id, kind: "annotation", seq: 0, createdBy: null, createdAt, updatedBy: null, updatedAt, grp: null, data });
      if (isFull) break;
    }
    bundle(found, marks);
    for (const comment of isFull ? [] : commentRecords(found, roots, (annotation) => idOf(annotation, pageIndex))) {
      isFull = !add(comment);
      if (isFull) break;
    }
    if (isFull) {
      warnings.push(
        `The file has more than ${most.toLocaleString("en")} annotations: those that follow, from page ${pageIndex + 1} on, are left out`,
      );
    }
    if (records.length > 0) yield { pageIndex, records };
    options.onPage?.(pageIndex);
  }
  const bookmarks = document.bookmarkList === "" ? [] : splitOutline(document.outline(), document.bookmarkList).bookmarks;
  if (bookmarks.length > 0 && total + bookmarks.length <= most) {
    total += bookmarks.length;
    for (const { id } of bookmarks) used.add(id);
    const { revision } = options;
    const records = bookmarks.map((record) => ({ ...record, data: { ...record.data, action: withPageId(record.data.action, revision) } }));
    yield { pageIndex: 0, records };
  }
  if (options.keepFile !== undefined && (withFiles.length > 0 || document.hasFiles)) {
    const records = [...fileRecords(document, options, { keepFile: options.keepFile, warnings, withFiles, used })].slice(0, most - total);
    total += records.length;
    if (records.length > 0) yield { pageIndex: 0, records };
  }
  if (hasWidgets) yield* readFormRecords(document, options, { warnings, room: most - total });
}

function* fileRecords(
  document: PdfDocument,
  options: ImportOptions,
  {
    keepFile: { codec, maxBytes, keep },
    warnings,
    withFiles,
    used,
  }: {
    readonly keepFile: KeepFile;
    readonly warnings: string[];
    readonly withFiles: readonly number[];
    /** Ids of other records. */
    readonly used: Set<string>;
  },
): Generator<RecordOf<"attachment">> {
  let [left, index] = [maxBytes, 0];
  for (const { id: own, bytes, name, mediaType, description, modifiedAt } of document.files(codec, withFiles)) {
    const place = derived(options, `file/${index++}`);
    const id = own !== null && NAME.test(own) && !used.has(own) ? own : place;
    used.add(id);
    left -= bytes.length;
    if (left < 0) {
      warnings.push("The files in the file are too large together: those that follow can only be had by downloading it");
      return;
    }
    const updatedAt = modifiedAt ?? 0;
    const data: Attachment = {
      blob: keep(bytes),
      name: name.slice(0, MAX_FILE_NAME),
      size: bytes.length,
      ...(mediaType === null || mediaType === "" ? {} : { mediaType: mediaType.slice(0, 128) }),
      ...(description === null || description === "" ? {} : { description: description.slice(0, 4096) }),
    };
    yield { id, kind: "attachment", seq: 0, createdBy: null, createdAt: updatedAt, updatedBy: null, updatedAt, grp: null, data };
  }
}

/** What the file groups with an annotation is bundled with it, unless our own export says how. */
function bundle(found: readonly FileAnnotation[], marks: ReadonlyMap<number, { readonly id: string; readonly data: Annotation }>): void {
  for (const { objectNumber, hangsOn, isReply, replyType } of found) {
    const [member, head] = [marks.get(objectNumber), marks.get(hangsOn)];
    if (!isReply || replyType !== "group" || member === undefined || head === undefined || member === head) continue;
    head.data.bundle ??= head.id;
    member.data.bundle ??= head.data.bundle;
  }
}

/** By the pages of the first widgets; a form that makes no sense costs nothing but itself. */
function* readFormRecords(
  document: PdfDocument,
  options: ImportOptions,
  { warnings, room }: { readonly warnings: string[]; readonly room: number },
): Generator<PageRecords> {
  let left = room;
  for (const { field, value, widgets } of formRecords(document.form(), options)) {
    left -= widgets.length + 2;
    if (left < 0) {
      warnings.push("The file has more form fields than a layer can hold: those that follow are left out");
      return;
    }
    yield { pageIndex: widgets[0]?.file.pageIndex ?? 0, records: [field, value, ...widgets.map(({ record }) => record)] };
  }
}

const NAME = /^[A-Za-z0-9_-]{8,64}$/;

/** /NM when it can be an id and nothing before it in the file has it; else derived from where the annotation stands. */
function recordIds(options: ImportOptions, used: Set<string>): (annotation: FileAnnotation, pageIndex: number) => string {
  return ({ name, objectNumber, ordinal }, pageIndex) => {
    const place = objectNumber > 0 ? `${objectNumber}` : `${pageIndex}/${ordinal}`;
    let id = name !== null && NAME.test(name) ? name : derived(options, place);
    // An object may stand in two pages' lists, and two annotations may have one name.
    for (let again = 0; used.has(id); again++) id = derived(options, `${place}:${pageIndex}/${ordinal}:${again}`);
    used.add(id);
    return id;
  };
}

function derived({ sourceSha256, sha256 }: ImportOptions, place: string): string {
  const text = `${sourceSha256}:${place}`;
  return base32(sha256(Uint8Array.from(text, (character) => character.charCodeAt(0)))).slice(0, 26);
}
