/**
 * Changes of field, widget and value records → the form of a file, in place: the field tree stays as it is, what changed gets its value,
 * its looks (ISO 32000-2, 12.7.4) and its flags; new fields and widgets are added, deleted ones taken out.
 */
import type { Action, Field, RecordOf, Value, Widget } from "@lectern/protocol";
import type { FontFor } from "../appearance/embedded-text.ts";
import { type FontName, standardFont } from "../appearance/font-metrics.ts";
import { toContentStream } from "../appearance/to-content-stream.ts";
import { type SharedObjects, textFonts } from "../appearance-stream.ts";
import { fontWriter } from "../font-writer.ts";
import { pdfNumber } from "../pdf-writer.ts";
import { sha256 } from "../sha256.ts";
import { drawWidget, type DrawnWidget } from "./appearance.ts";
import { isOn, valuesOf } from "./fill.ts";
import { type FormRecord, formRecords, type FormRecords, WIDGET_FLAGS } from "./form-records.ts";
import { type ObjectFile, objectFile, writtenObjects } from "./object-file.ts";
import { dict, isDict, isName, isRef, name, type PdfDict, type PdfObject, type PdfReference, ref, textOf, textString } from "./objects.ts";
import { FIELD_FLAGS, type FileWidget, type FormPage, readForm } from "./read-form.ts";

export interface FormChange {
  readonly base: FormRecord | null;
  readonly current: FormRecord | null;
}

export interface WriteFormOptions {
  readonly pages: readonly FormPage[];
  /** Where a page of the records stands in the file; null: it is not there. */
  readonly pageIndexOf: (page: string) => number | null;
  /** Every visible widget gets looks, and the form is taken away: the widgets are to become content of their pages. */
  readonly flatten?: boolean;
  /** Fonts to embed for characters beyond the standard fonts. */
  readonly fontFor?: FontFor | undefined;
  readonly onLeftOut?: ((record: FormRecord) => void) | undefined;
}

/** A field as it is to be: its records, and what the file has of it. */
interface Target {
  readonly field: RecordOf<"field">;
  value: Pick<Value, "value" | "optionIndexes">;
  readonly widgets: { readonly record: RecordOf<"widget">; readonly file: FileWidget | null; readonly isChanged: boolean }[];
  readonly found: FormRecords | null;
  readonly isFieldChanged: boolean;
  readonly isValueChanged: boolean;
}

/** `bytes`: a file as PDFium saves it, without encryption. */
export function writeForm(bytes: Uint8Array, changes: readonly FormChange[], options: WriteFormOptions): Uint8Array {
  const file = objectFile(bytes);
  const known = formRecords(readForm(file, options.pages), { revision: 0, sha256 });
  const changed = new Map(changes.map((change) => [(change.current ?? change.base)!.id, change]));
  const writer = new FormWriter(file, options);
  const targets: Target[] = [];
  for (const found of known) {
    const change = changed.get(found.field.id);
    const isGone = change !== undefined && change.current === null;
    const target = isGone ? null : targetOf(found, changed, changes, options.flatten === true);
    if (isGone) writer.removeField(found);
    else if (target !== null) targets.push(target);
    if (target !== null)
      for (const { record, file: widget } of found.widgets)
        if (changed.get(record.id)?.current === null) writer.removeWidget(widget, found);
  }
  const ids = new Set(known.map(({ field }) => field.id));
  for (const { current } of changes)
    if (current?.kind === "field" && !ids.has(current.id)) targets.push(newTarget(current, changed, changes));
  for (const target of targets) writer.write(target);
  if (options.flatten === true) writer.flatten(targets);
  writer.finish(options.flatten === true);
  return file.finish();
}

function widgetsAdded(field: string, changes: readonly FormChange[], known: ReadonlySet<string>): RecordOf<"widget">[] {
  return changes.flatMap(({ current }) =>
    current?.kind === "widget" && current.data.field === field && !known.has(current.id) ? [current] : [],
  );
}

/** Null when nothing of the field changed. */
function targetOf(
  found: FormRecords,
  changed: ReadonlyMap<string, FormChange>,
  changes: readonly FormChange[],
  always: boolean,
): Target | null {
  const currentOf = <T extends FormRecord>(record: T): T | null => {
    const change = changed.get(record.id);
    return change === undefined ? record : (change.current as T | null);
  };
  const field = currentOf(found.field)!;
  const value = currentOf(found.value);
  const known = new Set(found.widgets.map(({ record }) => record.id));
  const widgets = [
    ...found.widgets.flatMap(({ record, file }) => {
      const current = currentOf(record);
      return current === null ? [] : [{ record: current, file, isChanged: current !== record }];
    }),
    ...widgetsAdded(found.field.id, changes, known).map((record) => ({ record, file: null, isChanged: true })),
  ];
  const isFieldChanged = field !== found.field;
  const isValueChanged = value !== found.value;
  const isTouched =
    isFieldChanged || isValueChanged || widgets.length !== found.widgets.length || widgets.some(({ isChanged }) => isChanged);
  return isTouched || always ? { field, value: (value ?? found.value).data, widgets, found, isFieldChanged, isValueChanged } : null;
}

function newTarget(field: RecordOf<"field">, changed: ReadonlyMap<string, FormChange>, changes: readonly FormChange[]): Target {
  const value = changed.get(`${field.id}:v`)?.current;
  return {
    field,
    value: value?.kind === "value" ? value.data : { value: null },
    widgets: widgetsAdded(field.id, changes, new Set()).map((record) => ({ record, file: null, isChanged: true })),
    found: null,
    isFieldChanged: true,
    isValueChanged: true,
  };
}

const PRINT = 4;
const OFF = "Off";
const SYMBOL_CODES = { check: "4", circle: "l", cross: "8", diamond: "u", square: "n", star: "H" } as const;
const FONT_KEYS: Readonly<Record<FontName, string>> = {
  Helvetica: "Helv",
  "Helvetica-Bold": "HeBo",
  "Helvetica-Oblique": "HeOb",
  "Helvetica-BoldOblique": "HeBI",
  "Times-Roman": "TiRo",
  "Times-Bold": "TiBo",
  "Times-Italic": "TiIt",
  "Times-BoldItalic": "TiBI",
  Courier: "Cour",
  "Courier-Bold": "CoBo",
  "Courier-Oblique": "CoOb",
  "Courier-BoldOblique": "CoBI",
};

class FormWriter {
  readonly #file: ObjectFile;
  readonly #options: WriteFormOptions;
  readonly #form: PdfDict;
  readonly #fonts = new Map<FontName, PdfReference>();
  readonly #resources = new Map<string, PdfReference>();
  readonly #embedding: SharedObjects["embedding"];

  constructor(file: ObjectFile, options: WriteFormOptions) {
    this.#file = file;
    this.#options = options;
    const { fontFor } = options;
    this.#embedding = fontFor === undefined ? undefined : { fontFor, writer: fontWriter(writtenObjects(file)) };
    this.#form = dict({});
    for (const [key, value] of file.dict(file.catalog.entries.get("AcroForm"))?.entries ?? []) this.#form.entries.set(key, value);
  }

  write(target: Target): void {
    const { field, value, found } = target;
    const { data } = field;
    const number = found?.file.nodes[0] ?? null;
    const node = number === null ? this.#newField(data, target) : { number, entries: this.#entries(number) };
    for (const other of [node, ...(found?.file.nodes.slice(1) ?? []).map((each) => ({ number: each, entries: this.#entries(each) }))]) {
      const { entries } = other;
      if (found === null || target.isFieldChanged) this.#writeField(entries, data, found?.field.data ?? null);
      if (target.isValueChanged || found === null) writeValue(entries, data, value, this.#stateFor(target));
      this.#file.set(other.number, { kind: "dict", entries });
    }
    for (const widget of target.widgets) this.#writeWidget(target, widget, node.number);
  }

  removeField(found: FormRecords): void {
    for (const { file } of found.widgets) this.#unlist(file);
    for (const number of found.file.nodes) this.#detach(number);
  }

  removeWidget(widget: FileWidget, found: FormRecords): void {
    this.#unlist(widget);
    for (const node of found.file.nodes) {
      const entries = this.#entries(node);
      const kids = this.#file.resolve(entries.get("Kids"));
      if (!Array.isArray(kids)) continue;
      entries.set(
        "Kids",
        kids.filter((kid) => !(isRef(kid) && kid.number === widget.objectNumber)),
      );
      this.#file.set(node, { kind: "dict", entries });
    }
  }

  /** Widgets that show nothing go. */
  flatten(targets: readonly Target[]): void {
    for (const { widgets } of targets)
      for (const { record, file } of widgets)
        if (file !== null && (isUnseen(record.data) || !this.#entries(file.objectNumber).has("AP"))) this.#unlist(file);
  }

  finish(withoutForm: boolean): void {
    this.#embedding?.writer.finish();
    const { entries } = this.#form;
    if (withoutForm) {
      const catalog = new Map(this.#file.catalog.entries);
      catalog.delete("AcroForm");
      this.#file.set(this.#file.catalogNumber, { kind: "dict", entries: catalog });
      return;
    }
    if (entries.size === 0) return;
    entries.delete("NeedAppearances");
    const fields = this.#file.resolve(entries.get("Fields"));
    entries.set("Fields", Array.isArray(fields) ? fields.filter(isRef) : []);
    if (this.#resources.size > 0) {
      const resources = dict({});
      for (const [key, value] of this.#file.dict(entries.get("DR"))?.entries ?? []) resources.entries.set(key, value);
      const fonts = dict({});
      for (const [key, value] of this.#file.dict(resources.entries.get("Font"))?.entries ?? []) fonts.entries.set(key, value);
      for (const [key, value] of this.#resources) if (!fonts.entries.has(key)) fonts.entries.set(key, value);
      resources.entries.set("Font", fonts);
      entries.set("DR", resources);
    }
    if (!entries.has("DA")) entries.set("DA", textString("/Helv 0 Tf 0 g"));
    const catalog = new Map(this.#file.catalog.entries);
    catalog.set("AcroForm", this.#file.add(this.#form));
    this.#file.set(this.#file.catalogNumber, { kind: "dict", entries: catalog });
  }

  #entries(number: number): Map<string, PdfObject> {
    const object = this.#file.get(number);
    return new Map(isDict(object) ? object.entries : []);
  }

  /** A field of its own below the parents that its name says; of one widget, they are one dictionary. */
  #newField(data: Field, target: Target): { readonly number: number; readonly entries: Map<string, PdfObject> } {
    const partials = data.name.split(".");
    const { number } = this.#file.add(null);
    const entries = new Map<string, PdfObject>([["T", textString(partials.at(-1)!)]]);
    const parent = this.#parent(partials.slice(0, -1), number);
    if (parent !== null) entries.set("Parent", ref(parent));
    entries.set(
      "FT",
      name({ text: "Tx", combobox: "Ch", listbox: "Ch", signature: "Sig", button: "Btn", checkbox: "Btn", radio: "Btn" }[data.type]),
    );
    if (target.widgets.length !== 1) entries.set("Kids", []);
    if (data.actions?.onCalculate !== undefined) {
      const order = this.#file.resolve(this.#form.entries.get("CO"));
      this.#form.entries.set("CO", [...(Array.isArray(order) ? order : []), ref(number)]);
    }
    return { number, entries };
  }

  /** The field that the new one hangs below, made where it is missing; null: the form itself. */
  #parent(partials: readonly string[], child: number): number | null {
    let list = this.#file.resolve(this.#form.entries.get("Fields"));
    let above: number | null = null;
    for (const partial of partials) {
      const found: PdfObject | undefined = (Array.isArray(list) ? list : []).find(
        (item) => isRef(item) && textOf(this.#file.resolve(this.#file.dict(item)?.entries.get("T"))) === partial,
      );
      const number: number = isRef(found)
        ? found.number
        : this.#file.add(dict({ T: textString(partial), Kids: [], Parent: above === null ? undefined : ref(above) })).number;
      if (!isRef(found)) this.#attach(above, number);
      above = number;
      list = this.#file.resolve(this.#entries(number).get("Kids"));
    }
    this.#attach(above, child);
    return above;
  }

  #attach(above: number | null, number: number): void {
    const entries = above === null ? this.#form.entries : this.#entries(above);
    const key = above === null ? "Fields" : "Kids";
    const list = this.#file.resolve(entries.get(key));
    entries.set(key, [...(Array.isArray(list) ? list : []), ref(number)]);
    if (above !== null) this.#file.set(above, { kind: "dict", entries });
  }

  #detach(number: number): void {
    const without = (list: PdfObject): PdfObject[] =>
      Array.isArray(list) ? list.filter((item) => !(isRef(item) && item.number === number)) : [];
    const parent = this.#entries(number).get("Parent");
    if (isRef(parent)) {
      const entries = this.#entries(parent.number);
      entries.set("Kids", without(this.#file.resolve(entries.get("Kids"))));
      this.#file.set(parent.number, { kind: "dict", entries });
    }
    this.#form.entries.set("Fields", without(this.#file.resolve(this.#form.entries.get("Fields"))));
    const order = this.#file.resolve(this.#form.entries.get("CO"));
    if (Array.isArray(order)) this.#form.entries.set("CO", without(order));
  }

  /** Out of its page's list. */
  #unlist({ pageIndex, objectNumber }: FileWidget): void {
    const page = this.#options.pages[pageIndex];
    if (page === undefined || objectNumber === 0) return;
    const entries = this.#entries(page.objectNumber);
    const list = this.#file.resolve(entries.get("Annots"));
    if (Array.isArray(list))
      entries.set(
        "Annots",
        list.filter((item) => !(isRef(item) && item.number === objectNumber)),
      );
    this.#file.set(page.objectNumber, { kind: "dict", entries });
  }

  #writeField(entries: Map<string, PdfObject>, data: Field, before: Field | null): void {
    const last = data.name.split(".").at(-1)!;
    if (before === null || before.name !== data.name) entries.set("T", textString(last));
    put(entries, "TU", data.label === undefined ? undefined : textString(data.label));
    entries.set("Ff", flagsOf(data, entries));
    put(entries, "MaxLen", data.type === "text" ? data.maxLength : undefined);
    if (data.type === "combobox" || data.type === "listbox")
      entries.set(
        "Opt",
        (data.options ?? []).map(({ label, value }) => (label === value ? textString(value) : [textString(value), textString(label)])),
      );
    const defaults = data.defaults ?? [];
    if (data.type === "text") put(entries, "DV", defaults[0] === undefined ? undefined : textString(defaults[0]));
    else if (data.type === "combobox" || data.type === "listbox")
      put(entries, "DV", defaults.length === 0 ? undefined : defaults.length === 1 ? textString(defaults[0]!) : defaults.map(textString));
    const actions = new Map(this.#file.dict(entries.get("AA"))?.entries);
    for (const [event, action] of [
      ["K", data.actions?.onInput],
      ["F", data.actions?.onFormat],
      ["V", data.actions?.onChange],
      ["C", data.actions?.onCalculate],
    ] as const)
      put(actions, event, action?.type === "javascript" ? scriptAction(action) : undefined);
    put(entries, "AA", actions.size === 0 ? undefined : { kind: "dict", entries: actions });
  }

  /** The name of the appearance that shows the value of a check box or group of radio buttons. */
  #stateFor({ field, value, widgets }: Target): string {
    for (const { record, file } of widgets) if (isOn(field.data, record.data, value)) return stateOf(record.data, file);
    return OFF;
  }

  #writeWidget(target: Target, { record, file, isChanged }: Target["widgets"][number], field: number): void {
    const { data } = record;
    const index = this.#options.pageIndexOf(data.page);
    const page = index === null ? undefined : this.#options.pages[index];
    if (page === undefined || (file !== null && file.objectNumber === 0)) {
      this.#options.onLeftOut?.(record);
      return;
    }
    const isOnly = file === null && target.found === null && target.widgets.length === 1;
    const number = file?.objectNumber ?? (isOnly ? field : this.#file.add(null).number);
    const entries = this.#entries(number);
    if (file === null) this.#listNew({ entries, number, field, page, data, id: record.id, isOnly });
    else if (file.pageIndex !== index) {
      this.#unlist(file);
      this.#list(page, number);
      entries.set("P", ref(page.objectNumber));
    }
    if (isChanged) this.#writeLook(entries, target.field.data, data, page);
    const { type } = target.field.data;
    const isTouched = isChanged || file === null || target.isFieldChanged || target.isValueChanged;
    if (type === "checkbox" || type === "radio") this.#writeToggle(entries, target, { data, file, isNew: file === null || isChanged });
    else if (
      type !== "signature" &&
      (isTouched || !entries.has("AP")) &&
      (type !== "button" || isChanged || file === null || !entries.has("AP"))
    )
      entries.set("AP", dict({ N: this.#appearance({ field: target.field.data, widget: data, value: target.value }) }));
    this.#file.set(number, { kind: "dict", entries });
  }

  #listNew(widget: {
    readonly entries: Map<string, PdfObject>;
    readonly number: number;
    readonly field: number;
    readonly page: FormPage;
    readonly data: Widget;
    readonly id: string;
    readonly isOnly: boolean;
  }): void {
    const { entries, number, field, page, id, isOnly } = widget;
    entries.set("Type", name("Annot"));
    entries.set("Subtype", name("Widget"));
    entries.set("NM", textString(id));
    entries.set("P", ref(page.objectNumber));
    this.#list(page, number);
    if (isOnly) return;
    entries.set("Parent", ref(field));
    const parent = this.#entries(field);
    this.#split(field, parent);
    const kids = this.#file.resolve(parent.get("Kids"));
    parent.set("Kids", [...(Array.isArray(kids) ? kids : []), ref(number)]);
    this.#file.set(field, { kind: "dict", entries: parent });
  }

  /** A field that was one dictionary with its widget gets a widget of its own before it gets a second one. */
  #split(field: number, entries: Map<string, PdfObject>): void {
    const subtype = entries.get("Subtype");
    if (!isName(subtype) || subtype.name !== "Widget") return;
    const own = new Map<string, PdfObject>([["Parent", ref(field)]]);
    for (const key of WIDGET_KEYS) {
      const value = entries.get(key);
      if (value === undefined) continue;
      own.set(key, value);
      entries.delete(key);
    }
    const widget = this.#file.add({ kind: "dict", entries: own });
    entries.set("Kids", [widget]);
    for (const { objectNumber } of this.#options.pages) {
      const page = this.#entries(objectNumber);
      const list = this.#file.resolve(page.get("Annots"));
      if (!Array.isArray(list) || !list.some((item) => isRef(item) && item.number === field)) continue;
      page.set(
        "Annots",
        list.map((item) => (isRef(item) && item.number === field ? widget : item)),
      );
      this.#file.set(objectNumber, { kind: "dict", entries: page });
    }
  }

  #list({ objectNumber }: FormPage, number: number): void {
    const entries = this.#entries(objectNumber);
    const list = this.#file.resolve(entries.get("Annots"));
    entries.set("Annots", [...(Array.isArray(list) ? list : []), ref(number)]);
    this.#file.set(objectNumber, { kind: "dict", entries });
  }

  #writeLook(entries: Map<string, PdfObject>, field: Field, { geometry, appearance, flags = [], action }: Widget, page: FormPage): void {
    const [left, top, width, height] = geometry.bbox;
    const [x, , , y] = page.box;
    entries.set("Rect", [x + left, y - top - height, x + left + width, y - top]);
    entries.set(
      "F",
      WIDGET_FLAGS.reduce((bits, [flag, bit]) => (flags.includes(flag) ? bits | bit : bits), flags.includes("noPrint") ? 0 : PRINT),
    );
    const characteristics = new Map(this.#file.dict(entries.get("MK"))?.entries);
    put(characteristics, "BC", appearance.borderColor === undefined ? undefined : rgb(appearance.borderColor));
    put(characteristics, "BG", appearance.backgroundColor === undefined ? undefined : rgb(appearance.backgroundColor));
    put(characteristics, "R", geometry.rotation === undefined || geometry.rotation === 0 ? undefined : 360 - geometry.rotation);
    if (field.type === "button") put(characteristics, "CA", field.buttonLabel === undefined ? undefined : textString(field.buttonLabel));
    else if (field.type === "checkbox" || field.type === "radio")
      characteristics.set("CA", textString(SYMBOL_CODES[appearance.symbol ?? (field.type === "radio" ? "circle" : "check")]));
    entries.set("MK", { kind: "dict", entries: characteristics });
    entries.set(
      "BS",
      dict({
        W: appearance.borderWidth ?? 1,
        S: name({ solid: "S", dashed: "D", beveled: "B", inset: "I", underline: "U" }[appearance.borderStyle ?? "solid"]),
      }),
    );
    entries.delete("Border");
    const font = standardFont(appearance.font, appearance.fontStyle);
    const isToggle = field.type === "checkbox" || field.type === "radio";
    if (!isToggle) this.#resources.set(FONT_KEYS[font], this.#font(font));
    const color = rgb(appearance.fontColor ?? "#000000")
      .map(pdfNumber)
      .join(" ");
    entries.set("DA", textString(`/${isToggle ? "ZaDb" : FONT_KEYS[font]} ${pdfNumber(appearance.fontSize ?? 0)} Tf ${color} rg`));
    entries.set("Q", ["left", "center", "right"].indexOf(appearance.horizontalAlign ?? "left"));
    if (action?.type === "uri") entries.set("A", dict({ S: name("URI"), URI: textString(action.uri) }));
    else if (action?.type === "javascript") entries.set("A", scriptAction(action));
    else if (action?.type === "named") entries.set("A", dict({ S: name("Named"), N: name(action.action) }));
    else if (action?.type === "resetForm")
      entries.set("A", dict({ S: name("ResetForm"), Fields: action.fields?.map(textString), Flags: action.include === false ? 1 : 0 }));
    else if (action === undefined) entries.delete("A");
  }

  #writeToggle(
    entries: Map<string, PdfObject>,
    { field, value }: Target,
    { data, file, isNew }: { readonly data: Widget; readonly file: FileWidget | null; readonly isNew: boolean },
  ): void {
    const state = stateOf(data, file);
    const on = isOn(field.data, data, value);
    entries.set("AS", name(on ? state : OFF));
    const states = this.#file.dict(this.#file.dict(entries.get("AP"))?.entries.get("N"));
    // The file's own looks stay, but for a state that it has none for.
    if (!isNew && states?.entries.has(state) === true) return;
    const drawn: DrawnWidget = { field: field.data, widget: data, value };
    entries.set(
      "AP",
      dict({ N: dict({ [state]: this.#appearance({ ...drawn, on: true }), [OFF]: this.#appearance({ ...drawn, on: false }) }) }),
    );
  }

  #appearance(drawn: DrawnWidget): PdfReference {
    const [, , width, height] = drawn.widget.geometry.bbox;
    const { operators, resources } = toContentStream(drawWidget(drawn), {
      matrix: [1, 0, 0, -1, 0, height],
      bounds: [0, 0, width, height],
      fonts: textFonts(this.#embedding),
    });
    const fonts = [
      ...Object.entries(resources.fonts).map(([key, font]) => [key, this.#font(font)] as const),
      ...Object.entries(resources.embedded).map(([key, font]) => [key, ref(this.#embedding!.writer.ref(font).number)] as const),
    ];
    return this.#file.addStream(
      {
        Type: name("XObject"),
        Subtype: name("Form"),
        BBox: [0, 0, width, height],
        Resources: dict(fonts.length === 0 ? {} : { Font: dict(Object.fromEntries(fonts)) }),
      },
      `/Tx BMC\nq\n${operators}\nQ\nEMC`,
    );
  }

  #font(font: FontName): PdfReference {
    const known = this.#fonts.get(font);
    if (known !== undefined) return known;
    const added = this.#file.add(
      dict({ Type: name("Font"), Subtype: name("Type1"), BaseFont: name(font), Encoding: name("WinAnsiEncoding") }),
    );
    this.#fonts.set(font, added);
    return added;
  }
}

function isUnseen({ flags = [] }: Widget): boolean {
  return flags.includes("hidden") || flags.includes("noView");
}

const WIDGET_KEYS = [
  "Type",
  "Subtype",
  "Rect",
  "P",
  "NM",
  "M",
  "F",
  "AP",
  "AS",
  "Border",
  "C",
  "StructParent",
  "OC",
  "H",
  "MK",
  "A",
  "BS",
] as const;

/** New ones are named by their value where a name can be that, else by their place. */
function stateOf(widget: Widget, file: FileWidget | null): string {
  if (file?.onState !== null && file?.onState !== undefined) return file.onState;
  const { export: value } = widget;
  return value === undefined || value === "" || value === OFF || !/^[\x21-\x7e]{1,100}$/.test(value)
    ? `On${widget.optionIndex ?? ""}`
    : value;
}

function writeValue(entries: Map<string, PdfObject>, field: Field, { value }: Pick<Value, "value">, state: string): void {
  const chosen = valuesOf(value);
  entries.delete("RV");
  switch (field.type) {
    case "checkbox":
    case "radio":
      entries.set("V", name(state));
      return;
    case "text":
      put(entries, "V", value === null ? undefined : textString(chosen[0] ?? ""));
      return;
    case "combobox":
      put(entries, "V", chosen.length === 0 ? undefined : textString(chosen[0]!));
      entries.delete("I");
      return;
    case "listbox": {
      put(entries, "V", chosen.length === 0 ? undefined : chosen.length === 1 ? textString(chosen[0]!) : chosen.map(textString));
      const indexes = chosen
        .map((each) => (field.options ?? []).findIndex((option) => option.value === each))
        .filter((index) => index >= 0);
      put(entries, "I", indexes.length === 0 ? undefined : indexes.toSorted((a, b) => a - b));
      return;
    }
    case "button":
    case "signature":
  }
}

/** Bits that we do not know stay. */
function flagsOf(field: Field, entries: ReadonlyMap<string, PdfObject>): number {
  const before = entries.get("Ff");
  let bits = typeof before === "number" ? before : 0;
  const set = (flag: keyof typeof FIELD_FLAGS, isSet: boolean): void => {
    bits = isSet ? bits | FIELD_FLAGS[flag] : bits & ~FIELD_FLAGS[flag];
  };
  for (const flag of ["readOnly", "required", "noExport"] as const) set(flag, field.flags?.includes(flag) === true);
  const { type } = field;
  if (type === "text")
    for (const flag of ["multiLine", "password", "doNotSpellCheck", "doNotScroll", "comb", "richText"] as const)
      set(flag, field[flag] === true);
  if (type === "button" || type === "checkbox" || type === "radio") {
    set("radio", type === "radio");
    set("pushButton", type === "button");
  }
  if (type === "radio") for (const flag of ["noToggleToOff", "radiosInUnison"] as const) set(flag, field[flag] === true);
  if (type === "combobox" || type === "listbox") {
    set("combo", type === "combobox");
    for (const flag of ["edit", "multiSelect", "doNotSpellCheck", "commitOnChange"] as const) set(flag, field[flag] === true);
  }
  return bits;
}

function scriptAction({ script }: Extract<Action, { type: "javascript" }>): PdfDict {
  return dict({ S: name("JavaScript"), JS: textString(script) });
}

function put(entries: Map<string, PdfObject>, key: string, value: PdfObject | undefined): void {
  if (value === undefined) entries.delete(key);
  else entries.set(key, value);
}

function rgb(color: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
}
