/** Values and states as a field of their kind holds them. */
import type { RecordOf } from "@lectern/protocol";

type FieldRecord = Pick<RecordOf<"field">, "data">;

/** The n-th widget of a check box or radio button stands for the n-th option; null for other fields. */
export function toggleAt({ data }: FieldRecord, place: number): { readonly export: string; readonly optionIndex?: number } | null {
  if (data.type !== "checkbox" && data.type !== "radio") return null;
  const option = data.options?.[place];
  return option === undefined ? { export: place === 0 ? "Yes" : `Yes${place + 1}` } : { export: option.value, optionIndex: place };
}

/** A single choice may be given as a text, a single text as a list of one. */
export function fitting({ data }: FieldRecord, value: string | string[] | null): string | string[] | null {
  if (data.type === "text" || data.type === "radio") return Array.isArray(value) && value.length <= 1 ? (value[0] ?? null) : value;
  return typeof value === "string" ? (value === "" ? [] : [value]) : (value ?? []);
}
