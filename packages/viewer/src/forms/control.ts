/** The HTML control of one widget: a real input over the drawn field, so that keyboards, screen readers and phones know what it is. */
import { displayText, inputHint, isOn, isRequired, valuesOf, valueText } from "@lectern/pdf/forms";
import type { Action, Field, Widget } from "@lectern/protocol";
import type { FormValues } from "./values.ts";

export interface ControlOptions {
  readonly form: FormValues;
  readonly fieldId: string;
  readonly field: Field;
  readonly widget: Widget;
  readonly label: string;
  readonly t: (key: string, values?: Readonly<Record<string, string | number>>) => string;
  readonly act: (action: Action) => void;
  /** Focus, typing or a refused value changed how it is to be drawn. */
  readonly redraw: () => void;
}

export interface Control {
  readonly element: HTMLElement;
  /** Shows the value as it is now, unless somebody is writing here. */
  update(): void;
  /** The drawn value would be seen below what is being written. */
  readonly isWriting: boolean;
  readonly problem: string | null;
  /** Writes what was typed and not written yet. */
  close(): void;
}

/** Typing is shared after a pause of so long. */
const PAUSE_MS = 400;

export function createControl(options: ControlOptions): Control {
  const { field } = options;
  if (field.type === "checkbox" || field.type === "radio") return toggle(options);
  if (field.type === "button") return button(options);
  if (field.type === "listbox" || (field.type === "combobox" && field.edit !== true)) return choice(options);
  return field.type === "signature" ? signature(options) : writing(options);
}

function name(element: HTMLElement, { field, label, form, fieldId }: ControlOptions): void {
  element.className = "field-control";
  element.ariaLabel = label;
  element.title = label;
  if (isRequired(field)) element.ariaRequired = "true";
  if (!form.mayFill(fieldId)) element.ariaReadOnly = "true";
}

function toggle(options: ControlOptions): Control {
  const { form, fieldId, field, widget } = options;
  const element = document.createElement("input");
  element.type = field.type;
  // Arrow keys go through the buttons of one group.
  if (field.type === "radio") element.name = fieldId;
  name(element, {
    ...options,
    label: widget.export === undefined || field.type === "checkbox" ? options.label : `${options.label}: ${widget.export}`,
  });
  const isShared = (field.options ?? []).filter((option) => option.value === widget.export).length > 1;
  const fill = (on: boolean): void => {
    const value = on ? (widget.export ?? null) : null;
    const indexes = on && field.type === "radio" && isShared && widget.optionIndex !== undefined ? [widget.optionIndex] : undefined;
    form.fill(fieldId, field.type === "radio" ? value : value === null ? [] : [value], indexes);
  };
  let wasOn = false;
  element.addEventListener("pointerdown", () => (wasOn = element.checked));
  element.addEventListener("click", (event) => {
    if (!form.mayFill(fieldId)) return event.preventDefault();
    if (field.type !== "radio" || !wasOn || field.noToggleToOff === true) return;
    wasOn = false;
    element.checked = false;
    fill(false);
  });
  element.addEventListener("change", () => fill(element.checked));
  const update = (): void => {
    element.checked = isOn(field, widget, form.value(fieldId));
    element.disabled = !form.mayFill(fieldId);
  };
  update();
  return { element, update, isWriting: false, problem: null, close: () => undefined };
}

function choice(options: ControlOptions): Control {
  const { form, fieldId, field, t } = options;
  const element = document.createElement("select");
  name(element, options);
  const isList = field.type === "listbox";
  element.multiple = isList && field.multiSelect === true;
  if (isList) element.size = Math.max(2, Math.min(field.options?.length ?? 2, 20));
  else element.add(new Option(t("forms.choose"), "", false, false));
  for (const { label, value } of field.options ?? []) element.add(new Option(label, value));
  element.addEventListener("change", () => {
    const chosen = Array.from(element.selectedOptions, (option) => option.value);
    form.fill(fieldId, isList || element.selectedIndex > 0 ? chosen : []);
  });
  const update = (): void => {
    const chosen = new Set(valuesOf(form.value(fieldId).value));
    for (const [index, option] of Array.from(element.options).entries())
      option.selected = !isList && index === 0 ? chosen.size === 0 : chosen.has(option.value);
    element.disabled = !form.mayFill(fieldId);
  };
  update();
  return { element, update, isWriting: false, problem: null, close: () => undefined };
}

function button(options: ControlOptions): Control {
  const element = document.createElement("button");
  element.type = "button";
  name(element, { ...options, label: options.field.buttonLabel ?? options.label });
  const { action } = options.widget;
  element.disabled = action === undefined;
  element.addEventListener("click", () => {
    if (action !== undefined) options.act(action);
  });
  return { element, update: () => undefined, isWriting: false, problem: null, close: () => undefined };
}

function signature(options: ControlOptions): Control {
  const element = document.createElement("div");
  name(element, { ...options, label: options.t("forms.signature", { name: options.label }) });
  element.role = "img";
  return { element, update: () => undefined, isWriting: false, problem: null, close: () => undefined };
}

/** Text fields, and combo boxes that take any text. */
function writing(options: ControlOptions): Control {
  const { form, fieldId, field, t, redraw } = options;
  const element = field.multiLine === true ? document.createElement("textarea") : document.createElement("input");
  name(element, options);
  element.autocomplete = "off";
  element.spellcheck = field.doNotSpellCheck !== true && field.password !== true;
  if (field.maxLength !== undefined) element.maxLength = field.maxLength;
  const hint = inputHint(field);
  if (hint?.kind === "number") element.inputMode = "decimal";
  else if (hint !== null && hint.pattern !== "") {
    element.placeholder = hint.pattern;
    element.title = `${options.label} (${hint.pattern})`;
  }
  let list: HTMLDataListElement | null = null;
  if (element instanceof HTMLInputElement) {
    element.type = field.password === true ? "password" : "text";
    if (field.type === "combobox") {
      list = document.createElement("datalist");
      list.id = `options-${fieldId}`;
      list.append(...(field.options ?? []).map(({ label, value }) => new Option(label, value)));
      element.setAttribute("list", list.id);
      element.append(list);
    }
  }
  let isFocused = false;
  let dirty = false;
  let problem: string | null = null;
  let timer = 0;

  const text = (): string =>
    field.type === "text" ? valueText(field, form.value(fieldId).value) : (valuesOf(form.value(fieldId).value)[0] ?? "");
  const typed = () => (field.type === "combobox" ? (element.value === "" ? [] : [optionOf(element.value)]) : element.value);
  const optionOf = (given: string): string => field.options?.find((option) => option.label === given)?.value ?? given;
  const write = (isLast: boolean): void => {
    clearTimeout(timer);
    if (!dirty) return;
    const value = typed();
    const found = form.problem(fieldId, { value });
    if (found === null) {
      dirty = false;
      form.fill(fieldId, value);
    }
    // While somebody writes it may well be wrong.
    if (found === null || isLast) {
      problem = found;
      element.ariaInvalid = found === null ? null : "true";
      redraw();
    }
  };
  element.addEventListener("focus", () => {
    isFocused = true;
    const raw = text();
    if (!dirty && element.value !== raw) {
      // Other words than those that were selected on the way in.
      element.value = raw;
      element.select();
    }
    redraw();
  });
  element.addEventListener("input", () => {
    dirty = true;
    clearTimeout(timer);
    timer = window.setTimeout(() => write(false), PAUSE_MS);
  });
  element.addEventListener("keydown", (event) => {
    // The viewer's shortcuts are letters, too.
    (event as KeyboardEvent).stopPropagation();
    if ((event as KeyboardEvent).key === "Escape") element.blur();
    if ((event as KeyboardEvent).key === "Enter" && field.multiLine !== true) write(true);
  });
  element.addEventListener("blur", () => {
    isFocused = false;
    write(true);
    update();
    redraw();
  });
  const update = (): void => {
    element.readOnly = !form.mayFill(fieldId);
    if (dirty) return;
    const shown = isFocused ? text() : displayText(field, form.value(fieldId).value);
    if (element.value === shown) return;
    const [from, to] = [element.selectionStart, element.selectionEnd];
    element.value = shown;
    if (isFocused && from !== null) element.setSelectionRange(from, to);
  };
  update();
  return {
    element,
    update,
    get isWriting() {
      return isFocused || dirty;
    },
    get problem() {
      return problem === null ? null : t("forms.problem", { name: options.label, problem });
    },
    close: () => write(true),
  };
}
