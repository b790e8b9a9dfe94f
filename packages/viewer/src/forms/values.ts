/**
 * The form as it is now: fields with their values, calculated ones as they will be when the service has seen what was filled here. Reads and
 * writes records only; the page shows it, and programs ask it.
 */
import { calculate, type FieldValue, type FilledField, isReadOnly, refusal } from "@lectern/pdf/forms";
import type { AnyRecord, RecordOf, Value } from "@lectern/protocol";
import { ApiError, can, type Grants } from "@lectern/protocol/plain";
import type { SyncClient } from "@lectern/sync/client";
import type { FormFieldValues } from "../public-types.ts";

export type FieldRecord = RecordOf<"field">;
export type WidgetRecord = RecordOf<"widget">;

export interface FormValues {
  readonly fields: readonly FieldRecord[];
  field(id: string): FieldRecord | null;
  value(fieldId: string): Pick<Value, "value" | "optionIndexes">;
  /** May this session fill it? */
  mayFill(fieldId: string): boolean;
  /** Why the field does not take the value; null when it does. */
  problem(fieldId: string, value: Pick<Value, "value" | "optionIndexes">): string | null;
  fill(fieldId: string, value: FieldValue, optionIndexes?: readonly number[]): void;
  /** Ids of fields that may look different now, when any record of the form changed. */
  onChange(listener: (fields: ReadonlySet<string>) => void): () => void;
}

export interface FormValuesOptions {
  readonly client: Pick<SyncClient, "records" | "update">;
  readonly grants: () => Grants;
  readonly readOnly: boolean;
}

export function formValues({ client, grants, readOnly }: FormValuesOptions): FormValues {
  const { records } = client;
  let fields: FieldRecord[] | null = null;
  let computed: ReadonlyMap<string, string> | null = null;

  const list = (): FieldRecord[] => (fields ??= [...records.all()].filter((record) => record.kind === "field"));
  const stored = (id: string): RecordOf<"value"> | null => {
    const record = records.get(`${id}:v`);
    return record?.kind === "value" ? record : null;
  };
  const all = (): FilledField[] => list().map(({ id, data }) => ({ id, field: data, value: stored(id)?.data.value ?? null }));
  const results = (): ReadonlyMap<string, string> => (computed ??= calculate(all()));
  const field = (id: string): FieldRecord | null => {
    const record = records.get(id);
    return record?.kind === "field" ? record : null;
  };

  const form: FormValues = {
    get fields() {
      return list();
    },
    field,
    value(id) {
      const data = stored(id)?.data;
      const result = isSettled(id) ? undefined : results().get(id);
      if (result === undefined) return data ?? { value: null };
      return { value: field(id)?.data.type === "text" ? result : [result] };
    },
    mayFill(id) {
      const record = stored(id);
      const owner = field(id);
      return record !== null && owner !== null && !readOnly && !isReadOnly(owner.data) && can(grants(), "fill", record, record);
    },
    problem(id, value) {
      const owner = field(id);
      return owner === null ? "is not there any more" : refusal(owner.data, value, exportsOf(records.all(), owner));
    },
    fill(id, value, optionIndexes) {
      const record = stored(id);
      if (record === null) return;
      const indexes = optionIndexes === undefined || optionIndexes.length === 0 ? null : [...optionIndexes];
      const before = record.data.optionIndexes ?? null;
      if (JSON.stringify([record.data.value, before]) === JSON.stringify([value, indexes])) return;
      client.update(record.id, { value, ...(indexes === null && before === null ? {} : { optionIndexes: indexes }) });
    },
    onChange: (listener) =>
      records.onChange(({ ids }) => {
        const touched = new Set<string>();
        for (const id of ids) {
          const record = records.get(id);
          if (record?.kind === "value" || record?.kind === "widget") touched.add(record.data.field);
          else if (record?.kind === "field") touched.add(id);
          else if (record === undefined && id.endsWith(":v")) touched.add(id.slice(0, -2));
        }
        const isForm = touched.size > 0 || [...ids].some((id) => fields?.some((each) => each.id === id) === true);
        if (!isForm) return;
        const before = results();
        fields = null;
        computed = null;
        for (const [id] of [...before, ...results()]) touched.add(id);
        listener(touched);
      }),
  };
  return form;

  /** Nobody here has changed anything that is not decided: what the service says stands. */
  function isSettled(id: string): boolean {
    return field(id)?.data.actions?.onCalculate === undefined || !list().some((each) => records.isPending(`${each.id}:v`));
  }
}

/** Only toggles are judged by their widgets. */
function exportsOf(records: Iterable<AnyRecord>, { id, data }: FieldRecord): string[] {
  if (data.type !== "checkbox" && data.type !== "radio") return [];
  return [...records].flatMap((record) => (record.kind === "widget" && record.data.field === id ? (record.data.export ?? []) : []));
}

/** By the names of the fields. */
export function valuesByName(form: FormValues): FormFieldValues {
  return Object.fromEntries(form.fields.map(({ id, data }) => [data.name, form.value(id).value]));
}

/** Fills by name; returns the ids of the records touched. Throws ApiError `not_found`, `forbidden`, `invalid_parameters` before anything is written. */
export function fillByName(form: FormValues, values: FormFieldValues): readonly string[] {
  const byName = new Map(form.fields.map((field) => [field.data.name, field]));
  const wanted = Object.entries(values).map(([name, given]) => {
    const field = byName.get(name);
    if (field === undefined) throw new ApiError("not_found", `there is no field ${name}`);
    const value = fitting(field, given);
    if (!form.mayFill(field.id)) throw new ApiError("forbidden", `the field ${name} cannot be filled`);
    const problem = form.problem(field.id, { value });
    if (problem !== null) throw new ApiError("invalid_parameters", `the field ${name} ${problem}`);
    return { id: field.id, value };
  });
  for (const { id, value } of wanted) form.fill(id, value);
  return wanted.map(({ id }) => `${id}:v`);
}

/** A single choice may be given as a text, a single text as a list of one. */
function fitting({ data }: FieldRecord, value: FieldValue): FieldValue {
  if (data.type === "text" || data.type === "radio") return Array.isArray(value) && value.length <= 1 ? (value[0] ?? null) : value;
  return typeof value === "string" ? (value === "" ? [] : [value]) : (value ?? []);
}
