/** Annotations of a page as the file has them, read without loading the page's content. */
import type { Action, Rect } from "@lectern/protocol";
import { dateMillis } from "../dates.ts";
import { PRIVATE_KEY } from "../annotation-dictionary.ts";
import type { BorderStyle, FileAnnotation, FileFreeText, LineCap } from "../engine.ts";
import { typeOf } from "../forms/read-form.ts";
import { type DefaultAppearance, parseDefaultAppearance } from "./default-appearance.ts";
import { type GeometryOf, targetOf } from "./destination.ts";
import { type Pointer, readUtf16, type Wasm } from "./memory.ts";
import { type PageGeometry, toPage } from "./page.ts";
import { subtypeOf } from "../subtypes.ts";

const MAX_ANNOTATIONS = 100_000;
const MAX_QUADS = 10_000;
const MAX_STROKES = 1000;
const MAX_POINTS = 20_000;
const COLOR = 0;
const INTERIOR_COLOR = 1;
const OUTLINE_COLOR = 2;
const NORMAL = 0;
const BLEND_MODES = [
  "normal",
  "multiply",
  "screen",
  "overlay",
  "darken",
  "lighten",
  "colorDodge",
  "colorBurn",
  "hardLight",
  "softLight",
  "difference",
  "exclusion",
] as const;
const BORDER_STYLES: readonly BorderStyle[] = ["solid", "solid", "dashed", "beveled", "inset", "underline"];

interface Reader {
  readonly wasm: Wasm;
  readonly document: Pointer;
  readonly geometry: PageGeometry;
  readonly geometryOf: GeometryOf;
}

export function readAnnotations(wasm: Wasm, document: Pointer, index: number, geometryOf: GeometryOf): FileAnnotation[] {
  const { fn } = wasm;
  const count = Math.min(fn.EPDFPage_GetAnnotCountRaw(document, index), MAX_ANNOTATIONS);
  if (count === 0) return [];
  const reader: Reader = { wasm, document, geometry: geometryOf(index), geometryOf };
  const found: FileAnnotation[] = [];
  for (let ordinal = 0; ordinal < count; ordinal++) {
    const annotation = fn.EPDFPage_GetAnnotRaw(document, index, ordinal);
    if (annotation === 0) continue;
    const read = readAnnotation(reader, annotation, ordinal);
    if (read !== null) found.push(read);
    fn.FPDFPage_CloseAnnot(annotation);
  }
  return found;
}

/** Has it entries that only its objects tell: a scale, or an action that PDFium does not know, or not all of? */
export function isInObjects(wasm: Wasm, document: Pointer, index: number, { ordinal, subtype, action }: FileAnnotation): boolean {
  const annotation = wasm.fn.EPDFPage_GetAnnotRaw(document, index, ordinal);
  if (annotation === 0) return false;
  const found = hasKey(wasm, annotation, "Measure") || (subtype !== "Widget" && !isActionKnown(action) && hasKey(wasm, annotation, "A"));
  wasm.fn.FPDFPage_CloseAnnot(annotation);
  return found;
}

/** What leads into another file says more than PDFium does. */
export function isActionKnown(action: Action | null): boolean {
  return action !== null && action.type !== "goToRemote" && action.type !== "goToEmbedded";
}

function readAnnotation(reader: Reader, annotation: Pointer, ordinal: number): FileAnnotation | null {
  const { wasm, geometry } = reader;
  const { fn } = wasm;
  const known = subtypeOf(fn.FPDFAnnot_GetSubtype(annotation));
  const subtype = known === "Unknown" ? readText(wasm, annotation, "Subtype") || known : known;
  const rect = readRect(wasm, annotation, geometry);
  if (rect === null) return null;
  const text = (key: string): string => readText(wasm, annotation, key);
  const creationDate = dateMillis(text("CreationDate"));
  return {
    subtype,
    objectNumber: fn.EPDFAnnot_GetObjectNumber(annotation),
    ordinal,
    name: text("NM") || null,
    rect,
    flags: fn.FPDFAnnot_GetFlags(annotation),
    ...readThread(wasm, annotation, subtype),
    author: text("T") || null,
    contents: text("Contents"),
    richText: text("RC") || null,
    createdAt: creationDate,
    modifiedAt: dateMillis(text("M")),
    color: readColor(wasm, annotation, COLOR, "C"),
    interiorColor: readColor(wasm, annotation, INTERIOR_COLOR, "IC"),
    opacity: Math.max(0, Math.min(1, readNumber(wasm, annotation, "CA") ?? 1)),
    blendMode: readBlendMode(wasm, annotation),
    border: readBorder(wasm, annotation),
    cloudIntensity: readCloud(wasm, annotation),
    inset: readInset(wasm, annotation),
    quads: readQuads(wasm, annotation, geometry),
    strokes: subtype === "Ink" ? readStrokes(wasm, annotation, geometry) : [],
    points: readOutline(wasm, annotation, geometry, subtype),
    lineEndings: readEndings(wasm, annotation, subtype),
    overlay: subtype === "Redact" ? readOverlay(wasm, annotation) : null,
    // Of these PDFium tells nothing more.
    measurement: null,
    privateData: hasKey(wasm, annotation, PRIVATE_KEY) ? text(PRIVATE_KEY) : null,
    hasAppearance: fn.EPDFAnnot_HasAppearanceStream(annotation, NORMAL) !== 0,
    icon: subtype === "Text" || subtype === "Stamp" ? text("Name") || null : null,
    freeText: subtype === "FreeText" ? readFreeText(wasm, annotation, geometry) : null,
    action: readAction(reader, annotation, subtype),
    fieldType: subtype === "Widget" ? readFieldType(wasm, annotation) : null,
  };
}

/** What the widget itself says; a field of several widgets says it above them. */
function readFieldType(wasm: Wasm, widget: Pointer): FileAnnotation["fieldType"] {
  return typeOf(readText(wasm, widget, "FT") || null, readNumber(wasm, widget, "Ff") ?? 0);
}

function readText(wasm: Wasm, annotation: Pointer, key: string): string {
  return readUtf16(wasm, (buffer, bytes) => wasm.fn.FPDFAnnot_GetStringValue(annotation, wasm.name(key), buffer, bytes));
}

function hasKey(wasm: Wasm, annotation: Pointer, key: string): boolean {
  return wasm.fn.FPDFAnnot_HasKey(annotation, wasm.name(key)) !== 0;
}

function readNumber(wasm: Wasm, annotation: Pointer, key: string): number | null {
  return wasm.frame((alloc) => {
    const value = alloc(4);
    if (wasm.fn.FPDFAnnot_GetNumberValue(annotation, wasm.name(key), value) === 0) return null;
    const number = wasm.f32(value);
    return Number.isFinite(number) ? number : null;
  });
}

function readRect(wasm: Wasm, annotation: Pointer, geometry: PageGeometry): Rect | null {
  return wasm.frame((alloc) => {
    const pointer = alloc(16);
    if (wasm.fn.EPDFAnnot_GetRect(annotation, pointer) === 0) return null;
    const [left, top, right, bottom] = wasm.f32s(pointer, 4) as unknown as [number, number, number, number];
    return boxOf([toPage(geometry, left, top), toPage(geometry, right, bottom)]);
  });
}

/** The box around some points, or null when one of them is no number. */
function boxOf(points: readonly (readonly [number, number])[]): Rect | null {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const left = Math.min(...xs);
  const top = Math.min(...ys);
  const box: Rect = [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
  return box.every(Number.isFinite) ? box : null;
}

/** The annotation's own entry (PDF 2.0), else what its appearance begins with, where PDFium calls none normal. */
function readBlendMode(wasm: Wasm, annotation: Pointer): FileAnnotation["blendMode"] {
  const own = readText(wasm, annotation, "BM").toLowerCase();
  const drawn = BLEND_MODES[wasm.fn.EPDFAnnot_GetBlendMode(annotation)];
  return BLEND_MODES.find((mode) => mode.toLowerCase() === own) ?? (drawn === "normal" ? null : (drawn ?? null));
}

/** An absent or empty colour is transparent; PDFium would give its default for it. */
function readColor(wasm: Wasm, annotation: Pointer, type: number, key: string): string | null {
  if (!hasKey(wasm, annotation, key)) return null;
  return wasm.frame((alloc) => {
    const rgb = alloc(12);
    if (wasm.fn.EPDFAnnot_GetColor(annotation, type, rgb, rgb + 4, rgb + 8) === 0) return null;
    return `#${[...wasm.i32s(rgb, 3)].map((part) => (part & 255).toString(16).padStart(2, "0")).join("")}`;
  });
}

/** /BS, else the older /Border (whose dashes PDFium does not tell), else the default. */
function readBorder(wasm: Wasm, annotation: Pointer): FileAnnotation["border"] {
  const { fn } = wasm;
  return wasm.frame((alloc) => {
    const out = alloc(12);
    const hasStyle = hasKey(wasm, annotation, "BS");
    let points = 1;
    let style: BorderStyle = "solid";
    if (hasStyle) {
      wasm.f32s(out, 1)[0] = 1;
      style = BORDER_STYLES[fn.EPDFAnnot_GetBorderStyle(annotation, out)] ?? "solid";
      points = wasm.f32(out);
    } else if (fn.FPDFAnnot_GetBorder(annotation, out, out + 4, out + 8) !== 0) points = wasm.f32(out + 8);
    const isGiven = hasStyle || hasKey(wasm, annotation, "Border");
    return { width: Number.isFinite(points) && points >= 0 ? points : 1, style, dash: readDash(wasm, annotation), isGiven };
  });
}

function readDash(wasm: Wasm, annotation: Pointer): number[] {
  const count = Math.min(wasm.fn.EPDFAnnot_GetBorderDashPatternCount(annotation), 16);
  if (count <= 0) return [];
  return wasm.frame((alloc) => {
    const values = alloc(count * 4);
    if (wasm.fn.EPDFAnnot_GetBorderDashPattern(annotation, values, count) === 0) return [];
    const dash = [...wasm.f32s(values, count)].filter((value) => value >= 0);
    return dash.some((value) => value > 0) ? dash : [];
  });
}

function readCloud(wasm: Wasm, annotation: Pointer): number | null {
  return wasm.frame((alloc) => {
    const intensity = alloc(4);
    if (wasm.fn.EPDFAnnot_GetBorderEffect(annotation, intensity) === 0) return null;
    const value = wasm.f32(intensity);
    return Number.isFinite(value) && value >= 0 ? value : null;
  });
}

function readInset(wasm: Wasm, annotation: Pointer): FileAnnotation["inset"] {
  return wasm.frame((alloc) => {
    const out = alloc(16);
    if (wasm.fn.EPDFAnnot_GetRectangleDifferences(annotation, out, out + 4, out + 8, out + 12) === 0) return null;
    const [left, bottom, right, top] = wasm.f32s(out, 4) as unknown as [number, number, number, number];
    return [left, top, right, bottom].every(Number.isFinite) ? [left, top, right, bottom] : null;
  });
}

function readQuads(wasm: Wasm, annotation: Pointer, geometry: PageGeometry): Rect[] {
  const { fn } = wasm;
  if (fn.FPDFAnnot_HasAttachmentPoints(annotation) === 0) return [];
  const count = Math.min(fn.FPDFAnnot_CountAttachmentPoints(annotation), MAX_QUADS);
  return wasm.frame((alloc) => {
    const quads: Rect[] = [];
    const quad = alloc(32);
    for (let i = 0; i < count; i++) {
      if (fn.FPDFAnnot_GetAttachmentPoints(annotation, i, quad) === 0) continue;
      const values = [...wasm.f32s(quad, 8)];
      const box = boxOf([0, 2, 4, 6].map((at) => toPage(geometry, values[at]!, values[at + 1]!)));
      if (box !== null) quads.push(box);
    }
    return quads;
  });
}

function readStrokes(wasm: Wasm, annotation: Pointer, geometry: PageGeometry): number[][] {
  const { fn } = wasm;
  const strokes: number[][] = [];
  const count = Math.min(fn.FPDFAnnot_GetInkListCount(annotation), MAX_STROKES);
  for (let i = 0; i < count; i++) {
    const points = fn.FPDFAnnot_GetInkListPath(annotation, i, 0, 0);
    if (points > 0)
      strokes.push(
        readPoints(wasm, points, geometry, (buffer, length) => fn.FPDFAnnot_GetInkListPath(annotation, i, buffer, length)).flat(),
      );
  }
  return strokes.filter((stroke) => stroke.length >= 2);
}

function readPoints(
  wasm: Wasm,
  total: number,
  geometry: PageGeometry,
  get: (buffer: Pointer, length: number) => number,
): [number, number][] {
  return wasm.frame((alloc) => {
    const buffer = alloc(total * 8);
    if (get(buffer, total) === 0) return [];
    const values = wasm.f32s(buffer, Math.min(total, MAX_POINTS) * 2);
    const points: [number, number][] = [];
    for (let at = 0; at < values.length; at += 2) {
      const point = toPage(geometry, values[at]!, values[at + 1]!);
      if (point.every(Number.isFinite)) points.push(point);
    }
    return points;
  });
}

/** What a reply or a popup hangs on. */
function readThread(wasm: Wasm, annotation: Pointer, subtype: string): Pick<FileAnnotation, "isReply" | "hangsOn" | "replyType" | "state"> {
  const { fn } = wasm;
  const isReply = hasKey(wasm, annotation, "IRT");
  const key = isReply ? "IRT" : subtype === "Popup" ? "Parent" : null;
  const linked = key === null ? 0 : fn.FPDFAnnot_GetLinkedAnnot(annotation, wasm.name(key));
  const hangsOn = linked === 0 ? 0 : fn.EPDFAnnot_GetObjectNumber(linked);
  if (linked !== 0) fn.FPDFPage_CloseAnnot(linked);
  return {
    isReply,
    hangsOn,
    replyType: isReply && fn.EPDFAnnot_GetReplyType(annotation) === GROUP ? "group" : "reply",
    state: isReply ? readText(wasm, annotation, "State") || null : null,
  };
}

const GROUP = 2;

function readOutline(wasm: Wasm, annotation: Pointer, geometry: PageGeometry, subtype: string): [number, number][] {
  const { fn } = wasm;
  if (subtype === "Line") {
    return wasm.frame((alloc) => {
      const buffer = alloc(16);
      if (fn.FPDFAnnot_GetLine(annotation, buffer, buffer + 8) === 0) return [];
      const [x0, y0, x1, y1] = wasm.f32s(buffer, 4) as unknown as [number, number, number, number];
      const points = [toPage(geometry, x0, y0), toPage(geometry, x1, y1)];
      return points.every((point) => point.every(Number.isFinite)) ? points : [];
    });
  }
  if (subtype !== "Polygon" && subtype !== "PolyLine") return [];
  const total = fn.FPDFAnnot_GetVertices(annotation, 0, 0);
  return total === 0 ? [] : readPoints(wasm, total, geometry, (buffer, length) => fn.FPDFAnnot_GetVertices(annotation, buffer, length));
}

const LINE_CAPS: readonly (LineCap | null)[] = [
  null,
  "square",
  "circle",
  "diamond",
  "openArrow",
  "closedArrow",
  "butt",
  "reverseOpenArrow",
  "reverseClosedArrow",
  "slash",
];

const CAPS_BY_NAME: Readonly<Record<string, LineCap>> = {
  square: "square",
  circle: "circle",
  diamond: "diamond",
  openarrow: "openArrow",
  closedarrow: "closedArrow",
  butt: "butt",
  ropenarrow: "reverseOpenArrow",
  rclosedarrow: "reverseClosedArrow",
  slash: "slash",
};

function readEndings(wasm: Wasm, annotation: Pointer, subtype: string): FileAnnotation["lineEndings"] {
  // A callout has one end, which is a name (12.5.6.6); PDFium reads pairs.
  if (subtype === "FreeText") return [CAPS_BY_NAME[readText(wasm, annotation, "LE").toLowerCase()] ?? null, null];
  if (subtype !== "Line" && subtype !== "PolyLine") return [null, null];
  return wasm.frame((alloc) => {
    const out = alloc(8);
    if (wasm.fn.EPDFAnnot_GetLineEndings(annotation, out, out + 4) === 0) return [null, null];
    const [start, end] = wasm.i32s(out, 2) as unknown as [number, number];
    return [LINE_CAPS[start] ?? null, LINE_CAPS[end] ?? null];
  });
}

function readOverlay(wasm: Wasm, annotation: Pointer): NonNullable<FileAnnotation["overlay"]> {
  return {
    text: readText(wasm, annotation, "OverlayText") || null,
    repeat: wasm.fn.EPDFAnnot_GetOverlayTextRepeat(annotation) !== 0,
    outline: readColor(wasm, annotation, OUTLINE_COLOR, "OC"),
    textColor: parseDefaultAppearance(readText(wasm, annotation, "DA"), "").fontColor,
  };
}

function readFreeText(wasm: Wasm, annotation: Pointer, geometry: PageGeometry): FileFreeText {
  const { fn } = wasm;
  const look: DefaultAppearance = parseDefaultAppearance(readText(wasm, annotation, "DA"), readText(wasm, annotation, "DS"));
  const corners = fn.EPDFAnnot_GetCalloutLineCount(annotation);
  const callout =
    corners === 2 || corners === 3
      ? readPoints(wasm, corners, geometry, (buffer, length) => fn.EPDFAnnot_GetCalloutLine(annotation, buffer, length))
      : [];
  return {
    ...look,
    horizontalAlign: (["left", "center", "right"] as const)[readNumber(wasm, annotation, "Q") ?? 0] ?? "left",
    rotation: readNumber(wasm, annotation, "Rotate") ?? 0,
    callout: callout.length === corners ? callout : [],
  };
}

function readAction(reader: Reader, annotation: Pointer, subtype: string): Action | null {
  if (subtype !== "Link") return null;
  const { wasm, document, geometryOf } = reader;
  const link = wasm.fn.FPDFAnnot_GetLink(annotation);
  if (link === 0) return null;
  return targetOf(wasm, document, wasm.fn.FPDFLink_GetDest(document, link), wasm.fn.FPDFLink_GetAction(link), geometryOf);
}
