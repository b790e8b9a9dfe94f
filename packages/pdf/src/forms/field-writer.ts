/** The tree of fields of a file (ISO 32000-2, 12.7.4), changed in place: what a field says of itself, where it hangs, and which pages list its widgets. */
import type { Field, RecordOf, Value } from "@lectern/protocol";
import type { ObjectFile } from "../objects/file.ts";
import { isDict, isName, isRef, nameOf, type PdfDict, type PdfObject, refTo, textOf, textString } from "../objects/values.ts";
import { isOn, valuesOf } from "./fill.ts";
import type { FormRecords } from "./form-records.ts";
import { FIELD_FLAGS, type FileWidget, type FormPage } from "./read-form.ts";
import { OFF, put, scriptAction, stateOf, WIDGET_KEYS, WidgetWriter } from "./widget-writer.ts";
import type { FormTarget, WriteFormOptions } from "./write-form.ts";

const FIELD_KINDS: Readonly<Record<Field["type"], string>> = {
  text: "Tx",
  combobox: "Ch",
  listbox: "Ch",
  signature: "Sig",
  button: "Btn",
  checkbox: "Btn",
  radio: "Btn",
};

export class FieldWriter {
  readonly #file: ObjectFile;
  readonly #options: WriteFormOptions;
  readonly #form: PdfDict;
  /** The file has no form yet. */
  readonly #isNew: boolean;
  readonly #widgets: WidgetWriter;
  /** Object numbers of new widgets by record. */
  readonly #numbers = new Map<string, number>();

  constructor(file: ObjectFile, options: WriteFormOptions) {
    this.#file = file;
    this.#options = options;
    this.#widgets = new WidgetWriter(file, options.fontFor);
    const there = file.catalog.get("AcroForm");
    this.#isNew = !isDict(file.resolve(there));
    this.#form = isRef(there) && !this.#isNew ? file.edit(there.number) : file.dict(there);
  }

  write(target: FormTarget): void {
    const { field, value, found } = target;
    const { data } = field;
    const number = found?.file.nodes[0] ?? this.#newField(data, target);
    for (const node of [number, ...(found?.file.nodes.slice(1) ?? [])]) {
      const entries = this.#file.edit(node);
      if (found === null || target.isFieldChanged) this.#writeField(entries, data, found?.field.data ?? null);
      if (target.isValueChanged || found === null) writeValue(entries, data, value, stateFor(target));
    }
    for (const widget of target.widgets) this.#writeWidget(target, widget, number);
  }

  removeField(found: FormRecords): void {
    for (const { file } of found.widgets) this.#unlist(file);
    for (const number of found.file.nodes) this.#detach(number);
  }

  removeWidget(widget: FileWidget, found: FormRecords): void {
    this.#unlist(widget);
    for (const node of found.file.nodes) {
      const kids = this.#file.resolve(this.#file.dict(refTo(node)).get("Kids"));
      if (Array.isArray(kids)) this.#file.edit(node).set("Kids", without(kids, widget.objectNumber));
    }
  }

  /** Of all, widgets that show nothing go. Answers the object numbers of those that are to become content. */
  flatten(targets: readonly FormTarget[], chosen: NonNullable<WriteFormOptions["flatten"]>): ReadonlySet<number> {
    const flattened = new Set<number>();
    for (const { field, widgets } of targets)
      for (const { record, file, isChanged } of widgets) {
        const objectNumber = file?.objectNumber ?? this.#numbers.get(record.id) ?? 0;
        const entries = this.#file.dict(refTo(objectNumber));
        const shows = !isUnseen(record) && entries.has("AP");
        if (chosen === "all") {
          if (file !== null && !shows) this.#unlist(file);
          continue;
        }
        const index = this.#pageOf(record, file, isChanged);
        if (!shows || objectNumber === 0 || index === null || field.data.type === "signature") continue;
        if (chosen(index, { objectNumber, names: [record.id, file?.name ?? ""] })) flattened.add(objectNumber);
      }
    return flattened;
  }

  finish(withoutForm: boolean): void {
    this.#widgets.finish(withoutForm ? null : this.#form);
    const catalog = this.#file.editCatalog();
    if (withoutForm) catalog.delete("AcroForm");
    if (withoutForm || this.#form.size === 0) return;
    this.#form.delete("NeedAppearances");
    this.#form.set("Fields", this.#file.array(this.#form.get("Fields")).filter(isRef));
    if (!this.#form.has("DA")) this.#form.set("DA", textString("/Helv 0 Tf 0 g"));
    if (this.#isNew) catalog.set("AcroForm", this.#file.add(this.#form));
  }

  /** A field of its own below the parents that its name says; of one widget, they are one dictionary. */
  #newField(data: Field, target: FormTarget): number {
    const partials = data.name.split(".");
    const entries: PdfDict = new Map<string, PdfObject>([["T", textString(partials.at(-1)!)]]);
    const { number } = this.#file.add(entries);
    const parent = this.#parent(partials.slice(0, -1), number);
    if (parent !== null) entries.set("Parent", refTo(parent));
    entries.set("FT", nameOf(FIELD_KINDS[data.type]));
    if (target.widgets.length !== 1) entries.set("Kids", []);
    if (data.actions?.onCalculate !== undefined) this.#form.set("CO", [...this.#file.array(this.#form.get("CO")), refTo(number)]);
    return number;
  }

  /** The field that the new one hangs below, made where it is missing; null: the form itself. */
  #parent(partials: readonly string[], child: number): number | null {
    let list = this.#file.array(this.#form.get("Fields"));
    let above: number | null = null;
    for (const partial of partials) {
      const found = list.filter(isRef).find((item) => textOf(this.#file.resolve(this.#file.dict(item).get("T"))) === partial);
      const number: number = found?.number ?? this.#newParent(partial, above);
      above = number;
      list = this.#file.array(this.#file.dict(refTo(number)).get("Kids"));
    }
    this.#attach(above, child);
    return above;
  }

  #newParent(partial: string, above: number | null): number {
    const entries: PdfDict = new Map<string, PdfObject>([
      ["T", textString(partial)],
      ["Kids", []],
    ]);
    if (above !== null) entries.set("Parent", refTo(above));
    const { number } = this.#file.add(entries);
    this.#attach(above, number);
    return number;
  }

  #attach(above: number | null, number: number): void {
    const entries = above === null ? this.#form : this.#file.edit(above);
    const key = above === null ? "Fields" : "Kids";
    entries.set(key, [...this.#file.array(entries.get(key)), refTo(number)]);
  }

  #detach(number: number): void {
    const parent = this.#file.dict(refTo(number)).get("Parent");
    if (isRef(parent)) {
      const entries = this.#file.edit(parent.number);
      entries.set("Kids", without(this.#file.array(entries.get("Kids")), number));
    }
    for (const key of ["Fields", "CO"])
      if (this.#form.has(key)) this.#form.set(key, without(this.#file.array(this.#form.get(key)), number));
  }

  /** Out of its page's list. */
  #unlist({ pageIndex, objectNumber }: FileWidget): void {
    const page = this.#options.pages[pageIndex];
    if (page === undefined || objectNumber === 0) return;
    const entries = this.#file.edit(page.objectNumber);
    if (entries.has("Annots")) entries.set("Annots", without(this.#file.array(entries.get("Annots")), objectNumber));
  }

  #list({ objectNumber }: FormPage, number: number): void {
    const entries = this.#file.edit(objectNumber);
    entries.set("Annots", [...this.#file.array(entries.get("Annots")), refTo(number)]);
  }

  #writeField(entries: PdfDict, data: Field, before: Field | null): void {
    const last = data.name.split(".").at(-1)!;
    if (before === null || before.name !== data.name) entries.set("T", textString(last));
    put(entries, "TU", data.label === undefined ? undefined : textString(data.label));
    entries.set("Ff", flagsOf(data, this.#file.number(entries.get("Ff"), 0)));
    put(entries, "MaxLen", data.type === "text" ? data.maxLength : undefined);
    const isChoice = data.type === "combobox" || data.type === "listbox";
    if (isChoice)
      entries.set(
        "Opt",
        (data.options ?? []).map(({ label, value }) => (label === value ? textString(value) : [textString(value), textString(label)])),
      );
    const defaults = (data.defaults ?? []).map(textString);
    if (data.type === "text") put(entries, "DV", defaults[0]);
    else if (isChoice) put(entries, "DV", defaults.length > 1 ? defaults : defaults[0]);
    const actions: PdfDict = new Map(this.#file.dict(entries.get("AA")));
    for (const [event, action] of [
      ["K", data.actions?.onInput],
      ["F", data.actions?.onFormat],
      ["V", data.actions?.onChange],
      ["C", data.actions?.onCalculate],
    ] as const)
      put(actions, event, action?.type === "javascript" ? scriptAction(action) : undefined);
    put(entries, "AA", actions.size === 0 ? undefined : actions);
  }

  /** A widget that nobody changed is where the file has it, whatever the records call that page. */
  #pageOf({ data }: RecordOf<"widget">, file: FileWidget | null, isChanged = false): number | null {
    return file !== null && !isChanged ? file.pageIndex : this.#options.pageIndexOf(data.page);
  }

  #writeWidget(target: FormTarget, { record, file, isChanged }: FormTarget["widgets"][number], field: number): void {
    const { data } = record;
    const index = this.#pageOf(record, file, isChanged);
    const page = index === null ? undefined : this.#options.pages[index];
    if (page === undefined || (file !== null && file.objectNumber === 0)) {
      this.#options.onLeftOut?.(record);
      return;
    }
    const isOnly = file === null && target.found === null && target.widgets.length === 1;
    const number = file?.objectNumber ?? (isOnly ? field : this.#file.add(new Map()).number);
    this.#numbers.set(record.id, number);
    const entries = this.#file.edit(number);
    if (file === null) this.#listNew({ entries, number, field: isOnly ? null : field, page, id: record.id });
    else if (file.pageIndex !== index) {
      this.#unlist(file);
      this.#list(page, number);
      entries.set("P", refTo(page.objectNumber));
    }
    const isTouched = isChanged || target.isFieldChanged || target.isValueChanged;
    this.#widgets.write(entries, { field: target.field.data, widget: data, value: target.value }, { page, file, isChanged, isTouched });
  }

  /** `field`: what it hangs on; null: they are one dictionary. */
  #listNew(widget: {
    readonly entries: PdfDict;
    readonly number: number;
    readonly field: number | null;
    readonly page: FormPage;
    readonly id: string;
  }): void {
    const { entries, number, field, page, id } = widget;
    entries.set("Type", nameOf("Annot"));
    entries.set("Subtype", nameOf("Widget"));
    entries.set("NM", textString(id));
    entries.set("P", refTo(page.objectNumber));
    this.#list(page, number);
    if (field === null) return;
    entries.set("Parent", refTo(field));
    const parent = this.#file.edit(field);
    this.#split(field, parent);
    parent.set("Kids", [...this.#file.array(parent.get("Kids")), refTo(number)]);
  }

  /** A field that was one dictionary with its widget gets a widget of its own before it gets a second one. */
  #split(field: number, entries: PdfDict): void {
    if (!isName(entries.get("Subtype"), "Widget")) return;
    const own: PdfDict = new Map<string, PdfObject>([["Parent", refTo(field)]]);
    for (const key of WIDGET_KEYS) {
      const value = entries.get(key);
      if (value === undefined) continue;
      own.set(key, value);
      entries.delete(key);
    }
    const widget = this.#file.add(own);
    entries.set("Kids", [widget]);
    const isField = (item: PdfObject): boolean => isRef(item) && item.number === field;
    for (const { objectNumber } of this.#options.pages) {
      const list = this.#file.array(this.#file.dict(refTo(objectNumber)).get("Annots"));
      if (list.some(isField))
        this.#file.edit(objectNumber).set(
          "Annots",
          list.map((item) => (isField(item) ? widget : item)),
        );
    }
  }
}

function without(list: readonly PdfObject[], number: number): PdfObject[] {
  return list.filter((item) => !(isRef(item) && item.number === number));
}

function isUnseen({ data: { flags = [] } }: RecordOf<"widget">): boolean {
  return flags.includes("hidden") || flags.includes("noView");
}

/** The name of the appearance that shows the value of a check box or group of radio buttons. */
function stateFor({ field, value, widgets }: FormTarget): string {
  for (const { record, file } of widgets) if (isOn(field.data, record.data, value)) return stateOf(record.data, file);
  return OFF;
}

function writeValue(entries: PdfDict, field: Field, { value }: Pick<Value, "value">, state: string): void {
  const chosen = valuesOf(value);
  entries.delete("RV");
  switch (field.type) {
    case "checkbox":
    case "radio":
      entries.set("V", nameOf(state));
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

/** `before`: bits that we do not know stay. */
function flagsOf(field: Field, before: number): number {
  let bits = before;
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
