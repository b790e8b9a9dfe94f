/**
 * Filling a form: which values a field takes, how they are shown, what follows from them. Used by the service at commit, by the viewer at
 * once, and by export. Pure: fields come in, values come out.
 */
import type { Action, Field, Value, Widget } from "@lectern/protocol";
import { AF_FUNCTIONS, type Expression, parseScript, type Script, type Statement } from "./script.ts";
import { DATE_FORMATS, parseNumber, SPECIAL_HINTS, TIME_FORMATS } from "./formats.ts";
import { runScript } from "./run-script.ts";

export type FieldValue = Value["value"];

export interface FilledField {
  readonly id: string;
  readonly field: Field;
  readonly value: FieldValue;
}

/** As one text, as scripts see it. */
export function valueText(field: Field, value: FieldValue): string {
  if (field.type === "checkbox" || field.type === "radio") return valuesOf(value)[0] ?? "Off";
  return typeof value === "string" ? value : (value ?? []).join(", ");
}

export function valuesOf(value: FieldValue): readonly string[] {
  return value === null || value === "" ? [] : typeof value === "string" ? [value] : value;
}

export function isRequired(field: Field): boolean {
  return field.flags?.includes("required") === true;
}
export function isReadOnly(field: Field): boolean {
  return field.flags?.includes("readOnly") === true;
}

/** Is this widget of a check box or group of radio buttons on? */
export function isOn(field: Field, widget: Pick<Widget, "export" | "optionIndex">, value: Pick<Value, "value" | "optionIndexes">): boolean {
  if (widget.export === undefined || !valuesOf(value.value).includes(widget.export)) return false;
  // Radio buttons of one value that are not in unison are told apart by their place.
  const apart = field.type === "radio" && field.radiosInUnison !== true && widget.optionIndex !== undefined;
  const [index] = value.optionIndexes ?? [];
  const isShared = (field.options ?? []).filter((option) => option.value === widget.export).length > 1;
  return !(apart && isShared && index !== undefined) || index === widget.optionIndex;
}

/** Why the field does not take this value; null when it does. Sentences that follow the field's name. `toggles`: values of its widgets. */
export function refusal(
  field: Field,
  { value, optionIndexes }: Pick<Value, "value" | "optionIndexes">,
  toggles: readonly string[] = [],
): string | null {
  if (field.type === "button" || field.type === "signature") return "cannot be filled";
  const chosen = valuesOf(value);
  const known = new Set((field.options ?? []).map((option) => option.value));
  if (optionIndexes?.some((index) => index >= Math.max(1, field.options?.length ?? 0)) === true) return "has no option of that number";
  switch (field.type) {
    case "text":
      if (Array.isArray(value)) return "takes one text";
      if (field.multiLine !== true && /[\n\r]/.test(value ?? "")) return "takes one line";
      if (field.maxLength !== undefined && (value ?? "").length > field.maxLength) return `takes at most ${field.maxLength} characters`;
      break;
    case "checkbox":
    case "radio":
      if (chosen.length > 1 && field.type === "radio") return "takes one value";
      for (const toggle of toggles) known.add(toggle);
      if (chosen.some((each) => !known.has(each))) return "has no such option";
      if (field.type === "radio" && field.noToggleToOff === true && chosen.length === 0) return "cannot be switched off";
      return null;
    case "combobox":
      if (chosen.length > 1) return "takes one value";
      if (field.edit !== true && chosen.some((each) => !known.has(each))) return "has no such option";
      break;
    case "listbox":
      if (chosen.length > 1 && field.multiSelect !== true) return "takes one value";
      if (chosen.some((each) => !known.has(each))) return "has no such option";
      if (new Set(chosen).size !== chosen.length) return "takes each option once";
      return null;
  }
  const text = valueText(field, value);
  return text === "" ? null : (judge(field.actions?.onInput, text) ?? judge(field.actions?.onChange, text));
}

function judge(action: Action | undefined, value: string): string | null {
  const script = scriptOf(action);
  return script === null ? null : runScript(script, { value, textsOf: () => [] }).problem;
}

/** Null for what is not of the subset. Calls that look at other fields are judged when they are calculated, not here. */
function scriptOf(action: Action | undefined): Script | null {
  return action?.type === "javascript" ? parseScript(action.script) : null;
}

/** What is shown while nobody types: the value through the field's format. */
export function displayText(field: Field, value: FieldValue): string {
  const text =
    typeof value === "string"
      ? value
      : (value ?? []).map((each) => field.options?.find((option) => option.value === each)?.label ?? each).join(", ");
  const script = field.type === "text" || field.type === "combobox" ? scriptOf(field.actions?.onFormat) : null;
  return script === null || text === "" ? text : runScript(script, { value: text, textsOf: () => [] }).value;
}

/** What kind of text the field takes, from its scripts. */
export type InputHint = { readonly kind: "number" } | { readonly kind: "date" | "time" | "mask"; readonly pattern: string };

export function inputHint(field: Field): InputHint | null {
  for (const action of [field.actions?.onInput, field.actions?.onFormat]) {
    for (const statement of scriptOf(action) ?? []) {
      const hint = hintOf(statement);
      if (hint !== null) return hint;
    }
  }
  return null;
}

function hintOf(statement: Statement): InputHint | null {
  if (statement.kind !== "call" || !(AF_FUNCTIONS as readonly string[]).includes(statement.name)) return null;
  const { name, args } = statement;
  if (/^AF(Number|Percent)_/.test(name)) return { kind: "number" };
  const given = literal(args[0]);
  if (name === "AFSpecial_KeystrokeEx") return { kind: "mask", pattern: String(given ?? "") };
  if (name.startsWith("AFSpecial_")) return { kind: "mask", pattern: SPECIAL_HINTS[Number(given)] ?? "" };
  const isTime = name.startsWith("AFTime");
  if (!isTime && !name.startsWith("AFDate")) return null;
  const table: readonly string[] = isTime ? TIME_FORMATS : DATE_FORMATS;
  return { kind: isTime ? "time" : "date", pattern: name.endsWith("Ex") ? String(given ?? "") : (table[Number(given)] ?? table[0]!) };
}

function literal(expression: Expression | undefined): string | number | boolean | null {
  return expression?.kind === "literal" ? expression.value : null;
}

/**
 * The values that follow from the others, in the form's order of calculation, each seeing those before it. Only those that differ from what
 * is there. A calculation that is not of the subset leaves its field as it is.
 */
export function calculate(fields: readonly FilledField[]): ReadonlyMap<string, string> {
  const computed = fields.filter(
    ({ field }) => field.actions?.onCalculate !== undefined && (field.type === "text" || field.type === "combobox"),
  );
  const changed = new Map<string, string>();
  if (computed.length === 0) return changed;
  const byName = new Map(fields.map((each) => [each.field.name, each]));
  const now = (each: FilledField): string => changed.get(each.id) ?? valueText(each.field, each.value);
  const textsOf = (name: string): string[] => {
    const exact = byName.get(name);
    if (exact !== undefined) return [plain(exact, now(exact))];
    return fields.filter(({ field }) => field.name.startsWith(`${name}.`)).map((each) => plain(each, now(each)));
  };
  const order = ({ field }: FilledField): string => `${field.order ?? "~"} ${field.name}`;
  for (const each of computed.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))) {
    const script = scriptOf(each.field.actions?.onCalculate);
    if (script === null) continue;
    const before = now(each);
    const { value } = runScript(script, { value: before, textsOf });
    const kept = each.field.maxLength === undefined ? value : value.slice(0, each.field.maxLength);
    if (kept !== before) changed.set(each.id, kept);
  }
  for (const each of computed) if (changed.get(each.id) === valueText(each.field, each.value)) changed.delete(each.id);
  return changed;
}

/** A number that was typed with marks of thousands counts as that number. */
function plain({ field }: FilledField, text: string): string {
  for (const action of [field.actions?.onInput, field.actions?.onFormat]) {
    for (const statement of scriptOf(action) ?? []) {
      if (statement.kind !== "call" || !/^AF(Number|Percent)_/.test(statement.name)) continue;
      const parsed = parseNumber(text, Number(literal(statement.args[1]) ?? 0));
      if (parsed !== null) return String(parsed);
    }
  }
  return text;
}
