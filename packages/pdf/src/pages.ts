/**
 * The pages of an export: the source edited in place, so that outline, structure, form and named destinations stay, with its pages in a new
 * order, turned, taken out or twice, blank ones between them, and pages of other files taken over. Object numbers of the source stay, which is
 * how its annotations are found again. Boxes and labels come last (`finishPages`): annotations are placed on the page as it was imported.
 */
import type { OutlineItem, Rect, Rotation } from "@lectern/protocol";
import { PdfError, type PdfEngine, type RangeReader } from "./engine.ts";
import { putBookmarks, takeBookmarks } from "./bookmarks.ts";
import { latinBytes, ObjectFile } from "./objects/file.ts";
import { flatPages, pageAnnotations, pageBox, setPages } from "./objects/page-tree.ts";
import {
  isDict,
  isName,
  isRef,
  isString,
  isStream,
  nameOf,
  numberText,
  type PdfDict,
  type PdfObject,
  type PdfRefValue,
  refTo,
  stringText,
  textOf,
  textString,
} from "./objects/values.ts";
import { pdfRef } from "./pdf-writer.ts";
import { handleOf } from "./pdfium/document.ts";
import { saveDocument } from "./pdfium/save.ts";
import { becomesRecord } from "./subtypes.ts";
import { writeOutline } from "./write-outline.ts";

export interface PlannedPage {
  /** Index in the list of files; null: a blank page. File 0 is the one that is edited in place. */
  readonly file: number | null;
  /** In that file. */
  readonly index: number;
  /**
   * The annotations that the file has on it are the ones that records were made from. Otherwise (a copy, a page of another document) those that
   * become records are left out: the copy has records of its own.
   */
  readonly keepsAnnotations: boolean;
  /** Clockwise, on top of what the file says. */
  readonly rotation: Rotation;
  /** Of a blank page. */
  readonly size: readonly [width: number, height: number];
}

/** The bytes of a file as `ObjectFile` reads them: saved by PDFium, without encryption. Throws PdfError like `open`. */
export function plainBytes(engine: PdfEngine, source: Uint8Array | RangeReader, password?: string): Uint8Array {
  const document = engine.open(source, password === undefined ? {} : { password });
  try {
    const handle = handleOf(document);
    return handle.guard(() => saveDocument(handle.module, handle.docPtr, { plain: true }));
  } finally {
    document.close();
  }
}

/** `files`: as `plainBytes` gives them. `id`: 32 hexadecimal digits that name the outcome. Throws PdfError `failed`, `damaged`. */
export function assemblePages(files: readonly Uint8Array[], pages: readonly PlannedPage[], id: string): Uint8Array {
  const main = new ObjectFile(files[0]!);
  const opened = [main, ...files.slice(1).map((bytes) => new ObjectFile(bytes))];
  const leaves = opened.map(flatPages);
  const placed = new Set<number>();
  const imports = new Map<number, (object: PdfObject) => PdfObject>();
  const fields = new Map<number, Map<PdfDict, PdfRefValue>>();
  const numbers = pages.map((page) => {
    const number = place(page);
    const dict = main.dict(refTo(number));
    if (page.rotation !== 0) dict.set("Rotate", turned(main.number(dict.get("Rotate"), 0) + page.rotation));
    return number;
  });
  removePages(
    main,
    leaves[0]!.filter((number) => !placed.has(number)),
  );
  setPages(main, numbers);
  return main.write(id);

  function place(page: PlannedPage): number {
    if (page.file === null) return blankPage(main, page.size);
    const leaf = leaves[page.file]?.[page.index];
    if (leaf === undefined) throw new PdfError("failed", `the file has no page ${page.index}`);
    if (page.file === 0 && !placed.has(leaf) && page.keepsAnnotations) {
      placed.add(leaf);
      return leaf;
    }
    const from = opened[page.file]!;
    let copy = imports.get(page.file);
    if (copy === undefined) imports.set(page.file, (copy = page.file === 0 ? (object) => object : copier(from, main, leaves[page.file]!)));
    if (fields.size === 0) listFields(main, leaves[0]!);
    const copied = fields.get(page.file) ?? new Map<PdfDict, PdfRefValue>();
    fields.set(page.file, copied);
    return clonePage(from, main, { leaf, copy, copied, keepsAnnotations: page.keepsAnnotations });
  }
}

export function turned(degrees: number): number {
  return (((Math.round(degrees / 90) * 90) % 360) + 360) % 360;
}

function blankPage(file: ObjectFile, [width, height]: readonly [number, number]): number {
  const page: PdfDict = new Map<string, PdfObject>([
    ["Type", nameOf("Page")],
    ["MediaBox", [0, 0, width, height]],
    ["Resources", new Map()],
  ]);
  return file.add(page).number;
}

/** Not taken along: what ties a page to its old place, or is data of programs. */
const NOT_COPIED = ["Parent", "StructParents", "B", "PieceInfo", "Thumb", "Annots", "AA", "Metadata"];

function clonePage(
  from: ObjectFile,
  to: ObjectFile,
  {
    leaf,
    copy,
    copied,
    keepsAnnotations,
  }: {
    readonly leaf: number;
    readonly copy: (object: PdfObject) => PdfObject;
    readonly copied: Map<PdfDict, PdfRefValue>;
    readonly keepsAnnotations: boolean;
  },
): number {
  const source = from.dict(refTo(leaf));
  const page: PdfDict = new Map();
  for (const [key, value] of source) if (!NOT_COPIED.includes(key)) page.set(key, copy(value));
  const ref = to.add(page);
  // In a file where it stands already, a copy needs another one.
  const keepsName = from !== to && keepsAnnotations;
  const annotations: PdfObject[] = [];
  for (const { dict } of pageAnnotations(from, source)) {
    const subtype = from.name(dict.get("Subtype")) ?? "";
    if (subtype === "Popup" || dict.has("IRT") || (!keepsAnnotations && becomesRecord(subtype))) continue;
    if (subtype === "Widget" && !keepsAnnotations && !hasOwnLooks(from, dict)) continue;
    if (subtype === "Widget" && isSigned(from, dict)) {
      drawLooks(from, to, { widget: dict, page, copy });
      continue;
    }
    const annotation: PdfDict = new Map();
    for (const [key, value] of dict)
      if (!["P", "Popup", "Parent", "StructParent", "Kids"].includes(key) && (key !== "NM" || keepsName)) annotation.set(key, copy(value));
    annotation.set("P", ref);
    const added = to.add(annotation);
    if (subtype === "Widget") addField(from, to, { widget: dict, copy, copied, added: annotation, ref: added });
    annotations.push(added);
  }
  if (annotations.length > 0) page.set("Annots", annotations);
  return ref.number;
}

const FIELD_KEYS = ["FT", "Ff", "V", "DV", "DA", "Q", "MaxLen", "Opt", "TU", "TM", "AA"];
const PUSH_BUTTON = 1 << 16;

/** The field that a widget is of, and what it says itself or inherits. */
interface FoundField {
  /** Partial names from the top. */
  readonly names: readonly string[];
  readonly dict: PdfDict;
  readonly entries: PdfDict;
}

function fieldOf(file: ObjectFile, widget: PdfDict): FoundField {
  const names: string[] = [];
  const entries: PdfDict = new Map();
  let dict: PdfDict | null = null;
  let at: PdfDict = widget;
  for (let depth = 0; depth < 32; depth++) {
    const part = file.resolve(at.get("T"));
    if (isString(part)) {
      names.unshift(stringText(part.value));
      dict ??= at;
    }
    // Actions of a widget are its own.
    for (const key of FIELD_KEYS) if (!entries.has(key) && at.has(key) && (key !== "AA" || dict !== null)) entries.set(key, at.get(key)!);
    const parent = file.resolve(at.get("Parent"));
    if (!isDict(parent)) break;
    at = parent;
  }
  return { names: names.length === 0 ? ["field"] : names, dict: dict ?? widget, entries };
}

/** Buttons and signatures have their looks in the file alone; other fields are records, which a copy has of its own. */
function hasOwnLooks(file: ObjectFile, widget: PdfDict): boolean {
  const { entries } = fieldOf(file, widget);
  const type = file.name(entries.get("FT"));
  return type === "Sig" || type === null || (type === "Btn" && (file.number(entries.get("Ff"), 0) & PUSH_BUTTON) !== 0);
}

/** What was signed is another file: a signature on a copied page would be none, and tell readers that something is wrong. */
function isSigned(file: ObjectFile, widget: PdfDict): boolean {
  const { entries } = fieldOf(file, widget);
  return file.name(entries.get("FT")) === "Sig" && isDict(file.resolve(entries.get("V")));
}

const INVISIBLE = 2 | 32;

/** What the widget looks like becomes content of the page (ISO 32000-2, 12.5.5, algorithm "appearance streams"). */
function drawLooks(
  from: ObjectFile,
  to: ObjectFile,
  { widget, page, copy }: { readonly widget: PdfDict; readonly page: PdfDict; readonly copy: (object: PdfObject) => PdfObject },
): void {
  const looks = widget.get("AP") === undefined ? undefined : from.dict(widget.get("AP")).get("N");
  const state = from.resolve(looks);
  const form = isDict(state) ? state.get(from.name(widget.get("AS")) ?? "") : looks;
  const stream = from.resolve(form);
  const rect = from.numbers(widget.get("Rect"));
  if (!isStream(stream) || !isRef(form) || rect.length !== 4 || (from.number(widget.get("F"), 0) & INVISIBLE) !== 0) return;
  const [left, bottom, right, top] = spanned([
    [rect[0]!, rect[1]!],
    [rect[2]!, rect[3]!],
  ]);
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = from.numbers(stream.dict.get("Matrix"));
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = from.numbers(stream.dict.get("BBox"));
  const corners = [x0, x1].flatMap((x) => [y0, y1].map((y) => [a * x + c * y + e, b * x + d * y + f] as const));
  const [l, t, r, u] = spanned(corners);
  if (r - l <= 0 || u - t <= 0 || right - left <= 0 || top - bottom <= 0) return;
  const [sx, sy] = [(right - left) / (r - l), (top - bottom) / (u - t)];
  const resources: PdfDict = new Map(to.dict(page.get("Resources")));
  const objects: PdfDict = new Map(to.dict(resources.get("XObject")));
  let name = "Signature";
  for (let n = 2; objects.has(name); n++) name = `Signature${n}`;
  objects.set(name, copy(form));
  resources.set("XObject", objects);
  page.set("Resources", resources);
  const numbers = [sx, 0, 0, sy, left - l * sx, bottom - t * sy].map(numberText).join(" ");
  const content = (text: string): PdfRefValue =>
    to.add({ kind: "stream", dict: new Map([["Length", text.length]]), data: latinBytes(text) });
  const before = page.get("Contents");
  const resolved = to.resolve(before);
  const list = Array.isArray(resolved) ? resolved : before === undefined || resolved === null ? [] : [before];
  page.set("Contents", [content("q\n"), ...list, content(`\nQ q ${numbers} cm /${name} Do Q\n`)]);
}

function spanned(points: readonly (readonly [x: number, y: number])[]): [left: number, bottom: number, right: number, top: number] {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/**
 * The copy of a widget hangs on a copy of its field, below the parents that its name says. Widgets of one field that come from one other file stay
 * of one field; where the name is taken it gets a number, as two fields of one name would share their value.
 */
function addField(
  from: ObjectFile,
  to: ObjectFile,
  {
    widget,
    copy,
    copied,
    added,
    ref,
  }: {
    readonly widget: PdfDict;
    readonly copy: (object: PdfObject) => PdfObject;
    /** Copies of fields of this file. */
    readonly copied: Map<PdfDict, PdfRefValue>;
    readonly added: PdfDict;
    readonly ref: PdfRefValue;
  },
): void {
  const { names, dict, entries } = fieldOf(from, widget);
  for (const key of FIELD_KEYS) if (key !== "AA") added.delete(key);
  added.delete("T");
  // Its default appearance is the widget's as well.
  if (widget.has("DA")) added.set("DA", copy(widget.get("DA")!));
  const known = from === to ? undefined : copied.get(dict);
  if (known !== undefined) {
    added.set("Parent", known);
    const kids = to.edit(known.number);
    kids.set("Kids", [...to.array(kids.get("Kids")), ref]);
    return;
  }
  const field: PdfDict = new Map<string, PdfObject>([["Kids", [ref]]]);
  for (const [key, value] of entries) field.set(key, copy(value));
  const fieldRef = to.add(field);
  added.set("Parent", fieldRef);
  copied.set(dict, fieldRef);
  const form = formOf(to);
  let above: PdfRefValue | null = null;
  for (const name of names.slice(0, -1)) {
    const found = named(to, form, above, name);
    // A field with a value of its own has no room for others below it.
    above = found !== null && !to.dict(found).has("FT") ? found : newParent(to, form, above, unique(to, form, above, name));
  }
  field.set("T", textString(unique(to, form, above, names.at(-1)!)));
  attach(to, form, above, fieldRef);
  if (above !== null) field.set("Parent", above);
  const foreign = from === to ? null : from.resolve(from.catalog.get("AcroForm"));
  if (!isDict(foreign)) return;
  mergeFonts(from, to, { source: from.dict(foreign.get("DR")), form, copy });
  if (from.array(foreign.get("CO")).some((object) => from.resolve(object) === dict))
    form.set("CO", [...to.array(form.get("CO")), fieldRef]);
}

function siblings(file: ObjectFile, form: PdfDict, above: PdfRefValue | null): PdfObject[] {
  return above === null ? file.array(form.get("Fields")) : file.array(file.dict(above).get("Kids"));
}

function named(file: ObjectFile, form: PdfDict, above: PdfRefValue | null, name: string): PdfRefValue | null {
  return (
    siblings(file, form, above).find(
      (each): each is PdfRefValue => isRef(each) && textOf(file.resolve(file.dict(each).get("T"))) === name,
    ) ?? null
  );
}

function unique(file: ObjectFile, form: PdfDict, above: PdfRefValue | null, name: string): string {
  // A dot would make it a field within a field.
  const plain = name.replaceAll(".", "_");
  let free = plain;
  for (let n = 2; named(file, form, above, free) !== null; n++) free = `${plain}_${n}`;
  return free;
}

function newParent(file: ObjectFile, form: PdfDict, above: PdfRefValue | null, name: string): PdfRefValue {
  const parent = file.add(
    new Map<string, PdfObject>([["T", textString(name)], ["Kids", []], ...(above === null ? [] : [["Parent", above] as const])]),
  );
  attach(file, form, above, parent);
  return parent;
}

function attach(file: ObjectFile, form: PdfDict, above: PdfRefValue | null, ref: PdfRefValue): void {
  const dict = above === null ? form : file.edit(above.number);
  dict.set(above === null ? "Fields" : "Kids", [...siblings(file, form, above), ref]);
}

/** Fields that stand on pages only are listed, so that their names are taken. */
function listFields(file: ObjectFile, leaves: readonly number[]): void {
  const listed = new Set<PdfObject>(
    file.array(file.dict(file.catalog.get("AcroForm")).get("Fields")).map((object) => file.resolve(object)),
  );
  for (const leaf of leaves)
    for (const { object, dict } of pageAnnotations(file, file.dict(refTo(leaf)))) {
      if (!isRef(object) || file.name(dict.get("Subtype")) !== "Widget" || !dict.has("T") || dict.has("Parent") || listed.has(dict))
        continue;
      listed.add(dict);
      const form = formOf(file);
      form.set("Fields", [...file.array(form.get("Fields")), object]);
    }
}

function formOf(file: ObjectFile): PdfDict {
  const known = file.resolve(file.catalog.get("AcroForm"));
  if (isDict(known)) return known;
  const form: PdfDict = new Map([["Fields", []]]);
  file.catalog.set("AcroForm", file.add(form));
  return form;
}

function mergeFonts(
  from: ObjectFile,
  to: ObjectFile,
  { source, form, copy }: { readonly source: PdfDict; readonly form: PdfDict; readonly copy: (object: PdfObject) => PdfObject },
): void {
  const resources: PdfDict = new Map(to.dict(form.get("DR")));
  const fonts: PdfDict = new Map(to.dict(resources.get("Font")));
  for (const [name, font] of from.dict(source.get("Font"))) if (!fonts.has(name)) fonts.set(name, copy(font));
  resources.set("Font", fonts);
  form.set("DR", resources);
}

/** Takes objects over, each once. Pages of that file are not followed: what names one names nothing. */
function copier(from: ObjectFile, to: ObjectFile, leaves: readonly number[]): (object: PdfObject) => PdfObject {
  const known = new Map<number, PdfObject>(leaves.map((number) => [number, null]));
  const copy = (object: PdfObject): PdfObject => {
    if (object === null || typeof object !== "object") return object;
    if (Array.isArray(object)) return object.map(copy);
    if (object instanceof Map) return new Map([...object].map(([key, value]) => [key, key === "Parent" ? null : copy(value)]));
    if (object.kind === "stream") return { kind: "stream", dict: copy(object.dict) as PdfDict, data: object.data };
    if (object.kind !== "ref") return object;
    const seen = known.get(object.number);
    if (seen !== undefined) return seen;
    const target = from.get(object.number);
    if (target === null || (isDict(target) && isName(target.get("Type"), "Pages"))) return null;
    const ref = to.add(null);
    known.set(object.number, ref);
    to.set(ref.number, copy(target));
    return ref;
  };
  return copy;
}

/** The pages are out of the file, with their annotations, and with their widgets out of the form. */
export function removePages(file: ObjectFile, pages: readonly number[]): void {
  if (pages.length === 0) return;
  const gone = new Set<number>();
  for (const number of pages) {
    for (const { object } of pageAnnotations(file, file.dict(refTo(number)))) if (isRef(object)) gone.add(object.number);
    file.remove(number);
  }
  removeWidgets(file, gone);
}

/** Fields that had only these widgets go with them. */
export function removeWidgets(file: ObjectFile, gone: ReadonlySet<number>): void {
  for (const number of gone) file.remove(number);
  const form = file.resolve(file.catalog.get("AcroForm"));
  if (!isDict(form)) return;
  const remaining = (objects: readonly PdfObject[], depth: number): PdfObject[] =>
    objects.filter((object) => {
      if (isRef(object) && gone.has(object.number)) return false;
      const dict = file.resolve(object);
      if (!isDict(dict) || depth > 32) return false;
      const kids = file.array(dict.get("Kids"));
      if (kids.length === 0) return true;
      const left = remaining(kids, depth + 1);
      dict.set("Kids", left);
      return left.length > 0;
    });
  form.set("Fields", remaining(file.array(form.get("Fields")), 0));
}

export interface FinishedPages {
  /** By place in the file: in points of the page as it is, y down; null or missing: as it is. */
  readonly crops: readonly (Rect | null)[];
  /** All of them, when any differs from the page's number; null: as they are. */
  readonly labels: readonly string[] | null;
  /** In place of the file's, with pages by place in the file; null or missing: as it is. */
  readonly outline?: readonly OutlineItem[] | null;
  /** Null removes one; missing: as it is. */
  readonly metadata: Readonly<Partial<Record<"title" | "author" | "subject" | "keywords", string | null>>> | null;
}

/** The last pass over a plain file. The bytes as they are when there is nothing to do. */
export function finishPages(bytes: Uint8Array, { crops, labels, outline = null, metadata }: FinishedPages, id: string): Uint8Array {
  if (labels === null && metadata === null && outline === null && crops.every((crop) => crop === null)) return bytes;
  const file = new ObjectFile(bytes);
  const pages = flatPages(file);
  // Places on pages are those before a crop.
  const boxes = outline === null ? [] : pages.map((number) => pageBox(file, file.dict(refTo(number))));
  for (const [index, crop] of crops.entries()) {
    const number = pages[index];
    if (crop === null || number === undefined) continue;
    const page = file.dict(refTo(number));
    const [left, , , top] = pageBox(file, page);
    const [x, y, width, height] = crop;
    page.set("CropBox", [left + x, top - y - height, left + x + width, top - y]);
  }
  if (outline !== null) {
    const bookmarks = takeBookmarks(file);
    writeOutline(file, outline, (page) => {
      const number = pages[Number(page)];
      return number === undefined ? null : { ref: pdfRef(number), box: boxes[Number(page)]! };
    });
    putBookmarks(file, bookmarks);
  }
  if (labels !== null) writeLabels(file, labels);
  if (metadata !== null) writeMetadata(file, metadata);
  return file.write(id);
}

/** 12.4.2. Runs of plain numbers are one entry. */
function writeLabels(file: ObjectFile, labels: readonly string[]): void {
  const entries: PdfObject[] = [];
  let counting = Number.NaN;
  for (const [index, label] of labels.entries()) {
    const number = /^[1-9]\d{0,8}$/.test(label) ? Number(label) : Number.NaN;
    if (number !== counting) {
      entries.push(
        index,
        Number.isNaN(number)
          ? new Map([["P", textString(label)]])
          : new Map<string, PdfObject>([
              ["S", nameOf("D")],
              ["St", number],
            ]),
      );
    } else if (Number.isNaN(number)) entries.push(index, new Map([["P", textString(label)]]));
    counting = number + 1;
  }
  if (labels.every((label, index) => label === String(index + 1))) file.catalog.delete("PageLabels");
  else file.catalog.set("PageLabels", new Map([["Nums", entries]]));
}

const INFO_KEYS = { title: "Title", author: "Author", subject: "Subject", keywords: "Keywords" } as const;

function writeMetadata(file: ObjectFile, metadata: NonNullable<FinishedPages["metadata"]>): void {
  const known = file.resolve(file.trailer.get("Info"));
  const info: PdfDict = isDict(known) ? known : new Map();
  if (!isDict(known)) file.trailer.set("Info", file.add(info));
  for (const [key, name] of Object.entries(INFO_KEYS) as [keyof typeof INFO_KEYS, string][]) {
    const value = metadata[key];
    if (value === null) info.delete(name);
    else if (value !== undefined) info.set(name, textString(value));
  }
  // Two places that say different things help nobody: the stream is the one that readers may leave out.
  if (isStream(file.resolve(file.catalog.get("Metadata")))) file.catalog.delete("Metadata");
}
