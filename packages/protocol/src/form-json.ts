/** Fields, widgets and values of forms as Instant JSON, the published form of records, both ways; values are read by name. */
import { Rect } from "./annotation/common.ts";
import { type Field, FIELD_TYPES, type Value, type Widget } from "./form.ts";
import { actionFromInstant, instantAction, type PageNames } from "./instant-json.ts";
import { pageSpace } from "./page-space.ts";
import { type Checked, checkData } from "./record.ts";

type Json = Readonly<Record<string, unknown>>;

const FIELD_TYPE = /^pspdfkit\/form-field\/([a-z]+)$/;

/** The other way: what a record holds of it. `prefix`: where it stands in the request. */
export function fieldFromJson(content: unknown, prefix = "$.content"): Checked<Field> {
  const given = objectOf(content);
  const type = FIELD_TYPE.exec(String(given["type"]))?.[1];
  if (type === undefined || !(FIELD_TYPES as readonly string[]).includes(type))
    return { ok: false, failingPaths: [{ path: `${prefix}.type`, details: "not a type of form field that is known" }] };
  const { label, defaultValue, defaultValues, additionalActions, pdfObjectId: _pdfObjectId, ...rest } = given;
  const defaults = Array.isArray(defaultValues)
    ? defaultValues
    : defaultValue === undefined || defaultValue === ""
      ? undefined
      : [defaultValue];
  const members = {
    ...rest,
    type,
    ...(label === undefined || label === null || label === given["name"] ? {} : { label }),
    ...(defaults === undefined || defaults.length === 0 ? {} : { defaults }),
    ...(additionalActions === undefined || additionalActions === null ? {} : { actions: additionalActions }),
  };
  return checkData("field", withoutDefaults(withoutNull(members)), prefix) as Checked<Field>;
}

/**
 * `field`: id of the field it belongs to, which `formFieldName` names. `toggle`: what a check box or radio button stands for, when the content
 * does not say so itself (`export`, `optionIndex`).
 */
export function widgetFromJson(
  content: unknown,
  {
    field,
    pages,
    toggle,
    order,
    prefix = "$.content",
  }: {
    readonly field: string;
    readonly pages: PageNames;
    readonly toggle?: Pick<Widget, "export" | "optionIndex">;
    /** Its place in the order of the tab key; default: none. */
    readonly order?: string;
    readonly prefix?: string;
  },
): Checked<Widget> {
  const given = objectOf(content);
  const failing = (member: string, details: string): Checked<Widget> => ({
    ok: false,
    failingPaths: [{ path: `${prefix}.${member}`, details }],
  });
  if (given["type"] !== "pspdfkit/widget") return failing("type", "must be pspdfkit/widget");
  const { pageId, pageIndex, bbox, rotation, fontSize } = given;
  const page = typeof pageId === "string" ? pageId : typeof pageIndex === "number" ? pages.idAt(pageIndex) : null;
  if (page === null || pages.indexOf(page) === null) return failing(pageId === undefined ? "pageIndex" : "pageId", "there is no such page");
  const box = Rect.safeParse(bbox);
  if (!box.success) return failing("bbox", "must be [left, top, width, height]");
  const looks = Object.fromEntries(
    LOOKS.flatMap((name) => (given[name] === undefined || given[name] === null ? [] : [[name, given[name]]])),
  );
  const members = {
    field,
    page,
    geometry: {
      bbox: pageSpace(pages.shown(page)).rectToSource(box.data),
      ...(rotation === undefined || rotation === null ? {} : { rotation }),
    },
    appearance: { ...looks, ...(fontSize === "auto" ? { fontSize: 0 } : fontSize === undefined || fontSize === null ? {} : { fontSize }) },
    export: given["export"] ?? toggle?.export,
    optionIndex: given["optionIndex"] ?? (given["export"] === undefined ? toggle?.optionIndex : undefined),
    flags: given["flags"],
    action: isAction(given["action"]) ? actionFromInstant(given["action"], pages) : given["action"],
    order,
  };
  const checked = checkData("widget", withoutNull(members), prefix);
  if (checked.ok) return checked as Checked<Widget>;
  return {
    ok: false,
    failingPaths: checked.failingPaths.map((one) => ({ ...one, path: one.path.replace(/\.(geometry|appearance)(?=\.)/, "") })),
  };
}

function isAction(value: unknown): value is { readonly type: string } {
  return typeof value === "object" && value !== null && typeof (value as { readonly type?: unknown }).type === "string";
}

const LOOKS = [
  "borderColor",
  "borderStyle",
  "borderWidth",
  "backgroundColor",
  "font",
  "fontColor",
  "fontStyle",
  "horizontalAlign",
  "verticalAlign",
  "symbol",
] as const;

/** The published form spells out what a record leaves to be understood. */
function withoutDefaults(members: Json): Json {
  const isDefault = (key: string, value: unknown): boolean =>
    value === false || (key === "buttonLabel" && value === "") || (key === "options" && Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(members).filter(([key, value]) => !isDefault(key, value)));
}

function objectOf(content: unknown): Json {
  return typeof content === "object" && content !== null ? (content as Json) : {};
}

function withoutNull(members: Json): Json {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null));
}

/** `annotationIds`: the field's widgets in order. */
export function fieldJson(id: string, field: Field, annotationIds: readonly string[]): Json {
  const { type, name, label, flags, pdfObjectId, options, defaults, actions, order: _order, ...rest } = field;
  const first = defaults?.[0];
  const isToggle = type === "checkbox" || type === "radio";
  return {
    v: 1,
    type: `pspdfkit/form-field/${type}`,
    id,
    name,
    label: label ?? name,
    annotationIds,
    ...(flags === undefined ? {} : { flags }),
    ...(pdfObjectId === undefined ? {} : { pdfObjectId }),
    ...(options === undefined && !isToggle && type !== "combobox" && type !== "listbox" ? {} : { options: options ?? [] }),
    ...(type === "text" || type === "radio" ? { defaultValue: first ?? "" } : {}),
    ...(type === "checkbox" || type === "combobox" || type === "listbox" || type === "radio" ? { defaultValues: defaults ?? [] } : {}),
    ...(type === "text"
      ? { doNotSpellCheck: false, doNotScroll: false, multiLine: false, comb: false, password: false, richText: false }
      : {}),
    ...(type === "combobox" ? { edit: false, doNotSpellCheck: false } : {}),
    ...(type === "combobox" || type === "listbox" ? { multiSelect: false, commitOnChange: false } : {}),
    ...(type === "radio" ? { noToggleToOff: false, radiosInUnison: false } : {}),
    ...(type === "button" ? { buttonLabel: "" } : {}),
    ...rest,
    ...(actions === undefined ? {} : { additionalActions: actions }),
  };
}

/** Null when its page is not shown. */
export function widgetJson(id: string, widget: Widget, fieldName: string, pages: PageNames): Json | null {
  const pageIndex = pages.indexOf(widget.page);
  if (pageIndex === null) return null;
  const { appearance, geometry, flags, action, pdfObjectId } = widget;
  const { fontSize, ...looks } = appearance;
  const leads = action === undefined ? undefined : instantAction(action, pages);
  return {
    v: 2,
    type: "pspdfkit/widget",
    id,
    pageIndex,
    pageId: widget.page,
    bbox: pageSpace(pages.shown(widget.page)).rectToShown(geometry.bbox),
    opacity: 1,
    formFieldName: fieldName,
    ...looks,
    ...(fontSize === undefined ? {} : { fontSize: fontSize === 0 ? "auto" : fontSize }),
    ...(geometry.rotation === undefined ? {} : { rotation: geometry.rotation }),
    ...(flags === undefined ? {} : { flags }),
    ...(leads === undefined ? {} : { action: leads }),
    ...(pdfObjectId === undefined ? {} : { pdfObjectId }),
  };
}

export function valueJson(fieldName: string, { value, optionIndexes, isFitting }: Value): Json {
  return {
    v: 1,
    type: "pspdfkit/form-field-value",
    name: fieldName,
    value,
    ...(optionIndexes === undefined ? {} : { optionIndexes }),
    ...(isFitting === undefined ? {} : { isFitting }),
  };
}
