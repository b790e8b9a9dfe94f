/** How widgets look (ISO 32000-2, 12.5.6.19 and 12.7.4.3): their entries, and the appearances that are drawn from records. */
import type { Action, Widget } from "@lectern/protocol";
import type { FontFor } from "../appearance/embedded-text.ts";
import { type FontName, standardFont } from "../appearance/font-metrics.ts";
import { toContentStream } from "../appearance/to-content-stream.ts";
import { type SharedObjects, textFonts } from "../appearance-stream.ts";
import { fontWriter } from "../font-writer.ts";
import { latinBytes, type ObjectFile } from "../objects/file.ts";
import { dictOf, nameOf, type PdfDict, type PdfObject, type PdfRefValue, refTo, textString } from "../objects/values.ts";
import { objectsOf } from "../objects/written.ts";
import { pdfNumber } from "../pdf-writer.ts";
import { drawWidget, type DrawnWidget } from "./appearance.ts";
import { isOn } from "./fill.ts";
import { WIDGET_FLAGS } from "./form-records.ts";
import type { FileWidget, FormPage } from "./read-form.ts";

export const OFF = "Off";
const PRINT = 4;
const SYMBOL_CODES = { check: "4", circle: "l", cross: "8", diamond: "u", square: "n", star: "H" } as const;
const FONT_KEYS: Readonly<Record<FontName, string>> = {
  Helvetica: "Helv",
  "Helvetica-Bold": "HeBo",
  "Helvetica-Oblique": "HeOb",
  "Helvetica-BoldOblique": "HeBI",
  "Times-Roman": "TiRo",
  "Times-Bold": "TiBo",
  "Times-Italic": "TiIt",
  "Times-BoldItalic": "TiBI",
  Courier: "Cour",
  "Courier-Bold": "CoBo",
  "Courier-Oblique": "CoOb",
  "Courier-BoldOblique": "CoBI",
};

/** What of a field's dictionary belongs to its widget. */
export const WIDGET_KEYS = [
  "Type",
  "Subtype",
  "Rect",
  "P",
  "NM",
  "M",
  "F",
  "AP",
  "AS",
  "Border",
  "C",
  "StructParent",
  "OC",
  "H",
  "MK",
  "A",
  "BS",
] as const;

export interface WidgetState {
  readonly page: FormPage;
  /** As the file had it; null: it is new. */
  readonly file: FileWidget | null;
  readonly isChanged: boolean;
  /** It, its field or its value changed. */
  readonly isTouched: boolean;
}

export class WidgetWriter {
  readonly #file: ObjectFile;
  readonly #fonts = new Map<FontName, PdfRefValue>();
  /** What default appearances name. */
  readonly #resources = new Map<string, PdfRefValue>();
  readonly #embedding: SharedObjects["embedding"];

  constructor(file: ObjectFile, fontFor: FontFor | undefined) {
    this.#file = file;
    this.#embedding = fontFor === undefined ? undefined : { fontFor, writer: fontWriter(objectsOf(file)) };
  }

  write(entries: PdfDict, drawn: Omit<DrawnWidget, "on">, { page, file, isChanged, isTouched }: WidgetState): void {
    const { type } = drawn.field;
    if (isChanged) this.#writeLook(entries, drawn, page);
    if (type === "checkbox" || type === "radio") this.#writeToggle(entries, drawn, { file, isNew: file === null || isChanged });
    else if (type === "signature" || (entries.has("AP") && (!isTouched || (type === "button" && !isChanged)))) return;
    else entries.set("AP", dictOf({ N: this.#appearance(drawn) }));
  }

  /** `form`: gets the fonts that were named; null when it is taken away. */
  finish(form: PdfDict | null): void {
    this.#embedding?.writer.finish();
    if (form === null || this.#resources.size === 0) return;
    const resources: PdfDict = new Map(this.#file.dict(form.get("DR")));
    const fonts: PdfDict = new Map(this.#file.dict(resources.get("Font")));
    for (const [key, value] of this.#resources) if (!fonts.has(key)) fonts.set(key, value);
    form.set("DR", resources.set("Font", fonts));
  }

  #writeLook(entries: PdfDict, { field, widget }: Omit<DrawnWidget, "on">, page: FormPage): void {
    const { geometry, appearance, flags = [], action } = widget;
    const [left, top, width, height] = geometry.bbox;
    const [x, , , y] = page.box;
    const isToggle = field.type === "checkbox" || field.type === "radio";
    entries.set("Rect", [x + left, y - top - height, x + left + width, y - top]);
    entries.set(
      "F",
      WIDGET_FLAGS.reduce((bits, [flag, bit]) => (flags.includes(flag) ? bits | bit : bits), flags.includes("noPrint") ? 0 : PRINT),
    );
    const characteristics: PdfDict = new Map(this.#file.dict(entries.get("MK")));
    put(characteristics, "BC", appearance.borderColor === undefined ? undefined : rgb(appearance.borderColor));
    put(characteristics, "BG", appearance.backgroundColor === undefined ? undefined : rgb(appearance.backgroundColor));
    put(characteristics, "R", geometry.rotation === undefined || geometry.rotation === 0 ? undefined : 360 - geometry.rotation);
    if (field.type === "button") put(characteristics, "CA", field.buttonLabel === undefined ? undefined : textString(field.buttonLabel));
    else if (isToggle)
      characteristics.set("CA", textString(SYMBOL_CODES[appearance.symbol ?? (field.type === "radio" ? "circle" : "check")]));
    entries.set("MK", characteristics);
    entries.set("BS", dictOf({ W: appearance.borderWidth ?? 1, S: nameOf(BORDERS[appearance.borderStyle ?? "solid"]) }));
    entries.delete("Border");
    const font = standardFont(appearance.font, appearance.fontStyle);
    if (!isToggle) this.#resources.set(FONT_KEYS[font], this.#font(font));
    const color = rgb(appearance.fontColor ?? "#000000")
      .map(pdfNumber)
      .join(" ");
    entries.set("DA", textString(`/${isToggle ? "ZaDb" : FONT_KEYS[font]} ${pdfNumber(appearance.fontSize ?? 0)} Tf ${color} rg`));
    entries.set("Q", ["left", "center", "right"].indexOf(appearance.horizontalAlign ?? "left"));
    writeAction(entries, action);
  }

  #writeToggle(
    entries: PdfDict,
    drawn: Omit<DrawnWidget, "on">,
    { file, isNew }: { readonly file: FileWidget | null; readonly isNew: boolean },
  ): void {
    const state = stateOf(drawn.widget, file);
    entries.set("AS", nameOf(isOn(drawn.field, drawn.widget, drawn.value) ? state : OFF));
    const states = this.#file.dict(this.#file.dict(entries.get("AP")).get("N"));
    // The file's own looks stay, but for a state that it has none for.
    if (!isNew && states.has(state)) return;
    const looks = { [state]: this.#appearance({ ...drawn, on: true }), [OFF]: this.#appearance({ ...drawn, on: false }) };
    entries.set("AP", dictOf({ N: dictOf(looks) }));
  }

  #appearance(drawn: DrawnWidget): PdfRefValue {
    const [, , width, height] = drawn.widget.geometry.bbox;
    const { operators, resources } = toContentStream(drawWidget(drawn), {
      matrix: [1, 0, 0, -1, 0, height],
      bounds: [0, 0, width, height],
      fonts: textFonts(this.#embedding),
    });
    const fonts = [
      ...Object.entries(resources.fonts).map(([key, font]) => [key, this.#font(font)] as const),
      ...Object.entries(resources.embedded).map(([key, font]) => [key, refTo(this.#embedding!.writer.ref(font).number)] as const),
    ];
    const dict = dictOf({
      Type: nameOf("XObject"),
      Subtype: nameOf("Form"),
      BBox: [0, 0, width, height],
      Resources: dictOf(fonts.length === 0 ? {} : { Font: dictOf(Object.fromEntries(fonts)) }),
    });
    return this.#file.add({ kind: "stream", dict, data: latinBytes(`/Tx BMC\nq\n${operators}\nQ\nEMC`) });
  }

  #font(font: FontName): PdfRefValue {
    const known = this.#fonts.get(font);
    if (known !== undefined) return known;
    const added = this.#file.add(
      dictOf({ Type: nameOf("Font"), Subtype: nameOf("Type1"), BaseFont: nameOf(font), Encoding: nameOf("WinAnsiEncoding") }),
    );
    this.#fonts.set(font, added);
    return added;
  }
}

const BORDERS = { solid: "S", dashed: "D", beveled: "B", inset: "I", underline: "U" } as const;

/** Kinds that records cannot hold stay as they are. */
function writeAction(entries: PdfDict, action: Action | undefined): void {
  if (action === undefined) entries.delete("A");
  else if (action.type === "uri") entries.set("A", dictOf({ S: nameOf("URI"), URI: textString(action.uri) }));
  else if (action.type === "javascript") entries.set("A", scriptAction(action));
  else if (action.type === "named") entries.set("A", dictOf({ S: nameOf("Named"), N: nameOf(action.action) }));
  else if (action.type === "resetForm")
    entries.set("A", dictOf({ S: nameOf("ResetForm"), Fields: action.fields?.map(textString), Flags: action.include === false ? 1 : 0 }));
}

export function scriptAction({ script }: Extract<Action, { type: "javascript" }>): PdfDict {
  return dictOf({ S: nameOf("JavaScript"), JS: textString(script) });
}

/** The name of the appearance that shows it switched on. New ones are named by their value where a name can be that, else by their place. */
export function stateOf(widget: Widget, file: FileWidget | null): string {
  if (file?.onState !== null && file?.onState !== undefined) return file.onState;
  const { export: value } = widget;
  return value === undefined || value === "" || value === OFF || !/^[\x21-\x7e]{1,100}$/.test(value)
    ? `On${widget.optionIndex ?? ""}`
    : value;
}

export function put(entries: PdfDict, key: string, value: PdfObject | undefined): void {
  if (value === undefined) entries.delete(key);
  else entries.set(key, value);
}

function rgb(color: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16) / 255);
}
