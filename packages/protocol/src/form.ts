/** Form fields, the widgets that show them, and their values. */
import * as z from "zod";
import {
  Action,
  BorderStyle,
  Color,
  FontStyle,
  HorizontalAlign,
  PageId,
  RecordId,
  Rect,
  Rotation,
  VerticalAlign,
} from "./annotation/common.ts";

export const FIELD_TYPES = ["button", "checkbox", "combobox", "listbox", "radio", "signature", "text"] as const;
export const FieldOption = z.object({ label: z.string().max(4096), value: z.string().max(4096) });

export const Field = z.object({
  /** Fully qualified name, unique in the document. */
  name: z.string().min(1).max(1024),
  type: z.enum(FIELD_TYPES),
  label: z.exactOptional(z.string().max(1024)),
  flags: z.exactOptional(z.array(z.enum(["readOnly", "required", "noExport"])).max(3)),
  options: z.exactOptional(z.array(FieldOption).max(10_000)),
  defaults: z.exactOptional(z.array(z.string().max(100_000)).max(10_000)),
  /** Choice fields. */
  multiSelect: z.exactOptional(z.boolean()),
  edit: z.exactOptional(z.boolean()),
  commitOnChange: z.exactOptional(z.boolean()),
  doNotSpellCheck: z.exactOptional(z.boolean()),
  /** Text fields. */
  multiLine: z.exactOptional(z.boolean()),
  password: z.exactOptional(z.boolean()),
  comb: z.exactOptional(z.boolean()),
  maxLength: z.exactOptional(z.int().min(0)),
  doNotScroll: z.exactOptional(z.boolean()),
  richText: z.exactOptional(z.boolean()),
  /** Radio buttons. */
  noToggleToOff: z.exactOptional(z.boolean()),
  radiosInUnison: z.exactOptional(z.boolean()),
  buttonLabel: z.exactOptional(z.string().max(1024)),
  actions: z.exactOptional(
    z.object({
      onInput: z.exactOptional(Action),
      onFormat: z.exactOptional(Action),
      onChange: z.exactOptional(Action),
      onCalculate: z.exactOptional(Action),
    }),
  ),
  /** Order of calculation. */
  order: z.exactOptional(z.string().max(256)),
  pdfObjectId: z.exactOptional(z.int().min(0)),
});
export type Field = z.infer<typeof Field>;

export const Widget = z.object({
  field: RecordId,
  page: PageId,
  geometry: z.object({ bbox: Rect, rotation: z.exactOptional(Rotation) }),
  appearance: z.object({
    borderColor: z.exactOptional(Color),
    borderStyle: z.exactOptional(BorderStyle),
    borderWidth: z.exactOptional(z.number().min(0).max(100)),
    backgroundColor: z.exactOptional(Color),
    font: z.exactOptional(z.string().max(128)),
    /** 0: chosen to fit. */
    fontSize: z.exactOptional(z.number().min(0).max(1000)),
    fontColor: z.exactOptional(Color),
    fontStyle: z.exactOptional(FontStyle),
    horizontalAlign: z.exactOptional(HorizontalAlign),
    verticalAlign: z.exactOptional(VerticalAlign),
    /** Of a check box or radio button that is on. */
    symbol: z.exactOptional(z.enum(["check", "circle", "cross", "diamond", "square", "star"])),
  }),
  /** Order of the tab key. */
  order: z.exactOptional(z.string().max(256)),
  /** Check boxes and radio buttons: the value that this widget stands for. */
  export: z.exactOptional(z.string().max(4096)),
  /** The same by its place in the field's options: two may have one value. */
  optionIndex: z.exactOptional(z.int().min(0)),
  flags: z.exactOptional(z.array(z.string().max(64)).max(16)),
  action: z.exactOptional(Action),
  pdfObjectId: z.exactOptional(z.int().min(0)),
});
export type Widget = z.infer<typeof Widget>;

/** Its id is the field's id and `:v`. */
export const Value = z.object({
  field: RecordId,
  /** One conflict group: the text, the chosen values, or null when empty. */
  value: z.nullable(z.union([z.string().max(100_000), z.array(z.string().max(100_000)).max(10_000)])),
  optionIndexes: z.exactOptional(z.array(z.int().min(0)).max(10_000)),
  isFitting: z.exactOptional(z.boolean()),
});
export type Value = z.infer<typeof Value>;
