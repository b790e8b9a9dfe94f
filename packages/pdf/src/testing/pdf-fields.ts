/** Form fields of a fixture: AcroForm dictionaries with an appearance for every state. */
import type { Rect } from "@lectern/protocol";
import { FONT_NAMES } from "../appearance/font-metrics.ts";
import { type PdfDictionary, pdfName, pdfNumber, type PdfRef, type PdfWriter } from "../pdf-writer.ts";
import { fontKey, type PdfContent, pdfContent } from "./pdf-content.ts";

interface FieldOfOneWidget {
  readonly name: string;
  /** `[left, top, width, height]`, y down from the top-left of the media box. */
  readonly rect: Rect;
  /** What a screen reader says. */
  readonly label?: string;
  readonly required?: boolean;
  readonly readOnly?: boolean;
}
export type FieldSpec =
  | (FieldOfOneWidget & {
      readonly type: "text";
      readonly value?: string;
      readonly multiLine?: boolean;
      readonly maxLength?: number;
      readonly comb?: boolean;
    })
  | (FieldOfOneWidget & { readonly type: "checkbox"; readonly checked?: boolean })
  | (FieldOfOneWidget & { readonly type: "combobox" | "listbox"; readonly options: readonly string[]; readonly value?: string })
  | {
      readonly type: "radio";
      readonly name: string;
      readonly label?: string;
      readonly value?: string;
      readonly buttons: readonly { readonly rect: Rect; readonly value: string }[];
    };

export interface FieldPlace {
  readonly page: PdfRef;
  readonly left: number;
  /** The top of the media box in user space. */
  readonly top: number;
}

const LINE = "#9aa3b2";
const INK = "#1b2436";
const SIZE = 10;
/** Flags of fields (12.7.4 and 12.7.5): bit numbers there count from 1. */
const FLAG = {
  readOnly: 1,
  required: 2,
  multiLine: 1 << 12,
  noToggleToOff: 1 << 14,
  radio: 1 << 15,
  combo: 1 << 17,
  comb: 1 << 24,
} as const;

export function writeFields(writer: PdfWriter, specs: readonly FieldSpec[], place: FieldPlace): { fields: PdfRef[]; widgets: PdfRef[] } {
  const fields: PdfRef[] = [];
  const widgets: PdfRef[] = [];
  for (const spec of specs) {
    if (spec.type === "radio") {
      const field = writer.reserve();
      const kids = spec.buttons.map((button) =>
        writer.add({
          ...widget(button.rect, place),
          ...buttonStates(writer, button.rect, button.value, spec.value === button.value, "radio"),
          Parent: field,
        }),
      );
      writer.set(field, {
        FT: pdfName("Btn"),
        Ff: FLAG.radio | FLAG.noToggleToOff,
        T: spec.name,
        TU: spec.label,
        V: pdfName(spec.value ?? "Off"),
        Kids: kids,
      });
      fields.push(field);
      widgets.push(...kids);
    } else {
      const ref = writer.add({ ...widget(spec.rect, place), T: spec.name, TU: spec.label, ...typed(writer, spec) });
      fields.push(ref);
      widgets.push(ref);
    }
  }
  return { fields, widgets };
}

function typed(writer: PdfWriter, spec: Exclude<FieldSpec, { type: "radio" }>): PdfDictionary {
  const flags = (spec.readOnly === true ? FLAG.readOnly : 0) | (spec.required === true ? FLAG.required : 0);
  const DA = `/${fontKey("Helvetica")} ${SIZE} Tf ${pdfNumber(0.1)} g`;
  switch (spec.type) {
    case "checkbox": {
      const on = spec.checked === true;
      return { FT: pdfName("Btn"), Ff: flags, V: pdfName(on ? "Yes" : "Off"), ...buttonStates(writer, spec.rect, "Yes", on, "checkbox") };
    }
    case "text":
      return {
        FT: pdfName("Tx"),
        Ff: flags | (spec.multiLine === true ? FLAG.multiLine : 0) | (spec.comb === true ? FLAG.comb : 0),
        V: spec.value ?? "",
        MaxLen: spec.maxLength,
        DA,
        MK: { BC: [0.6, 0.64, 0.7] },
        AP: { N: appearance(writer, spec.rect, (content) => textAppearance(content, spec)) },
      };
    default:
      return {
        FT: pdfName("Ch"),
        Ff: flags | (spec.type === "combobox" ? FLAG.combo : 0),
        Opt: spec.options,
        V: spec.value,
        DA,
        MK: { BC: [0.6, 0.64, 0.7] },
        AP: { N: appearance(writer, spec.rect, (content) => choiceAppearance(content, spec)) },
      };
  }
}

function widget(rect: Rect, place: FieldPlace): PdfDictionary {
  const [left, top, width, height] = rect;
  return {
    Type: pdfName("Annot"),
    Subtype: pdfName("Widget"),
    P: place.page,
    F: 4,
    Rect: [place.left + left, place.top - top - height, place.left + left + width, place.top - top],
  };
}

function frame(content: PdfContent): void {
  content.rect(0.5, 0.5, content.width - 1, content.height - 1, { fill: "#ffffff", stroke: LINE, width: 0.75, radius: 3 });
}

function textAppearance(content: PdfContent, spec: Extract<FieldSpec, { type: "text" }>): void {
  frame(content);
  const value = spec.value ?? "";
  const cells = spec.comb === true ? (spec.maxLength ?? 0) : 0;
  for (let i = 1; i < cells; i++)
    content.line((i * content.width) / cells, 1, (i * content.width) / cells, content.height - 1, { stroke: LINE, width: 0.5 });
  if (value === "") return;
  if (cells > 0) {
    for (const [i, character] of Array.from(value).entries()) {
      content.text(((i + 0.5) * content.width) / cells, content.height / 2 + SIZE * 0.36, character, {
        size: SIZE,
        color: INK,
        align: "center",
      });
    }
  } else if (spec.multiLine === true) content.paragraph(5, 5 + SIZE, value, { width: content.width - 10, size: SIZE, color: INK });
  else content.text(5, content.height / 2 + SIZE * 0.36, value, { size: SIZE, color: INK });
}

function choiceAppearance(content: PdfContent, spec: Extract<FieldSpec, { type: "combobox" | "listbox" }>): void {
  frame(content);
  if (spec.type === "combobox") {
    content.text(5, content.height / 2 + SIZE * 0.36, spec.value ?? "", { size: SIZE, color: INK });
    const [x, y] = [content.width - 14, content.height / 2 - 2];
    content.path(
      [
        [x, y],
        [x + 4, y + 4],
        [x + 8, y],
      ],
      { stroke: INK, width: 1.2 },
    );
    return;
  }
  for (const [index, option] of spec.options.entries()) {
    const top = 3 + index * SIZE * 1.4;
    if (top + SIZE * 1.4 > content.height) return;
    if (option === spec.value) content.rect(2, top, content.width - 4, SIZE * 1.4, { fill: "#d6e0f5" });
    content.text(5, top + SIZE, option, { size: SIZE, color: INK });
  }
}

/** Both states of a check box or radio button, named `value` and `Off`. */
function buttonStates(writer: PdfWriter, rect: Rect, value: string, on: boolean, shape: "checkbox" | "radio"): PdfDictionary {
  const draw = (checked: boolean) =>
    appearance(writer, rect, (content) => {
      const { width, height } = content;
      if (shape === "radio") {
        content.circle(width / 2, height / 2, Math.min(width, height) / 2 - 0.5, { fill: "#ffffff", stroke: LINE, width: 0.75 });
        if (checked) content.circle(width / 2, height / 2, Math.min(width, height) / 4, { fill: INK });
        return;
      }
      frame(content);
      if (checked)
        content.path(
          [
            [width * 0.25, height * 0.52],
            [width * 0.43, height * 0.7],
            [width * 0.76, height * 0.3],
          ],
          { stroke: INK, width: width / 8 },
        );
    });
  return {
    AS: pdfName(on ? value : "Off"),
    MK: { CA: shape === "radio" ? "l" : "4" },
    AP: { N: { [value]: draw(true), Off: draw(false) } },
  };
}

function appearance(writer: PdfWriter, rect: Rect, draw: (content: PdfContent) => void): PdfRef {
  const content = pdfContent(rect[2], rect[3]);
  draw(content);
  const font = FONT_NAMES[0];
  return writer.stream(
    {
      Type: pdfName("XObject"),
      Subtype: pdfName("Form"),
      BBox: [0, 0, rect[2], rect[3]],
      Resources: {
        Font: {
          [fontKey(font)]: {
            Type: pdfName("Font"),
            Subtype: pdfName("Type1"),
            BaseFont: pdfName(font),
            Encoding: pdfName("WinAnsiEncoding"),
          },
        },
      },
    },
    `/Tx BMC\n${content.operators()}\nEMC`,
  );
}
