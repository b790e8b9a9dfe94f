/** Writes annotations: everything of a record that PDF has a place for. Appearances come from a file of them. */
import type { AnnotationFlag, Point, Rect } from "@lectern/protocol";
import type { DrawnAnnotation } from "../appearance/registry.ts";
import { type FontName, standardFont } from "../appearance/font-metrics.ts";
import { plainText } from "../appearance/rich-text.ts";
import { pdfDate } from "../dates.ts";
import { PdfError } from "../engine.ts";
import { pdfNumber } from "../pdf-writer.ts";
import { type Alloc, type Pointer, utf16, type Wasm } from "./memory.ts";
import type { PageGeometry } from "./page.ts";

export interface AnnotationToWrite {
  /** /NM */
  readonly name: string;
  readonly data: DrawnAnnotation;
  /** What it covers, in points of the page. */
  readonly rect: Rect;
  /** Milliseconds since 1970; 0 when unknown. */
  readonly createdAt: number;
  readonly updatedAt: number;
}

const SUBTYPE_NUMBERS: Readonly<Record<DrawnAnnotation["type"], number>> = { note: 1, text: 3, rectangle: 5, highlight: 9, ink: 15 };
const COLOR = 0;
const INTERIOR_COLOR = 1;
const SOLID = 1;
const DASHED = 2;
const BORDER_NUMBERS = { solid: SOLID, dashed: DASHED, beveled: 3, inset: 4, underline: 5 } as const;
/** Any standard icon will do: the true name is written when the file is finished, which takes one that is long enough. */
const LONGEST_ICON = 4;

/** Adds an annotation without an appearance at the end of the page's list; the caller closes it. */
export function createAnnotation(wasm: Wasm, page: Pointer, geometry: PageGeometry, annotation: AnnotationToWrite): Pointer {
  const { data, rect } = annotation;
  const pointer = wasm.fn.EPDFPage_CreateAnnot(page, SUBTYPE_NUMBERS[data.type]);
  if (pointer === 0) throw new PdfError("failed", "an annotation could not be made");
  const pen: Pen = { wasm, pointer, geometry };
  writeRect(pen, rect);
  writeText(pen, "NM", annotation.name);
  writeText(pen, "T", data.creatorName ?? "");
  if (annotation.createdAt > 0) writeText(pen, "CreationDate", pdfDate(annotation.createdAt));
  if (annotation.updatedAt > 0) writeText(pen, "M", pdfDate(annotation.updatedAt));
  writeText(pen, "Contents", data.type === "note" || data.type === "text" ? plainText(data.text) : (data.note ?? ""));
  wasm.fn.FPDFAnnot_SetFlags(pointer, flagBits(data.flags ?? []));
  if (data.appearance.opacity !== undefined && data.appearance.opacity < 1) {
    // Not a step that PDFium writes with few digits: the exact number is written over it when the file is finished.
    wasm.fn.EPDFAnnot_SetOpacity(pointer, Math.round(Math.max(0, data.appearance.opacity) * 255));
  }
  switch (data.type) {
    case "highlight":
      writeColor(pen, COLOR, data.appearance.color);
      writeQuads(pen, data.geometry.rects);
      break;
    case "ink":
      writeColor(pen, COLOR, data.appearance.color);
      wasm.fn.EPDFAnnot_SetBorderStyle(pointer, SOLID, data.appearance.width);
      for (const line of data.geometry.lines)
        writePoints(pen, pairs(line), (points, count) => wasm.fn.FPDFAnnot_AddInkStroke(pointer, points, count));
      break;
    case "note":
      if (data.appearance.color !== undefined) writeColor(pen, COLOR, data.appearance.color);
      wasm.fn.EPDFAnnot_SetName(pointer, LONGEST_ICON);
      break;
    case "rectangle":
      if (data.appearance.strokeColor !== undefined) writeColor(pen, COLOR, data.appearance.strokeColor);
      if (data.appearance.fillColor !== undefined) writeColor(pen, INTERIOR_COLOR, data.appearance.fillColor);
      writeBorder(pen, data.appearance.strokeWidth ?? 1, data.appearance.strokeDash ?? []);
      break;
    case "text":
      writeFreeText(pen, data);
      break;
  }
  return pointer;
}

/** `/Name` of a note's icon. */
export function iconName(data: DrawnAnnotation): string | null {
  if (data.type !== "note") return null;
  const icon = data.appearance.icon ?? "comment";
  return icon[0]!.toUpperCase() + icon.slice(1);
}

export interface Pen {
  readonly wasm: Wasm;
  readonly pointer: Pointer;
  readonly geometry: PageGeometry;
}

type FreeText = Extract<DrawnAnnotation, { type: "text" }>;

function writeFreeText(pen: Pen, { appearance, geometry }: FreeText): void {
  const { wasm, pointer } = pen;
  const borderWidth = appearance.borderColor === undefined ? 0 : (appearance.borderWidth ?? 1);
  const font = RESOURCE_NAMES[standardFont(appearance.font, appearance.fontStyle)];
  const stroke = borderWidth > 0 && appearance.borderColor !== undefined ? ` ${operands(appearance.borderColor)} RG` : "";
  writeText(pen, "DA", `${operands(appearance.fontColor ?? "#000000")} rg${stroke} /${font} ${pdfNumber(appearance.fontSize)} Tf`);
  wasm.fn.EPDFAnnot_SetTextAlignment(pointer, Math.max(0, ["left", "center", "right"].indexOf(appearance.horizontalAlign ?? "left")));
  if (appearance.backgroundColor !== undefined) writeColor(pen, COLOR, appearance.backgroundColor);
  wasm.fn.EPDFAnnot_SetBorderStyle(pointer, BORDER_NUMBERS[appearance.borderStyle ?? "solid"], borderWidth);
  const rotation = Math.round(geometry.rotation ?? 0) % 360;
  // Counterclockwise in the file.
  if (rotation !== 0) wasm.fn.EPDFAnnot_SetNumberValue(pointer, wasm.name("Rotate"), 360 - rotation);
  const { callout } = geometry;
  if (callout === undefined) return;
  const points = [callout.start, ...(callout.knee === undefined ? [] : [callout.knee]), callout.end];
  writePoints(pen, points, (buffer, count) => wasm.fn.EPDFAnnot_SetCalloutLine(pointer, buffer, count));
  const [left, top, right, bottom] = callout.innerRectInset;
  wasm.fn.EPDFAnnot_SetRectangleDifferences(pointer, left, bottom, right, top);
  wasm.fn.EPDFAnnot_SetIntent(pointer, wasm.name("FreeTextCallout"));
}

/** What forms call the standard fonts in their resources; readers know these names. */
const RESOURCE_NAMES: Readonly<Record<FontName, string>> = {
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

function writeText({ wasm, pointer }: Pen, key: string, value: string): void {
  if (value === "") return;
  wasm.frame((alloc) => wasm.fn.FPDFAnnot_SetStringValue(pointer, wasm.name(key), utf16(wasm, alloc, value)));
}

export function writeRect({ wasm, pointer, geometry }: Pen, rect: Rect): void {
  const [left, top, right, bottom] = edges(geometry, rect);
  wasm.frame((alloc) => {
    const buffer = alloc(16);
    wasm.f32s(buffer, 4).set([left, top, right, bottom]);
    wasm.fn.FPDFAnnot_SetRect(pointer, buffer);
  });
}

/** Corners in the order of all readers: upper left, upper right, lower left, lower right. */
function writeQuads({ wasm, pointer, geometry }: Pen, rects: readonly Rect[]): void {
  wasm.frame((alloc) => {
    const buffer = alloc(32);
    for (const rect of rects) {
      const [left, top, right, bottom] = edges(geometry, rect);
      wasm.f32s(buffer, 8).set([left, top, right, top, left, bottom, right, bottom]);
      wasm.fn.FPDFAnnot_AppendAttachmentPoints(pointer, buffer);
    }
  });
}

function writePoints({ wasm, geometry }: Pen, points: readonly Point[], write: (buffer: Pointer, count: number) => void): void {
  wasm.frame((alloc: Alloc) => {
    const buffer = alloc(points.length * 8);
    const values = wasm.f32s(buffer, points.length * 2);
    for (const [index, [x, y]] of points.entries()) values.set([geometry.box[0] + x, geometry.box[3] - y], index * 2);
    write(buffer, points.length);
  });
}

function writeBorder({ wasm, pointer }: Pen, width: number, dash: readonly number[]): void {
  const dashed = dash.some((length) => length > 0);
  wasm.fn.EPDFAnnot_SetBorderStyle(pointer, dashed ? DASHED : SOLID, width);
  if (!dashed) return;
  wasm.frame((alloc) => {
    const buffer = alloc(dash.length * 4);
    wasm.f32s(buffer, dash.length).set(dash);
    wasm.fn.EPDFAnnot_SetBorderDashPattern(pointer, buffer, dash.length);
  });
}

function writeColor({ wasm, pointer }: Pen, which: number, color: string): void {
  const [red, green, blue] = channels(color);
  wasm.fn.EPDFAnnot_SetColor(pointer, which, red, green, blue);
}

function channels(color: string): [number, number, number] {
  const value = Number.parseInt(color.slice(1), 16) || 0;
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

function operands(color: string): string {
  return channels(color)
    .map((part) => pdfNumber(part / 255))
    .join(" ");
}

/** Bits of /F, ISO 32000-2, table 167; the third says that it is printed. */
const FLAG_BITS: Readonly<Record<Exclude<AnnotationFlag, "noPrint">, number>> = {
  invisible: 1,
  hidden: 2,
  noZoom: 8,
  noRotate: 16,
  noView: 32,
  readOnly: 64,
  locked: 128,
  toggleNoView: 256,
  lockedContents: 512,
};
const PRINT = 4;

function flagBits(flags: readonly AnnotationFlag[]): number {
  return flags.reduce((bits, flag) => (flag === "noPrint" ? bits & ~PRINT : bits | FLAG_BITS[flag]), PRINT);
}

function edges({ box }: PageGeometry, [left, top, width, height]: Rect): [left: number, top: number, right: number, bottom: number] {
  return [box[0] + left, box[3] - top, box[0] + left + width, box[3] - top - height];
}

function pairs(line: readonly number[]): Point[] {
  const points: Point[] = [];
  for (let at = 0; at + 1 < line.length; at += 2) points.push([line[at]!, line[at + 1]!]);
  return points;
}
