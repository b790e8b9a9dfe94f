/**
 * A document opened in PDFium. Everything is read from one copy that drawing never touches; annotations and form fields
 * are drawn on a second one, made when first needed and made anew after an edit.
 */
import type { Action, OutlineItem } from "@lectern/protocol";
import { BOOKMARKS_KEY } from "../bookmarks.ts";
import {
  type Bitmap,
  type FileAnnotation,
  type PageInfo,
  type PageText,
  type PdfDocument,
  PdfError,
  type PdfMetadata,
  type PdfPermissions,
  type RenderOptions,
} from "../engine.ts";
import { type FieldType, type FileField, readForm } from "../forms/read-form.ts";
import { readAction } from "../forms/read-action.ts";
import { isDrawnWithOthers } from "../import-picture.ts";
import { readMeasure } from "../measure.ts";
import { type EmbeddedBytes, filesIn } from "../inspect/embedded-files.ts";
import { ObjectFile } from "../objects/file.ts";
import { type Codec, decodeStream, type Inflater } from "../objects/filters.ts";
import type { ObjectReader } from "../objects/reader.ts";
import { StoredFile } from "../objects/stored-file.ts";
import { isStream, isString, type PdfObject, refTo } from "../objects/values.ts";
import { objectDecipher } from "../security/object-cipher.ts";
import { layOut, layOutMarked } from "../text.ts";
import { DocumentCopy } from "./copy.ts";
import type { LoadedDocument, PdfiumEngine } from "./engine.ts";
import type { OpenFile } from "./files.ts";
import { formPages, hasForm } from "./form.ts";
import type { IsShown } from "./hide.ts";
import { hasXfa, readMetadata, readPermissions, signatureCount } from "./information.ts";
import { type Pointer, readUtf16, type Wasm } from "./memory.ts";
import { PICTURE_KEY } from "../annotation-dictionary.ts";
import { SHOWS_KEY } from "../appearance-stream.ts";
import { addOutlineStyles, readOutline } from "./outline.ts";
import { pageGeometry, type PageGeometry, readPage } from "./page.ts";
import { isActionKnown, isInObjects, readAnnotations } from "./read-annotations.ts";
import { isTagged, readLanguage, readStructure } from "./read-structure.ts";
import { readCharacters } from "./read-text.ts";
import { drawPage, isPlainPage } from "./render.ts";
import { renderAppearance } from "./render-appearance.ts";
import { saveDocument } from "./save.ts";
import { unpackStream } from "./unpack.ts";

/** Pages of which it is remembered what is not drawn with the others. */
const KNOWN_PAGES = 16;

/** For the parts of this package that work on the PDF objects themselves. */
export interface PdfiumHandle {
  readonly module: Wasm;
  /** `FPDF_DOCUMENT` of the copy that `save` writes. */
  readonly docPtr: Pointer;
  /** Calls `use` with the loaded `FPDF_PAGE`, which stays open for later calls. Throws PdfError `damaged` when it cannot be loaded. */
  withPage<T>(index: number, use: (page: Pointer) => T): T;
  /** To be called after changing anything, so that drawings show it. Pages are closed when `pages` of the document changed. */
  edited(what: "page" | "pages"): void;
  /** Runs work inside of PDFium: a trap makes the engine refuse further use. */
  guard<T>(work: () => T): T;
}

export class PdfiumDocument implements PdfDocument {
  readonly encrypted: boolean;
  readonly #engine: PdfiumEngine;
  readonly #wasm: Wasm;
  readonly #loaded: LoadedDocument;
  readonly #main: DocumentCopy;
  #drawing: { readonly copy: DocumentCopy; readonly file: OpenFile | null } | null = null;
  /** By page: annotations that are not drawn with the others. */
  readonly #hidden = new Map<number, ReadonlySet<number>>();
  /** Kept for drawing. */
  #form: readonly FileField[] | null = null;
  /** As it was saved when something was first asked that PDFium does not tell. */
  #objects: ObjectFile | null = null;
  #isEdited = false;
  #pageCount: number;
  #closed = false;

  constructor(engine: PdfiumEngine, loaded: LoadedDocument) {
    this.#engine = engine;
    this.#wasm = engine.wasm;
    this.#loaded = loaded;
    this.encrypted = loaded.encrypted;
    this.#main = new DocumentCopy(engine.wasm, loaded.pointer, { withForms: false });
    this.#pageCount = this.#wasm.fn.FPDF_GetPageCount(loaded.pointer);
  }

  get pageCount(): number {
    return this.#pageCount;
  }

  get permissions(): PdfPermissions {
    return this.#run(() => readPermissions(this.#wasm, this.#main.pointer));
  }

  get metadata(): PdfMetadata {
    return this.#run(() => readMetadata(this.#wasm, this.#main.pointer));
  }

  get hasXfa(): boolean {
    return this.#run(() => hasXfa(this.#wasm, this.#main.pointer));
  }

  get signatureCount(): number {
    return this.#run(() => signatureCount(this.#wasm, this.#main.pointer));
  }

  page(index: number): PageInfo {
    return this.#onPage(index, () => readPage(this.#wasm, this.#main.pointer, index));
  }

  outline(): OutlineItem[] {
    return this.#run(() => {
      const items = readOutline(this.#wasm, this.#main.pointer, (index) => this.#geometry(index));
      const file = items.length === 0 ? null : this.#storedObjects();
      if (file !== null) addOutlineStyles(items, file);
      return items;
    });
  }

  /** As the file was opened, whatever was edited since. Null when our reader cannot read it. */
  #storedObjects(): ObjectReader | null {
    const { file, password } = this.#loaded;
    if (file === null) return null;
    // The file may need another password than the given one: none.
    const withPassword = (tried: string): ObjectReader =>
      new StoredFile(file, {
        unpack: (entries, data) => unpackStream(this.#engine, entries, data),
        decipher: (objects) => objectDecipher(objects, tried),
      });
    for (const tried of new Set([password, ""])) {
      try {
        return withPassword(tried);
      } catch (error) {
        if (!(error instanceof PdfError)) throw error;
      }
    }
    return null;
  }

  render(index: number, options: RenderOptions, into?: Uint8Array): Bitmap {
    return this.#onPage(index, () => {
      const geometry = this.#geometry(index);
      const wanted = this.#shown(index, options.annotations ?? "none");
      const shown = wanted !== null && isPlainPage(this.#wasm, this.#main.pointer, index, wanted) ? null : wanted;
      const plain = !geometry.repaired && shown === null;
      const copy = plain ? this.#main : this.#drawingCopy();
      return drawPage(this.#wasm, this.#engine.canvas, copy, {
        page: this.#drawablePage(copy, index, geometry),
        geometry,
        shown,
        options,
        into,
      });
    });
  }

  text(index: number): PageText {
    return this.#onPage(index, () => {
      const geometry = this.#geometry(index);
      const copy = geometry.repaired ? this.#drawingCopy() : this.#main;
      const page = this.#drawablePage(copy, index, geometry);
      if (page === 0) return { runs: [] };
      const language = readLanguage(this.#wasm, copy.pointer);
      const said = language === null ? {} : { language };
      if (!isTagged(this.#wasm, copy.pointer))
        return { ...layOut(readCharacters(this.#wasm, page, geometry, { into: this.#engine.characters })), ...said };
      const marked = layOutMarked(readCharacters(this.#wasm, page, geometry, { marks: true, into: this.#engine.characters }));
      const structure = readStructure(this.#wasm, page, geometry, marked);
      return { runs: marked.runs, ...said, ...(structure === null ? {} : { structure }) };
    });
  }

  annotations(index: number): FileAnnotation[] {
    return this.#onPage(index, () => {
      const found = readAnnotations(this.#wasm, this.#main.pointer, index, (at) => this.#geometry(at));
      return found.map((each) =>
        each.objectNumber > 0 && isInObjects(this.#wasm, this.#main.pointer, index, each) ? this.#withObjects(each) : each,
      );
    });
  }

  #withObjects(annotation: FileAnnotation): FileAnnotation {
    const file = this.#savedObjects();
    const entries = file.dict(file.get(annotation.objectNumber));
    return {
      ...annotation,
      measurement: entries.has("Measure") ? readMeasure(file, entries.get("Measure")) : null,
      action: isActionKnown(annotation.action) ? annotation.action : (this.#actionIn(file, entries.get("A")) ?? annotation.action),
    };
  }

  #actionIn(file: ObjectFile, object: PdfObject | undefined): Action | null {
    return readAction(file, object ?? null, formPages({ module: this.#wasm, docPtr: this.#main.pointer }));
  }

  /** Everything in the clear. It takes a save of the whole. */
  #savedObjects(): ObjectFile {
    return (this.#objects ??= new ObjectFile(saveDocument(this.#wasm, this.#main.pointer, { plain: true })));
  }

  appearance(index: number, annotation: Pick<FileAnnotation, "ordinal" | "rect">): Bitmap | null {
    return this.#onPage(index, () => renderAppearance(this.#wasm, this.#main.page(index), this.#geometry(index), annotation));
  }

  pictureFile({ objectNumber }: Pick<FileAnnotation, "objectNumber">, blob: string, codec: Inflater): Uint8Array | null {
    if (objectNumber <= 0) return null;
    return this.#run(() => {
      const file = this.#savedObjects();
      const entries = file.dict(refTo(objectNumber));
      const picture = file.resolve(entries.get(PICTURE_KEY));
      const shown = file.resolve(file.dict(file.dict(entries.get("AP")).get("N")).get(SHOWS_KEY));
      if (!isStream(picture) || !isString(shown) || shown.value !== blob) return null;
      // A JPEG stands there as it is; of the others the save packs what was not packed.
      return file.name(picture.dict.get("Filter")) === "DCTDecode" ? picture.data : decodeStream(file, picture, codec);
    });
  }

  get hasForm(): boolean {
    return this.#run(() => hasForm(this.#wasm, this.#main.pointer));
  }

  form(): FileField[] {
    return this.#run(() => {
      return readForm(this.#savedObjects(), formPages({ module: this.#wasm, docPtr: this.#main.pointer }));
    });
  }

  get bookmarkList(): string {
    const { fn } = this.#wasm;
    const key = this.#wasm.name(BOOKMARKS_KEY);
    return this.#run(() => readUtf16(this.#wasm, (buffer, bytes) => fn.FPDF_GetMetaText(this.#main.pointer, key, buffer, bytes)));
  }

  get hasFiles(): boolean {
    return this.#run(() => this.#wasm.fn.FPDFDoc_GetAttachmentCount(this.#main.pointer) > 0);
  }

  files(codec: Codec, annotations: readonly number[]): Iterable<EmbeddedBytes> {
    return filesIn(
      this.#run(() => this.#savedObjects()),
      { codec, annotations },
    );
  }

  save(): Uint8Array {
    return this.#run(() => saveDocument(this.#wasm, this.#main.pointer));
  }

  /** The PDF objects behind this document. Valid until it is closed. */
  get handle(): PdfiumHandle {
    return {
      module: this.#wasm,
      docPtr: this.#main.pointer,
      withPage: (index, use) =>
        this.#run(() => {
          const page = this.#main.page(index);
          if (page === 0) throw new PdfError("damaged", `page ${index} cannot be read`);
          return use(page);
        }),
      edited: (what) => this.#run(() => this.#edited(what)),
      guard: (work) => this.#run(work),
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#engine.forget(this);
    if (this.#engine.broken) return;
    this.#engine.guard(() => {
      this.#closeDrawing();
      this.#main.close();
      this.#loaded.file?.close();
    });
  }

  #shown(index: number, annotations: NonNullable<RenderOptions["annotations"]>): IsShown | null {
    if (annotations === "none") return null;
    if (annotations === "all") return () => true;
    let hidden = this.#hidden.get(index);
    if (hidden === undefined) {
      const found = readAnnotations(this.#wasm, this.#main.pointer, index, (at) => this.#geometry(at));
      const typeOf = this.#fieldTypes(index, found);
      hidden = new Set(found.filter((annotation) => !isDrawnWithOthers(annotation, typeOf(annotation))).map(({ ordinal }) => ordinal));
      if (this.#hidden.size >= KNOWN_PAGES) this.#hidden.delete(this.#hidden.keys().next().value!);
      this.#hidden.set(index, hidden);
    }
    const left = hidden;
    return (_subtype, ordinal) => !left.has(ordinal);
  }

  /** Of a page's widgets. The whole form is read only when they do not say themselves what they are. */
  #fieldTypes(index: number, found: readonly FileAnnotation[]): (annotation: FileAnnotation) => FieldType | null {
    const widgets = found.filter(({ subtype }) => subtype === "Widget");
    if (widgets.every(({ fieldType }) => fieldType !== null)) return ({ fieldType }) => fieldType;
    this.#form ??= this.form();
    const types = new Map<number, FieldType>();
    for (const { type, widgets: own } of this.#form)
      for (const { pageIndex, ordinal } of own) if (pageIndex === index) types.set(ordinal, type);
    return ({ subtype, ordinal }) => (subtype === "Widget" ? (types.get(ordinal) ?? null) : null);
  }

  #edited(what: "page" | "pages"): void {
    this.#isEdited = true;
    this.#form = null;
    this.#objects = null;
    this.#hidden.clear();
    this.#closeDrawing();
    if (what === "page") return;
    this.#main.closePages();
    this.#pageCount = this.#wasm.fn.FPDF_GetPageCount(this.#main.pointer);
  }

  #drawingCopy(): DocumentCopy {
    if (this.#drawing !== null) return this.#drawing.copy;
    const { reopen } = this.#loaded;
    if (reopen === null || this.#isEdited) {
      const file = this.#engine.openFile(saveDocument(this.#wasm, this.#main.pointer));
      const pointer = this.#engine.loadAccess(file.access, this.#loaded.password);
      if (pointer === 0) {
        file.close();
        throw new PdfError("failed", "the edited document cannot be drawn");
      }
      this.#drawing = { copy: new DocumentCopy(this.#wasm, pointer, { withForms: true }), file };
    } else {
      const pointer = reopen();
      if (pointer === 0) throw new PdfError("failed", "the document cannot be read a second time");
      this.#drawing = { copy: new DocumentCopy(this.#wasm, pointer, { withForms: true }), file: null };
    }
    return this.#drawing.copy;
  }

  #closeDrawing(): void {
    this.#drawing?.copy.close();
    this.#drawing?.file?.close();
    this.#drawing = null;
  }

  /** A page whose boxes PDFium cannot use gets the ones that we report, in the copy for drawing. */
  #drawablePage(copy: DocumentCopy, index: number, geometry: PageGeometry): Pointer {
    const page = copy.page(index);
    if (page === 0 || !geometry.repaired || copy === this.#main) return page;
    const [width, height] = [this.#wasm.fn.FPDF_GetPageWidthF(page), this.#wasm.fn.FPDF_GetPageHeightF(page)];
    if (Math.abs(width * height - geometry.width * geometry.height) < 1) return page;
    const [left, bottom, right, top] = geometry.box;
    for (const set of [this.#wasm.fn.FPDFPage_SetMediaBox, this.#wasm.fn.FPDFPage_SetCropBox]) set(page, left, bottom, right, top);
    copy.closePages();
    return copy.page(index);
  }

  #geometry(index: number): PageGeometry {
    return pageGeometry(this.#wasm, this.#main.pointer, index);
  }

  #onPage<T>(index: number, work: () => T): T {
    return this.#run(() => {
      if (!Number.isInteger(index) || index < 0 || index >= this.#pageCount)
        throw new PdfError("failed", `there is no page ${index} in a document of ${this.#pageCount}`);
      return work();
    });
  }

  #run<T>(work: () => T): T {
    if (this.#closed) throw new PdfError("failed", "the document is closed");
    return this.#engine.guard(work);
  }
}

/** The PDF objects behind a document of this engine. Throws PdfError `failed` for a document of another one. */
export function handleOf(document: PdfDocument): PdfiumHandle {
  if (document instanceof PdfiumDocument) return document.handle;
  throw new PdfError("failed", "the document does not belong to this engine");
}
