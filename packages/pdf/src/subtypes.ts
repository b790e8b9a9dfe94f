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
  Underline: "underline",
  StrikeOut: "strikeout",
  Squiggly: "squiggly",
  Redact: "redaction",
  Ink: "ink",
  Text: "note",
  Square: "rectangle",
  Circle: "ellipse",
  Line: "line",
  PolyLine: "polyline",
  Polygon: "polygon",
  FreeText: "text",
  Stamp: "stamp",
  Link: "link",
} as const satisfies Partial<Record<Subtype, string>>;

/** Marks that people make on a page, as against links and form fields, which belong to it. */
export const MARK_SUBTYPES: ReadonlySet<string> = new Set<Subtype>([
  "Text",
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
  "Redact",
]);

/** What belongs to the page, to a form or to another annotation. */
export const NOT_MARKS: ReadonlySet<string> = new Set<Subtype>([
  "Widget",
  "XFAWidget",
  "Popup",
  "Link",
  "PrinterMark",
  "TrapNet",
  "Watermark",
  "Unknown",
]);

/** Where pictures are kept all marks are records, and links. */
export function becomesRecord(subtype: string): boolean {
  return subtype === "Link" || !NOT_MARKS.has(subtype);
}

export function isRecordSubtype(subtype: Subtype): subtype is keyof typeof RECORD_SUBTYPES {
  return Object.hasOwn(RECORD_SUBTYPES, subtype);
}

export function subtypeOf(number: number): Subtype {
  return SUBTYPES[number] ?? "Unknown";
}
