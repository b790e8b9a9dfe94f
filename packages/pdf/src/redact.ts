/**
 * Redaction: what lies under the marks is taken out of the file, not covered. Text goes glyph by glyph, images lose their pixels, paths are cut,
 * forms are rewritten, annotations under a mark go, and the words that the file's structure keeps of it. The outcome is then read again: a page
 * whose content could not be understood, or that still shows text under a mark, becomes an image. Called by the workers.
 */
import type { Rect } from "@lectern/protocol";
import type { FontFor } from "./appearance/embedded-text.ts";
import { type TextDrawer, textDrawer } from "./drawn-text.ts";
import { PdfError, type PdfDocument, type PdfEngine, type RangeReader, type TextRun } from "./engine.ts";
import { latinBytes, ObjectFile } from "./objects/file.ts";
import { type Codec, decodeStream } from "./objects/filters.ts";
import { flatPages, pageBox } from "./objects/page-tree.ts";
import { isRef, isStream, nameOf, numberText, type PdfDict, type PdfObject } from "./objects/values.ts";
import { plainBytes, turned } from "./pages.ts";
import { rewriteContent, Unreadable } from "./redact/content.ts";
import { type Box, IDENTITY } from "./redact/geometry.ts";
import { cutImage } from "./redact/image.ts";
import { forgetUnused, forgetWords, pageDict, removeAnnotations } from "./redact/structure.ts";
import { keepSecurity } from "./security/keep-security.ts";
import { drawOver, imageObject } from "./watermark.ts";

export interface RedactionMark {
  /** In points of the page, y down, before rotation. */
  readonly rects: readonly Rect[];
  /** `#rrggbb` of the box that is drawn; null: none. */
  readonly fillColor: string | null;
  readonly outlineColor: string | null;
  readonly overlayText: string | null;
  readonly repeatOverlayText: boolean;
  /** Of the text. */
  readonly color: string;
}

export interface RedactOptions {
  readonly pages: readonly { readonly index: number; readonly marks: readonly RedactionMark[] }[];
  readonly codec: Codec;
  /** 32 hexadecimal digits that name the outcome. */
  readonly id: string;
  /** Of an encrypted file; the outcome has the same passwords and restrictions. */
  readonly password?: string;
  /** Fonts for overlay texts beyond the standard ones. */
  readonly fontFor?: FontFor | undefined;
  /** A page had to become an image. */
  readonly onImage?: (index: number) => void;
}

/** Dots an inch of a page that becomes an image. */
const IMAGE_DPI = 200;
const MOST_PIXELS = 20_000_000;

/** The whole file, without what the marks name. Throws PdfError like `open`, and `failed`. */
export function redactFile(engine: PdfEngine, source: Uint8Array | RangeReader, options: RedactOptions): Uint8Array {
  const { pages, password, id } = options;
  const plain = plainBytes(engine, source, password);
  const unsure = new Set<number>();
  let bytes = redact(engine, plain, options, unsure);
  for (const index of stillThere(engine, bytes, pages)) {
    if (unsure.has(index)) throw new PdfError("failed", `page ${index} cannot be redacted`);
    unsure.add(index);
  }
  if (unsure.size > 0) {
    bytes = redact(engine, plain, { ...options, id }, unsure);
    const left = stillThere(engine, bytes, pages);
    if (left.length > 0) throw new PdfError("failed", `page ${left[0]} cannot be redacted`);
    for (const index of unsure) options.onImage?.(index);
  }
  return keepSecurity(engine, bytes, { source, ...(password === undefined ? {} : { password }) }) ?? bytes;
}

/** `unsure`: pages that become images; those that turn out to need it are added and done at once. */
function redact(engine: PdfEngine, plain: Uint8Array, { pages, codec, id, fontFor }: RedactOptions, unsure: Set<number>): Uint8Array {
  const file = new ObjectFile(plain);
  const leaves = flatPages(file);
  const forgotten = new Set<number>();
  const text = textDrawer(file, fontFor);
  for (const { index, marks } of pages) {
    const number = leaves[index];
    if (number === undefined) throw new PdfError("failed", `the file has no page ${index}`);
    const page = pageDict(file, number);
    const [left, , , top] = pageBox(file, page);
    const toBox = ([x, y, width, height]: Rect): Box => [left + x, top - y - height, left + x + width, top - y];
    const boxes = marks.flatMap(({ rects }) => rects.map(toBox));
    if (boxes.length === 0) continue;
    const touched = new Set<number>();
    if (!unsure.has(index) && !rewritePage({ engine, file, codec, boxes, touched, forgotten }, page)) unsure.add(index);
    if (unsure.has(index)) {
      for (const object of file.dict(file.dict(page.get("Resources")).get("XObject")).values())
        if (isRef(object)) forgotten.add(object.number);
      asImage({ engine, file, codec, boxes }, { page, index, plain });
    }
    forgetWords(file, number, unsure.has(index) ? null : touched);
    removeAnnotations(file, page, boxes);
    for (const key of ["Thumb", "PieceInfo", "Metadata"]) page.delete(key);
    const form = boxesForm({ file, page, text }, marks, toBox);
    if (form !== null) drawOver(file, page, form);
  }
  text.finish();
  forgetUnused(file, forgotten, codec);
  return file.write(id);
}

interface PageWork {
  readonly engine: PdfEngine;
  readonly file: ObjectFile;
  readonly codec: Codec;
  readonly boxes: readonly Box[];
}

/** False: its content cannot be understood. */
function rewritePage(work: PageWork & { readonly touched: Set<number>; readonly forgotten: Set<number> }, page: PdfDict): boolean {
  const { file, codec, boxes, touched, forgotten } = work;
  try {
    const contents = file.resolve(page.get("Contents"));
    const parts = (Array.isArray(contents) ? contents : [contents]).map((part) => file.resolve(part)).filter(isStream);
    const decoded = parts.map((part) => decodeStream(file, part, codec));
    if (decoded.includes(null)) return false;
    const { content, resources } = rewriteContent(
      { file, codec, boxes, touched, forgotten, cutImage: (image, matrix) => cutImage(work, image, matrix) },
      { content: withSpaces(decoded as Uint8Array[]), resources: file.dict(page.get("Resources")), ctm: IDENTITY },
    );
    if (content === null) return true;
    page.set("Contents", file.add(packed(content, new Map(), codec)));
    page.set("Resources", resources);
    return true;
  } catch (error) {
    if (error instanceof Unreadable || (error instanceof PdfError && error.code === "damaged")) return false;
    throw error;
  }
}

function packed(content: Uint8Array, dict: PdfDict, codec: Codec): PdfObject {
  return { kind: "stream", dict: new Map(dict).set("Filter", nameOf("FlateDecode")), data: codec.deflate(content) };
}

/** A token never goes on from one stream to the next. */
function withSpaces(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length + 1, 0)).fill(10);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length + 1;
  }
  return bytes;
}

/** The page's content becomes one picture with the boxes blank. */
function asImage(
  { engine, file, codec, boxes }: PageWork,
  { page, index, plain }: { readonly page: PdfDict; readonly index: number; readonly plain: Uint8Array },
): void {
  const [left, bottom, right, top] = pageBox(file, page);
  const [width, height] = [right - left, top - bottom];
  const scale = Math.min(IMAGE_DPI / 72, Math.sqrt(MOST_PIXELS / (width * height)));
  const document = engine.open(plain);
  try {
    // Unturned, as the content is.
    const rotation = ((360 - document.page(index).rotation) % 360) as 0 | 90 | 180 | 270;
    const bitmap = document.render(index, { width: Math.max(1, Math.round(width * scale)), annotations: "none", rotation });
    const color = new Uint8Array(bitmap.width * bitmap.height * 3);
    const [sx, sy] = [width / bitmap.width, height / bitmap.height];
    for (let y = 0; y < bitmap.height; y++)
      for (let x = 0; x < bitmap.width; x++) {
        const [px, py] = [left + (x + 0.5) * sx, top - (y + 0.5) * sy];
        if (boxes.some(([l, b, r, t]) => px > l - sx && px < r + sx && py > b - sy && py < t + sy)) continue;
        const at = y * bitmap.width + x;
        color.set(bitmap.data.subarray(at * 4, at * 4 + 3), at * 3);
      }
    const image = file.add(imageObject({ width: bitmap.width, height: bitmap.height, data: color, space: "DeviceRGB", mask: null }, codec));
    const place = [width, 0, 0, height, left, bottom].map(numberText).join(" ");
    page.set("Contents", file.add(packed(latinBytes(`q ${place} cm /Page Do Q`), new Map(), codec)));
    page.set("Resources", new Map([["XObject", new Map([["Page", image]])]]));
    for (const key of ["StructParents", "Group"]) page.delete(key);
  } finally {
    document.close();
  }
}

/** Of overlay texts. */
const FONT = "Helvetica";

/** What is drawn where content was; null: nothing. */
function boxesForm(
  { file, page, text }: { readonly file: ObjectFile; readonly page: PdfDict; readonly text: TextDrawer },
  marks: readonly RedactionMark[],
  toBox: (rect: Rect) => Box,
): PdfObject | null {
  let content = "";
  const rotation = turned(file.number(page.get("Rotate"), 0));
  for (const { rects, fillColor, outlineColor, overlayText, repeatOverlayText, color } of marks) {
    for (const rect of rects) {
      const [left, bottom, right, top] = toBox(rect);
      const [width, height] = [right - left, top - bottom];
      const re = `${[left, bottom, width, height].map(numberText).join(" ")} re`;
      if (fillColor !== null) content += `${rgb(fillColor)} rg ${re} f\n`;
      if (outlineColor !== null) content += `${rgb(outlineColor)} RG 1 w ${re} S\n`;
      if (overlayText === null || overlayText.trim() === "") continue;
      const sideways = rotation % 180 !== 0;
      const [along, across] = sideways ? [height, width] : [width, height];
      const words = overlayText.replace(/\s+/g, " ").trim();
      const natural = text.width(words, FONT);
      const size = Math.max(1, Math.min(12, across * 0.7, repeatOverlayText ? 12 : along / Math.max(natural, 0.1)));
      const step = text.width(`${words} `, FONT) * size;
      const count = repeatOverlayText && step > 0 ? Math.min(1000, Math.max(1, Math.floor(along / step))) : 1;
      const rows = repeatOverlayText ? Math.min(1000, Math.max(1, Math.floor(across / (size * 1.2)))) : 1;
      // From a box of `along` × `across` that is read upright to its place on the page, which is shown turned.
      const place = {
        0: [1, 0, 0, 1, left, bottom],
        90: [0, 1, -1, 0, right, bottom],
        180: [-1, 0, 0, -1, right, top],
        270: [0, -1, 1, 0, left, top],
      }[rotation as 0 | 90 | 180 | 270];
      content += `q ${place.map(numberText).join(" ")} cm 0 0 ${numberText(along)} ${numberText(across)} re W n BT ${rgb(color)} rg\n`;
      for (let row = 0; row < rows; row++)
        for (let at = 0; at < count; at++) {
          const x = repeatOverlayText ? at * step : (along - natural * size) / 2;
          const y = repeatOverlayText ? across - (row + 1) * size * 1.2 + size * 0.3 : (across - size * 0.7) / 2;
          content += `1 0 0 1 ${numberText(x)} ${numberText(y)} Tm ${text.show(words, FONT, size)}\n`;
        }
      content += "ET Q\n";
    }
  }
  if (content === "") return null;
  const dict: PdfDict = new Map<string, PdfObject>([
    ["Type", nameOf("XObject")],
    ["Subtype", nameOf("Form")],
    ["BBox", [...pageBox(file, page)]],
    ["Resources", new Map([["Font", text.fonts]])],
  ]);
  return file.add({ kind: "stream", dict, data: latinBytes(content) });
}

function rgb(color: string): string {
  return [1, 3, 5].map((at) => numberText(Number.parseInt(color.slice(at, at + 2), 16) / 255)).join(" ");
}

/** Pages where text can still be read under a mark that draws no text itself. */
function stillThere(engine: PdfEngine, bytes: Uint8Array, pages: RedactOptions["pages"]): number[] {
  const document = engine.open(bytes);
  try {
    return pages
      .filter(({ index, marks }) => marks.some((mark) => mark.overlayText === null && hasTextIn(document, index, mark.rects)))
      .map(({ index }) => index);
  } finally {
    document.close();
  }
}

function hasTextIn(document: PdfDocument, index: number, rects: readonly Rect[]): boolean {
  return document.text(index).runs.some((run) =>
    Array.from({ length: run.text.length }, (_, at) => at).some((at) => {
      if (/\s/.test(run.text[at]!)) return false;
      const [x, y] = middleOf(run, at);
      return rects.some(
        ([left, top, width, height]) =>
          x > left + width * 0.02 && x < left + width * 0.98 && y > top + height * 0.1 && y < top + height * 0.9,
      );
    }),
  );
}

/** Middle of the character with this index, in points of the page. */
function middleOf({ bbox, edges, angle }: TextRun, at: number): readonly [number, number] {
  const along = ((edges[at] ?? 0) + (edges[at + 1] ?? 0)) / 2;
  const radians = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const [cx, cy] = [bbox[0] + bbox[2] / 2, bbox[1] + bbox[3] / 2];
  const across = -cx * sin + cy * cos;
  return [along * cos - across * sin, along * sin + across * cos];
}
