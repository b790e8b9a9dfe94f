/**
 * The interactive form of a file (ISO 32000-2, 12.7) as it stands there: fields by their full names, each with its widgets. Fields that
 * share a name are one. Widgets that the field tree does not reach are found on their pages. What makes no sense is left out.
 */
import type { Action, Rect } from "@lectern/protocol";
import type { PdfBox } from "../engine.ts";
import type { ObjectFile } from "../objects/file.ts";
import { latin } from "../objects/lexer.ts";
import {
  isDict,
  isName,
  isRef,
  isStream,
  isString,
  type PdfDict,
  type PdfObject,
  stringText,
  textOf,
  utf8Text,
} from "../objects/values.ts";
import { hexColor, parseDefaultAppearance } from "../pdfium/default-appearance.ts";
import { readAction } from "./read-action.ts";

export type FieldType = "button" | "checkbox" | "combobox" | "listbox" | "radio" | "signature" | "text";

export interface FormPage {
  readonly objectNumber: number;
  /** In user space: the origin of our coordinates is its top left corner. */
  readonly box: PdfBox;
}

export interface FileWidget {
  /** 0: it stands in the page's list itself. */
  readonly objectNumber: number;
  /** /NM; empty for none. */
  readonly name: string;
  readonly pageIndex: number;
  /** Place in the page's list. */
  readonly ordinal: number;
  readonly rect: Rect;
  /** /F */
  readonly flags: number;
  /** Name of the appearance that shows it switched on, as bytes. */
  readonly onState: string | null;
  readonly export: string | null;
  /** Its place in the field's /Opt. */
  readonly optionIndex: number | null;
  readonly isOn: boolean;
  readonly look: FileWidgetLook;
  readonly action: Action | null;
}

export interface FileWidgetLook {
  readonly borderColor: string | null;
  readonly backgroundColor: string | null;
  readonly borderWidth: number;
  readonly borderStyle: "solid" | "dashed" | "beveled" | "inset" | "underline";
  /** Degrees clockwise. */
  readonly rotation: 0 | 90 | 180 | 270;
  readonly caption: string | null;
  readonly font: string | null;
  /** 0: chosen to fit. */
  readonly fontSize: number;
  readonly fontStyle: readonly ("bold" | "italic")[];
  readonly fontColor: string | null;
  readonly align: "left" | "center" | "right";
}

export interface FileField {
  readonly name: string;
  readonly type: FieldType;
  /** Objects that carry the name: one, but for files that split a field. */
  readonly nodes: readonly number[];
  /** /Ff */
  readonly flags: number;
  readonly label: string | null;
  readonly options: readonly { readonly label: string; readonly value: string }[];
  readonly value: string | readonly string[] | null;
  readonly optionIndexes: readonly number[];
  readonly defaults: readonly string[];
  readonly maxLength: number | null;
  readonly scripts: {
    readonly input: string | null;
    readonly format: string | null;
    readonly change: string | null;
    readonly calculate: string | null;
  };
  /** Place in the order of calculation. */
  readonly calculated: number | null;
  readonly widgets: readonly FileWidget[];
}

/** Bits of /Ff (tables 227, 229, 231, 233), counted from 0. */
export const FIELD_FLAGS = {
  readOnly: 1,
  required: 1 << 1,
  noExport: 1 << 2,
  multiLine: 1 << 12,
  password: 1 << 13,
  noToggleToOff: 1 << 14,
  radio: 1 << 15,
  pushButton: 1 << 16,
  combo: 1 << 17,
  edit: 1 << 18,
  multiSelect: 1 << 21,
  doNotSpellCheck: 1 << 22,
  doNotScroll: 1 << 23,
  comb: 1 << 24,
  radiosInUnison: 1 << 25,
  richText: 1 << 25,
  commitOnChange: 1 << 26,
} as const;

const MAX_FIELDS = 50_000;
const MAX_DEPTH = 32;

interface Place {
  readonly pageIndex: number;
  readonly ordinal: number;
  readonly number: number;
  readonly dict: PdfDict;
}

/** A field as it is gathered. */
interface Node {
  readonly name: string;
  readonly dict: PdfDict;
  readonly number: number;
  readonly chain: readonly PdfDict[];
  readonly widgets: Place[];
}

export function readForm(file: ObjectFile, pages: readonly FormPage[]): FileField[] {
  const form = file.dict(file.catalog.get("AcroForm"));
  const places = widgetPlaces(file, pages);
  const byNumber = new Map(places.filter(({ number }) => number > 0).map((place) => [place.number, place]));
  const nodes: Node[] = [];
  const seen = new Set<number>();
  const taken = new Set<Place>();

  function visit(object: PdfObject, parents: readonly PdfDict[], prefix: string): void {
    const number = isRef(object) ? object.number : 0;
    const dict = file.dict(object);
    if (dict.size === 0 || parents.length > MAX_DEPTH || nodes.length >= MAX_FIELDS || (number > 0 && seen.has(number))) return;
    if (number > 0) seen.add(number);
    const partial = textOf(file.resolve(dict.get("T")));
    const name = partial === null ? prefix : prefix === "" ? partial : `${prefix}.${partial}`;
    const chain = [dict, ...parents];
    const kids = file.array(dict.get("Kids"));
    const [fields, widgets]: [PdfObject[], PdfObject[]] = [[], []];
    for (const kid of kids) (file.dict(kid).has("T") ? fields : widgets).push(kid);
    for (const kid of fields) visit(kid, chain, name);
    if (fields.length > 0 && widgets.length === 0) return;
    const node: Node = { name, dict, number, chain, widgets: [] };
    for (const own of widgets.length > 0 ? widgets : [object]) {
      const place = isRef(own) ? byNumber.get(own.number) : undefined;
      if (place !== undefined && !taken.has(place)) {
        taken.add(place);
        node.widgets.push(place);
      }
    }
    nodes.push(node);
  }
  for (const field of file.array(form.get("Fields"))) visit(field, [], "");
  for (const place of places) if (!taken.has(place)) nodes.push(orphan(file, place));

  const order = new Map(file.array(form.get("CO")).flatMap((item, index) => (isRef(item) ? [[item.number, index] as const] : [])));
  const groups = new Map<string, Node[]>();
  for (const node of nodes) {
    if (node.name === "") continue;
    const group = groups.get(node.name);
    if (group === undefined) groups.set(node.name, [node]);
    else group.push(node);
  }
  return [...groups.values()].flatMap((group) => {
    const field = readField(file, { group, form, order, pages });
    return field === null ? [] : [field];
  });
}

function widgetPlaces(file: ObjectFile, pages: readonly FormPage[]): Place[] {
  const places: Place[] = [];
  for (const [pageIndex, { objectNumber }] of pages.entries()) {
    const page = file.dict(file.get(objectNumber));
    for (const [ordinal, item] of file.array(page.get("Annots")).entries()) {
      const dict = file.dict(item);
      if (file.name(dict.get("Subtype")) === "Widget") places.push({ pageIndex, ordinal, number: isRef(item) ? item.number : 0, dict });
    }
  }
  return places;
}

/** A widget that no field lists: its parents still say what it is. */
function orphan(file: ObjectFile, place: Place): Node {
  const chain: PdfDict[] = [place.dict];
  const numbers = [place.number];
  for (let up = place.dict.get("Parent"); chain.length < MAX_DEPTH; up = chain.at(-1)!.get("Parent")) {
    const parent = file.dict(up);
    if (parent.size === 0 || chain.includes(parent)) break;
    chain.push(parent);
    numbers.push(isRef(up) ? up.number : 0);
  }
  const partials = chain.map((entries) => textOf(file.resolve(entries.get("T"))));
  const name = partials
    .filter((partial) => partial !== null)
    .toReversed()
    .join(".");
  const carrier = Math.max(
    0,
    partials.findIndex((partial) => partial !== null),
  );
  return {
    name: name === "" ? `widget-${place.number > 0 ? place.number : `${place.pageIndex}-${place.ordinal}`}` : name,
    dict: chain[carrier]!,
    number: numbers[carrier]!,
    chain: chain.slice(carrier),
    widgets: [place],
  };
}

interface FieldContext {
  readonly group: readonly Node[];
  readonly form: PdfDict;
  readonly order: ReadonlyMap<number, number>;
  readonly pages: readonly FormPage[];
}

function readField(file: ObjectFile, { group, form, order, pages }: FieldContext): FileField | null {
  const first = group[0]!;
  const inherited = (key: string): PdfObject => {
    for (const { chain } of group) for (const entries of chain) if (entries.has(key)) return file.resolve(entries.get(key));
    return null;
  };
  const flags = numberOf(inherited("Ff")) ?? 0;
  const type = typeOf(file.name(inherited("FT")) ?? kindOfKid(file, group), flags);
  if (type === null) return null;
  const options = file.array(inherited("Opt")).flatMap((item) => option(file, item));
  const isToggle = type === "checkbox" || type === "radio";
  const widgets = group.flatMap((node) =>
    node.widgets.map((place, index) =>
      readWidget(file, place, {
        form,
        chain: node.chain,
        options: isToggle ? options : [],
        isToggle,
        index,
        page: pages[place.pageIndex]!,
      }),
    ),
  );
  const calculated = group.flatMap(({ number, widgets: own }) =>
    [number, ...own.map((place) => place.number)].map((each) => order.get(each)),
  );
  return {
    name: first.name,
    type,
    nodes: group.map(({ number }) => number).filter((number) => number > 0),
    flags,
    label: textOf(inherited("TU")),
    options,
    ...(isToggle
      ? toggled(widgets, type, inherited("V"))
      : filled(file, type, options, { value: inherited("V"), indexes: inherited("I") })),
    defaults: isToggle ? statesOf(widgets, inherited("DV")) : textsOf(file, inherited("DV")),
    maxLength: type === "text" ? positive(numberOf(inherited("MaxLen"))) : null,
    scripts: scripts(file, group),
    calculated: calculated.find((place) => place !== undefined) ?? null,
    widgets,
  };
}

/** Some files say the type in the widgets only. */
function kindOfKid(file: ObjectFile, group: readonly Node[]): string | null {
  for (const { widgets } of group) for (const { dict } of widgets) if (dict.has("FT")) return file.name(dict.get("FT"));
  return null;
}

export function typeOf(kind: string | null, flags: number): FieldType | null {
  switch (kind) {
    case "Tx":
      return "text";
    case "Sig":
      return "signature";
    case "Ch":
      return (flags & FIELD_FLAGS.combo) !== 0 ? "combobox" : "listbox";
    case "Btn":
      return (flags & FIELD_FLAGS.pushButton) !== 0 ? "button" : (flags & FIELD_FLAGS.radio) !== 0 ? "radio" : "checkbox";
    default:
      return null;
  }
}

function option(file: ObjectFile, item: PdfObject): { label: string; value: string }[] {
  const object = file.resolve(item);
  if (Array.isArray(object)) {
    const value = textOf(file.resolve(object[0]));
    const label = textOf(file.resolve(object[1]));
    return value === null && label === null ? [] : [{ value: value ?? label!, label: label ?? value! }];
  }
  const text = textOf(object);
  return text === null ? [] : [{ label: text, value: text }];
}

interface WidgetContext {
  readonly form: PdfDict;
  readonly chain: readonly PdfDict[];
  readonly options: readonly { readonly value: string }[];
  readonly isToggle: boolean;
  /** Its place among the field's. */
  readonly index: number;
  readonly page: FormPage;
}

function readWidget(file: ObjectFile, { dict, number, pageIndex, ordinal }: Place, context: WidgetContext): FileWidget {
  const get = (key: string): PdfObject => file.resolve(dict.get(key));
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = file.array(dict.get("Rect")).map((side) => numberOf(file.resolve(side)) ?? 0);
  const [left, , , top] = context.page.box;
  const states = file.dict(file.dict(get("AP")).get("N"));
  const appearance = file.resolve(file.dict(get("AP")).get("N"));
  const shown = file.name(dict.get("AS"));
  const onState =
    (isDict(appearance) ? [...(states.keys() ?? [])].find((state) => state !== "Off") : undefined) ??
    (shown !== null && shown !== "Off" ? shown : null);
  const optionIndex = context.options.length === 0 ? null : onState !== null && /^\d+$/.test(onState) ? Number(onState) : context.index;
  const known = optionIndex === null ? undefined : context.options[optionIndex];
  return {
    objectNumber: number,
    name: textOf(get("NM")) ?? "",
    pageIndex,
    ordinal,
    rect: [round(Math.min(x1, x2) - left), round(top - Math.max(y1, y2)), round(Math.abs(x2 - x1)), round(Math.abs(y2 - y1))],
    flags: numberOf(get("F")) ?? 0,
    onState,
    export: context.isToggle ? (known?.value ?? (onState === null ? null : nameText(onState))) : null,
    optionIndex: known === undefined ? null : optionIndex,
    isOn: shown !== null && shown !== "Off",
    look: look(file, dict, context),
    action: readAction(file, get("A")),
  };
}

function look(file: ObjectFile, widget: PdfDict, { chain, form }: WidgetContext): FileWidgetLook {
  const inherited = (key: string): PdfObject => {
    for (const entries of [widget, ...chain, form]) if (entries.has(key)) return file.resolve(entries.get(key));
    return null;
  };
  const characteristics = file.dict(widget.get("MK"));
  const border = file.dict(widget.get("BS"));
  const older = file.array(widget.get("Border"));
  const operators = textOf(inherited("DA")) ?? "";
  const font = /\/([^\s/[\](){}<>]+)\s+[\d.+-]+\s+Tf/.exec(operators)?.[1];
  const resources = file.dict(file.dict(form.get("DR")).get("Font"));
  const base = font === undefined ? null : file.name(file.dict(resources.get(font)).get("BaseFont"));
  const text = parseDefaultAppearance(base === null ? operators : operators.replaceAll(`/${font}`, `/${base}`), "");
  const turned = numberOf(file.resolve(characteristics.get("R"))) ?? 0;
  return {
    borderColor: colorOf(file, characteristics.get("BC")),
    backgroundColor: colorOf(file, characteristics.get("BG")),
    borderWidth: Math.max(0, Math.min(100, numberOf(file.resolve(border.get("W"))) ?? numberOf(file.resolve(older[2])) ?? 1)),
    borderStyle: BORDERS[file.name(border.get("S")) ?? "S"] ?? "solid",
    // Counterclockwise in the file.
    rotation: ((((360 - Math.round(turned / 90) * 90) % 360) + 360) % 360) as 0 | 90 | 180 | 270,
    caption: textOf(file.resolve(characteristics.get("CA"))),
    font: text.font,
    fontSize: Math.min(1000, text.fontSize ?? 0),
    fontStyle: text.fontStyle,
    fontColor: text.fontColor,
    align: (["left", "center", "right"] as const)[numberOf(inherited("Q")) ?? 0] ?? "left",
  };
}

const BORDERS: Readonly<Record<string, FileWidgetLook["borderStyle"]>> = {
  S: "solid",
  D: "dashed",
  B: "beveled",
  I: "inset",
  U: "underline",
};

function colorOf(file: ObjectFile, object: PdfObject | undefined): string | null {
  return hexColor(file.array(object).map((part) => numberOf(file.resolve(part)) ?? 0));
}

type Filled = Pick<FileField, "value" | "optionIndexes">;

function toggled(widgets: readonly FileWidget[], type: FieldType, value: PdfObject): Filled {
  const states = statesOf(widgets, value);
  const shown = value === null ? widgets.filter(({ isOn }) => isOn) : [];
  const on = [...new Set([...states, ...shown.flatMap((widget) => widget.export ?? [])])];
  const state = isName(value) ? value.value : null;
  const chosen = widgets.filter((widget) => (state === null ? widget.isOn : widget.onState === state));
  const indexes = chosen.flatMap(({ optionIndex }) => optionIndex ?? []);
  return { value: type === "radio" ? (on[0] ?? null) : on, optionIndexes: on.length === 0 ? [] : [...new Set(indexes)] };
}

/** The export values of the widgets that a name switches on. */
function statesOf(widgets: readonly FileWidget[], value: PdfObject): string[] {
  const state = isName(value) ? value.value : isString(value) ? value.value : null;
  if (state === null || state === "Off" || state === "") return [];
  const found = widgets.filter(({ onState }) => onState === state).flatMap((widget) => widget.export ?? []);
  const named = widgets.filter((widget) => widget.export === (textOf(value) ?? state)).flatMap((widget) => widget.export ?? []);
  return [...new Set(found.length > 0 ? found : named)];
}

function filled(
  file: ObjectFile,
  type: FieldType,
  options: FileField["options"],
  { value, indexes }: { readonly value: PdfObject; readonly indexes: PdfObject },
): Filled {
  if (type === "text")
    return {
      value: textOf(value) ?? (isStream(value) && !value.dict.has("Filter") ? stringText(latin(value.data)) : null),
      optionIndexes: [],
    };
  if (type !== "combobox" && type !== "listbox") return { value: null, optionIndexes: [] };
  const texts = textsOf(file, value).filter((text) => text !== "");
  const chosen = texts.map(
    (text) => options.find((each) => each.value === text)?.value ?? options.find((each) => each.label === text)?.value ?? text,
  );
  if (chosen.length > 0 || value !== null) return { value: chosen, optionIndexes: [] };
  const places = file.array(indexes).flatMap((item) => numberOf(file.resolve(item)) ?? []);
  return { value: places.flatMap((place) => options[place]?.value ?? []), optionIndexes: [] };
}

function textsOf(file: ObjectFile, value: PdfObject): string[] {
  return (Array.isArray(value) ? value.map((item) => textOf(file.resolve(item))) : [textOf(value)]).filter((text) => text !== null);
}

function scripts(file: ObjectFile, group: readonly Node[]): FileField["scripts"] {
  const dictionaries = group.flatMap(({ dict, widgets }) => [dict, ...widgets.map((place) => place.dict)]);
  const script = (event: string): string | null => {
    for (const entries of dictionaries) {
      const action = readAction(file, file.resolve(file.dict(entries.get("AA")).get(event)));
      if (action?.type === "javascript") return action.script;
    }
    return null;
  };
  return { input: script("K"), format: script("F"), change: script("V"), calculate: script("C") };
}

/** Names are bytes; those of states are mostly UTF-8 or ASCII. */
export function nameText(bytes: string): string {
  return utf8Text(bytes) ?? bytes;
}

function numberOf(object: PdfObject): number | null {
  return typeof object === "number" && Number.isFinite(object) ? object : null;
}
function positive(value: number | null): number | null {
  return value === null || value < 1 ? null : Math.floor(value);
}
function round(value: number): number {
  return Math.max(-1_000_000, Math.min(1_000_000, Math.round(value * 10_000) / 10_000));
}
