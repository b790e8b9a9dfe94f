/**
 * Changes of field, widget and value records → the form of a file, in place: the field tree stays as it is, what changed gets its value,
 * its looks (ISO 32000-2, 12.7.4) and its flags; new fields and widgets are added, deleted ones taken out.
 */
import type { RecordOf, Value } from "@lectern/protocol";
import type { FontFor } from "../appearance/embedded-text.ts";
import type { ObjectFile } from "../objects/file.ts";
import { sha256 } from "../sha256.ts";
import { FieldWriter } from "./field-writer.ts";
import { type FormRecord, formRecords, type FormRecords } from "./form-records.ts";
import { type FileWidget, type FormPage, readForm } from "./read-form.ts";

export interface FormChange {
  readonly base: FormRecord | null;
  readonly current: FormRecord | null;
}

export interface WriteFormOptions {
  readonly pages: readonly FormPage[];
  /** Where a page of the records stands in the file; null: it is not there. */
  readonly pageIndexOf: (page: string) => number | null;
  /**
   * Visible widgets that are to become content of their pages get looks. `all`: the form is taken away. Otherwise what is chosen of the page at
   * this index; signatures stay.
   */
  readonly flatten?: "all" | ((index: number, widget: ChosenWidget) => boolean) | null;
  /** Fonts to embed for characters beyond the standard fonts. */
  readonly fontFor?: FontFor | undefined;
  readonly onLeftOut?: ((record: FormRecord) => void) | undefined;
}

export interface ChosenWidget {
  readonly objectNumber: number;
  /** The id of its record, and its own name (/NM). */
  readonly names: readonly string[];
}

/** A field as it is to be: its records, and what the file has of it. */
export interface FormTarget {
  readonly field: RecordOf<"field">;
  value: Pick<Value, "value" | "optionIndexes">;
  readonly widgets: { readonly record: RecordOf<"widget">; readonly file: FileWidget | null; readonly isChanged: boolean }[];
  readonly found: FormRecords | null;
  readonly isFieldChanged: boolean;
  readonly isValueChanged: boolean;
}

/**
 * Into the objects of the file. What is replaced is not referred to any more: only `ObjectFile.write` leaves it out. Answers the object numbers of
 * widgets that are to become content.
 */
export function writeForm(file: ObjectFile, changes: readonly FormChange[], options: WriteFormOptions): ReadonlySet<number> {
  const { flatten = null } = options;
  const changed = new Map(changes.map((change) => [(change.current ?? change.base)!.id, change]));
  const known = sameWidgets(formRecords(readForm(file, options.pages), { revision: 0, sha256 }), changed);
  // Readers make up looks for such a form, but not for what we write, whose flag is gone.
  const isUnseen = file.resolve(file.dict(file.catalog.get("AcroForm")).get("NeedAppearances")) === true;
  const writer = new FieldWriter(file, options);
  const targets: FormTarget[] = [];
  for (const found of known) {
    const change = changed.get(found.field.id);
    const isGone = change !== undefined && change.current === null;
    const target = isGone ? null : targetOf(found, changed, changes, isUnseen || isFlattened(found, options));
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
  const flattened = flatten === null ? new Set<number>() : writer.flatten(targets, flatten);
  writer.finish(flatten === "all");
  return flattened;
}

/**
 * Ids follow from the place of a widget among those of its field: with one before it gone, as of a page that was removed, they would be those of
 * others. Widgets that changes were made of are known by their objects.
 */
function sameWidgets(forms: FormRecords[], changed: ReadonlyMap<string, FormChange>): FormRecords[] {
  const byObject = new Map<string, string>();
  for (const { base } of changed.values())
    if (base?.kind === "widget" && base.data.pdfObjectId !== undefined)
      byObject.set(`${base.data.field} ${base.data.pdfObjectId}`, base.id);
  if (byObject.size === 0) return forms;
  return forms.map((form) => {
    const known = form.widgets.map(({ file: { objectNumber } }) => byObject.get(`${form.field.id} ${objectNumber}`));
    if (known.every((id) => id === undefined)) return form;
    const taken = new Set(known);
    const widgets = form.widgets.map(({ record, file }, at) => {
      const id = known[at] ?? (taken.has(record.id) ? `${record.id}:${file.objectNumber}` : record.id);
      return { file, record: { ...record, id } };
    });
    return { ...form, widgets };
  });
}

function isFlattened({ widgets }: FormRecords, { flatten = null }: WriteFormOptions): boolean {
  if (flatten === null || flatten === "all") return flatten === "all";
  return widgets.some(({ record, file: { pageIndex, objectNumber, name } }) =>
    flatten(pageIndex, { objectNumber, names: [record.id, name] }),
  );
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
): FormTarget | null {
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

function newTarget(field: RecordOf<"field">, changed: ReadonlyMap<string, FormChange>, changes: readonly FormChange[]): FormTarget {
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
