/** The form of a file → field, widget and value records. Ids follow from the names alone, so they are the same wherever the file is read. */
import type { Field, RecordOf, Value, Widget } from "@lectern/protocol";
import { base32, pageId } from "@lectern/protocol/plain";
import { FIELD_FLAGS, type FileField, type FileWidget } from "./read-form.ts";

export type FormRecord = RecordOf<"field"> | RecordOf<"widget"> | RecordOf<"value">;

export interface FormRecordsOptions {
  readonly revision: number;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
}

export interface FormRecords {
  readonly field: RecordOf<"field">;
  readonly value: RecordOf<"value">;
  /** Beside the widgets of the file that they were made from. */
  readonly widgets: readonly { readonly record: RecordOf<"widget">; readonly file: FileWidget }[];
  readonly file: FileField;
}

const MAX_TEXT = 100_000;
const MAX_NAME = 1024;

export function formRecords(fields: readonly FileField[], options: FormRecordsOptions): FormRecords[] {
  return fields.flatMap((field) => {
    if (field.name.length > MAX_NAME) return [];
    const id = derive(`field:${field.name}`, options.sha256);
    return [
      {
        file: field,
        field: record(id, "field", fieldData(field)),
        value: record(`${id}:v`, "value", valueData(field, id)),
        widgets: field.widgets.map((widget, index) => ({
          record: record(derive(`widget:${index}:${field.name}`, options.sha256), "widget", widgetData(widget, id, options.revision)),
          file: widget,
        })),
      },
    ];
  });
}

function record<K extends "field" | "widget" | "value">(id: string, kind: K, data: RecordOf<K>["data"]): RecordOf<K> {
  return { id, kind, seq: 0, createdBy: null, createdAt: 0, updatedBy: null, updatedAt: 0, grp: null, data };
}

function derive(text: string, sha256: FormRecordsOptions["sha256"]): string {
  const bytes = Uint8Array.from(unescapeUtf8(text), (character) => character.charCodeAt(0));
  return base32(sha256(bytes)).slice(0, 26);
}

function unescapeUtf8(text: string): string {
  return encodeURIComponent(text.replace(/[\uD800-\uDFFF]/gu, "?")).replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function fieldData(field: FileField): Field {
  const { type, flags, label, maxLength, scripts, widgets } = field;
  const has = (flag: keyof typeof FIELD_FLAGS): boolean => (flags & FIELD_FLAGS[flag]) !== 0;
  const isText = type === "text";
  const isChoice = type === "combobox" || type === "listbox";
  const named = (["readOnly", "required", "noExport"] as const).filter(has);
  const options = isChoice ? field.options : toggles(field);
  const caption = type === "button" ? widgets.find(({ look }) => look.caption !== null)?.look.caption : undefined;
  const actions = {
    ...script("onInput", scripts.input),
    ...script("onFormat", scripts.format),
    ...script("onChange", scripts.change),
    ...script("onCalculate", scripts.calculate),
  };
  return {
    name: field.name,
    type,
    ...(label === null || label === "" ? {} : { label: label.slice(0, MAX_NAME) }),
    ...(named.length === 0 ? {} : { flags: named }),
    ...(options.length === 0
      ? {}
      : { options: options.slice(0, 10_000).map((each) => ({ label: each.label.slice(0, 4096), value: each.value.slice(0, 4096) })) }),
    ...(field.defaults.length === 0 ? {} : { defaults: field.defaults.slice(0, 10_000).map((text) => text.slice(0, MAX_TEXT)) }),
    ...flag("multiSelect", type === "listbox" && has("multiSelect")),
    ...flag("edit", type === "combobox" && has("edit")),
    ...flag("commitOnChange", isChoice && has("commitOnChange")),
    ...flag("doNotSpellCheck", (isText || isChoice) && has("doNotSpellCheck")),
    ...flag("multiLine", isText && has("multiLine")),
    ...flag("password", isText && has("password")),
    ...flag("comb", isText && has("comb") && maxLength !== null && !has("multiLine") && !has("password")),
    ...(maxLength === null ? {} : { maxLength }),
    ...flag("doNotScroll", isText && has("doNotScroll")),
    ...flag("richText", isText && has("richText")),
    ...flag("noToggleToOff", type === "radio" && has("noToggleToOff")),
    ...flag("radiosInUnison", type === "radio" && has("radiosInUnison")),
    ...(caption === null || caption === undefined || caption === "" ? {} : { buttonLabel: caption.slice(0, MAX_NAME) }),
    ...(Object.keys(actions).length === 0 ? {} : { actions }),
    ...(field.calculated === null ? {} : { order: String(field.calculated).padStart(6, "0") }),
    ...(field.nodes[0] === undefined ? {} : { pdfObjectId: field.nodes[0] }),
  };
}

/** The values that check boxes and radio buttons stand for, each once. */
function toggles({ type, options, widgets }: FileField): FileField["options"] {
  if (type !== "checkbox" && type !== "radio") return [];
  if (options.length > 0) return options;
  return [...new Set(widgets.flatMap((widget) => widget.export ?? []))].map((value) => ({ label: value, value }));
}

function script(event: string, code: string | null): object {
  return code === null ? {} : { [event]: { type: "javascript", script: code } };
}

function flag(key: string, isSet: boolean): object {
  return isSet ? { [key]: true } : {};
}

function valueData(field: FileField, id: string): Value {
  const { value } = field;
  return {
    field: id,
    value:
      value === null
        ? null
        : typeof value === "string"
          ? value.slice(0, MAX_TEXT)
          : value.slice(0, 10_000).map((text) => text.slice(0, MAX_TEXT)),
    ...(field.optionIndexes.length === 0 ? {} : { optionIndexes: field.optionIndexes.filter((index) => index >= 0).slice(0, 10_000) }),
  };
}

const SYMBOLS: Readonly<Record<string, NonNullable<Widget["appearance"]["symbol"]>>> = {
  "4": "check",
  l: "circle",
  "8": "cross",
  u: "diamond",
  n: "square",
  H: "star",
};

/** Bits of /F, as annotations name them. */
export const WIDGET_FLAGS = [
  ["invisible", 1],
  ["hidden", 2],
  ["noZoom", 8],
  ["noRotate", 16],
  ["noView", 32],
  ["readOnly", 64],
  ["locked", 128],
  ["toggleNoView", 256],
  ["lockedContents", 512],
] as const;
const PRINT = 4;

function widgetData(widget: FileWidget, field: string, revision: number): Widget {
  const { look, rect, flags } = widget;
  const named = [
    ...WIDGET_FLAGS.filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name),
    ...((flags & PRINT) === 0 ? ["noPrint"] : []),
  ];
  const symbol = look.caption === null ? undefined : SYMBOLS[look.caption];
  return {
    field,
    page: pageId(revision, widget.pageIndex),
    order: String(widget.ordinal).padStart(6, "0"),
    geometry: { bbox: rect, ...(look.rotation === 0 ? {} : { rotation: look.rotation }) },
    appearance: {
      ...(look.borderColor === null ? {} : { borderColor: look.borderColor }),
      ...(look.borderStyle === "solid" ? {} : { borderStyle: look.borderStyle }),
      borderWidth: look.borderWidth,
      ...(look.backgroundColor === null ? {} : { backgroundColor: look.backgroundColor }),
      ...(look.font === null ? {} : { font: look.font.slice(0, 128) }),
      fontSize: look.fontSize,
      ...(look.fontColor === null ? {} : { fontColor: look.fontColor }),
      ...(look.fontStyle.length === 0 ? {} : { fontStyle: [...look.fontStyle] }),
      ...(look.align === "left" ? {} : { horizontalAlign: look.align }),
      ...(symbol === undefined ? {} : { symbol }),
    },
    ...(widget.export === null ? {} : { export: widget.export.slice(0, 4096) }),
    ...(widget.optionIndex === null ? {} : { optionIndex: widget.optionIndex }),
    ...(named.length === 0 ? {} : { flags: named }),
    ...(widget.action === null ? {} : { action: widget.action }),
    ...(widget.objectNumber === 0 ? {} : { pdfObjectId: widget.objectNumber }),
  };
}
