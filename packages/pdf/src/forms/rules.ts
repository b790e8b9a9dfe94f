/**
 * The rules of forms for whoever commits changes of a layer: values must fit their fields, and what is calculated follows in the same change.
 * Knows records only; the room takes it as an option.
 */
import type { AnyRecord, Op, RecordOf, Value } from "@lectern/protocol";
import { calculate, type FilledField, isReadOnly, refusal } from "./fill.ts";

type Stored = AnyRecord & { readonly deleted: boolean };

/** The layer as the change leaves it. */
export interface FormLayer {
  read(id: string): Stored | null;
  ofKind(kind: "field"): Iterable<Stored>;
  children(id: string): readonly Stored[];
}

export interface FormRefusal {
  readonly code: "forbidden" | "invalid_parameters";
  readonly detail: string;
  /** The property that is wrong. */
  readonly property: string;
}

/** `after`: the record as it would be. */
export function checkRecord(after: AnyRecord, layer: FormLayer): FormRefusal | null {
  if (after.kind === "field") {
    for (const other of layer.ofKind("field"))
      if (other.kind === "field" && other.id !== after.id && !other.deleted && other.data.name === after.data.name)
        return { code: "invalid_parameters", detail: `there is a field of the name ${after.data.name} already`, property: "name" };
    return null;
  }
  if (after.kind !== "value") return null;
  const field = layer.read(after.data.field);
  if (field?.kind !== "field") return null;
  const { name } = field.data;
  if (isReadOnly(field.data)) return { code: "forbidden", detail: `the field ${name} is read-only`, property: "value" };
  const toggles = field.data.type === "checkbox" || field.data.type === "radio" ? layer.children(field.id).flatMap(exportOf) : [];
  const problem = refusal(field.data, after.data, toggles);
  return problem === null ? null : { code: "invalid_parameters", detail: `the field ${name} ${problem}`, property: "value" };
}

function exportOf(record: Stored): string[] {
  return record.kind === "widget" && !record.deleted && record.data.export !== undefined ? [record.data.export] : [];
}

/** What follows from a change of these records: the value of a new field, and calculated values. */
export function deriveOps(touched: readonly Stored[], layer: FormLayer): Op[] {
  const ops: Op[] = [];
  let counts = false;
  for (const record of touched) {
    // A field that goes leaves what was calculated with it: it may have become content of its page.
    if ((record.kind === "value" || record.kind === "field") && !record.deleted) counts = true;
    if (record.kind !== "field" || record.deleted || layer.read(`${record.id}:v`) !== null) continue;
    const data: Value = { field: record.id, value: firstValue(record) };
    ops.push(["c", `${record.id}:v`, "value", data]);
  }
  return counts ? [...ops, ...calculated(layer)] : ops;
}

function firstValue({ data }: RecordOf<"field">): Value["value"] {
  const defaults = data.defaults ?? [];
  if (data.type === "text" || data.type === "radio") return defaults[0] ?? null;
  return data.type === "button" || data.type === "signature" ? null : [...defaults];
}

function calculated(layer: FormLayer): Op[] {
  const fields: FilledField[] = [];
  let isComputed = false;
  for (const record of layer.ofKind("field")) {
    if (record.kind !== "field" || record.deleted) continue;
    isComputed ||= record.data.actions?.onCalculate !== undefined;
    const value = layer.read(`${record.id}:v`);
    fields.push({ id: record.id, field: record.data, value: value?.kind === "value" && !value.deleted ? value.data.value : null });
  }
  if (!isComputed) return [];
  return [...calculate(fields)].flatMap(([id, text]): Op[] => {
    const type = fields.find((each) => each.id === id)!.field.type;
    return layer.read(`${id}:v`) === null ? [] : [["u", `${id}:v`, { value: type === "text" ? text : text === "" ? [] : [text] }]];
  });
}

export const formRules = { check: checkRecord, derive: deriveOps } as const;
