/** Subtypes of annotations by PDFium's number, and which of them may become records. */
export const SUBTYPES = [
  "Unknown",
  "Text",
  "Link",
  "FreeText",
  "Line",
  "Square",
  "Circle",
  "Polygon",
  "PolyLine",
  "Highlight",
  "Underline",
  "Squiggly",
  "StrikeOut",
  "Stamp",
  "Caret",
  "Ink",
  "Popup",
  "FileAttachment",
  "Sound",
  "Movie",
  "Widget",
  "Screen",
  "PrinterMark",
  "TrapNet",
  "Watermark",
  "3D",
  "RichMedia",
  "XFAWidget",
  "Redact",
] as const;
export type Subtype = (typeof SUBTYPES)[number];

/** The one table of what import turns into records: PDF subtype → type of annotation. */
export const RECORD_SUBTYPES = {
  Highlight: "highlight",
  Ink: "ink",
  Text: "note",
  Square: "rectangle",
  FreeText: "text",
  Link: "link",
} as const satisfies Partial<Record<Subtype, string>>;

export function isRecordSubtype(subtype: Subtype): subtype is keyof typeof RECORD_SUBTYPES {
  return Object.hasOwn(RECORD_SUBTYPES, subtype);
}

export function subtypeOf(number: number): Subtype {
  return SUBTYPES[number] ?? "Unknown";
}
