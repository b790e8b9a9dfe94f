/**
 * Watermarks: text or an image drawn over the content of pages, for good. Sizes and places are in points of the page as it is shown, or in
 * per cent of it; without a place it is in the middle.
 */
import type { FontFor } from "./appearance/embedded-text.ts";
import type { FontName } from "./appearance/font-metrics.ts";
import { type TextDrawer, textDrawer } from "./drawn-text.ts";
import { PdfError } from "./engine.ts";
import { latinBytes, ObjectFile } from "./objects/file.ts";
import type { Codec } from "./objects/filters.ts";
import { flatPages, pageBox } from "./objects/page-tree.ts";
import { nameOf, numberText, objectText, type PdfDict, type PdfObject, refTo } from "./objects/values.ts";
import { turned } from "./pages.ts";

export interface Dimension {
  readonly value: number;
  readonly unit: "pt" | "%";
}

export interface Watermark {
  readonly width: Dimension;
  readonly height: Dimension;
  readonly top?: Dimension;
  readonly right?: Dimension;
  readonly bottom?: Dimension;
  readonly left?: Dimension;
  /** Degrees counterclockwise around its middle. */
  readonly rotation: number;
  /** 0…1 */
  readonly opacity: number;
  readonly content:
    | {
        readonly kind: "text";
        readonly text: string;
        readonly font: FontName;
        /** Points; null: as large as fits. */
        readonly fontSize: number | null;
        /** `#rrggbb` */
        readonly color: string;
      }
    /** RGBA, 8 bits a channel, as base64. */
    | { readonly kind: "image"; readonly width: number; readonly height: number; readonly data: string };
}

export interface BurnOptions {
  readonly codec: Codec;
  /** 32 hexadecimal digits that name the outcome. */
  readonly id: string;
  /** Fonts for characters beyond the standard ones. */
  readonly fontFor?: FontFor | undefined;
}

/** `bytes`: as `ObjectFile` reads them. Throws PdfError `failed` for what is not an image of its size. */
export function burnWatermarks(
  bytes: Uint8Array,
  watermarks: readonly { readonly watermark: Watermark; readonly pages: readonly number[] | null }[],
  { codec, id, fontFor }: BurnOptions,
): Uint8Array {
  const file = new ObjectFile(bytes);
  const pages = flatPages(file);
  const text = textDrawer(file, fontFor);
  for (const { watermark, pages: wanted } of watermarks) {
    const image = watermark.content.kind === "image" ? imageOf(file, watermark.content, codec) : null;
    for (const [index, number] of pages.entries()) {
      if (wanted === null || wanted.includes(index)) burn(file, number, { watermark, image, text });
    }
  }
  text.finish();
  return file.write(id);
}

type Image = Extract<Watermark["content"], { kind: "image" }>;

function imageOf(file: ObjectFile, content: Image, codec: Codec): PdfObject {
  const { width, height } = content;
  const rgba = base64Bytes(content.data);
  if (rgba.length !== width * height * 4) throw new PdfError("failed", "the image does not have the size it claims");
  const color = new Uint8Array(width * height * 3);
  const alpha = new Uint8Array(width * height);
  for (let i = 0; i < alpha.length; i++) {
    color.set(rgba.subarray(i * 4, i * 4 + 3), i * 3);
    alpha[i] = rgba[i * 4 + 3]!;
  }
  const mask = alpha.every((value) => value === 255)
    ? null
    : file.add(imageObject({ width, height, data: alpha, space: "DeviceGray", mask: null }, codec));
  return file.add(imageObject({ width, height, data: color, space: "DeviceRGB", mask }, codec));
}

/** An image of 8 bits a component. */
export function imageObject(
  image: { readonly width: number; readonly height: number; readonly data: Uint8Array; readonly space: string; readonly mask: PdfObject },
  codec: Codec,
): PdfObject {
  const dict: PdfDict = new Map<string, PdfObject>([
    ["Type", nameOf("XObject")],
    ["Subtype", nameOf("Image")],
    ["Width", image.width],
    ["Height", image.height],
    ["ColorSpace", nameOf(image.space)],
    ["BitsPerComponent", 8],
    ["Filter", nameOf("FlateDecode")],
  ]);
  if (image.mask !== null) dict.set("SMask", image.mask);
  return { kind: "stream", dict, data: codec.deflate(image.data) };
}

function burn(
  file: ObjectFile,
  number: number,
  { watermark, image, text }: { readonly watermark: Watermark; readonly image: PdfObject; readonly text: TextDrawer },
): void {
  const page = file.dict(refTo(number));
  const [left, bottom, right, top] = pageBox(file, page);
  const rotation = turned(file.number(page.get("Rotate"), 0));
  const sideways = rotation % 180 !== 0;
  const shown = sideways ? ([top - bottom, right - left] as const) : ([right - left, top - bottom] as const);
  const { x, y, width, height } = placeOf(watermark, shown);
  // From points of the page as shown, y up, to those of the file.
  const toPage = {
    0: [1, 0, 0, 1, left, bottom],
    90: [0, 1, -1, 0, right, bottom],
    180: [-1, 0, 0, -1, right, top],
    270: [0, -1, 1, 0, left, top],
  }[rotation as 0 | 90 | 180 | 270];
  const angle = (watermark.rotation * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [cx, cy] = [x + width / 2, shown[1] - y - height / 2];
  const turn = [cos, sin, -sin, cos, cx - cos * cx + sin * cy, cy - sin * cx - cos * cy];
  const operators = drawing(watermark, text, { x, y: shown[1] - y - height, width, height });
  const content = `q\n${matrix(toPage)} cm\n${matrix(turn)} cm\n/LecternGS gs\n${operators}\nQ`;
  const form: PdfDict = new Map<string, PdfObject>([
    ["Type", nameOf("XObject")],
    ["Subtype", nameOf("Form")],
    ["BBox", [left, bottom, right, top]],
    ["Group", new Map([["S", nameOf("Transparency")]])],
    [
      "Resources",
      new Map<string, PdfObject>([
        image === null ? ["Font", text.fonts] : ["XObject", new Map([["LecternWM", image]])],
        [
          "ExtGState",
          new Map([
            [
              "LecternGS",
              new Map<string, PdfObject>([
                ["ca", watermark.opacity],
                ["CA", watermark.opacity],
              ]),
            ],
          ]),
        ],
      ]),
    ],
  ]);
  drawOver(file, page, file.add({ kind: "stream", dict: form, data: latinBytes(content) }));
}

/** The form is drawn over the page's content, whatever state that leaves behind. */
export function drawOver(file: ObjectFile, page: PdfDict, form: PdfObject): void {
  const resources: PdfDict = new Map(file.dict(page.get("Resources")));
  const xobjects: PdfDict = new Map(file.dict(resources.get("XObject")));
  let name = "LecternOver";
  for (let n = 2; xobjects.has(name); n++) name = `LecternOver${n}`;
  xobjects.set(name, form);
  resources.set("XObject", xobjects);
  page.set("Resources", resources);
  const contents = file.resolve(page.get("Contents"));
  const parts = Array.isArray(contents) ? contents : contents === null ? [] : [page.get("Contents")!];
  const stream = (text: string): PdfObject => file.add({ kind: "stream", dict: new Map(), data: latinBytes(text) });
  page.set("Contents", [stream("q\n"), ...parts, stream(`\nQ\nq ${objectText(nameOf(name))} Do Q\n`)]);
}

function placeOf(
  { width, height, top, right, bottom, left }: Watermark,
  [pageWidth, pageHeight]: readonly [number, number],
): { readonly x: number; readonly y: number; readonly width: number; readonly height: number } {
  const points = ({ value, unit }: Dimension, whole: number): number => (unit === "%" ? (value / 100) * whole : value);
  const [w, h] = [points(width, pageWidth), points(height, pageHeight)];
  const x =
    left !== undefined ? points(left, pageWidth) : right !== undefined ? pageWidth - points(right, pageWidth) - w : (pageWidth - w) / 2;
  const y =
    top !== undefined ? points(top, pageHeight) : bottom !== undefined ? pageHeight - points(bottom, pageHeight) - h : (pageHeight - h) / 2;
  return { x, y, width: w, height: h };
}

function drawing(
  { content }: Watermark,
  text: TextDrawer,
  { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): string {
  if (content.kind === "image") return `${matrix([width, 0, 0, height, x, y])} cm\n/LecternWM Do`;
  const lines = content.text.split("\n");
  const widest = Math.max(...lines.map((line) => text.width(line, content.font)), 0.001);
  const size = content.fontSize ?? Math.max(1, Math.min(width / widest, height / (lines.length * LINE_HEIGHT)));
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(content.color.slice(at, at + 2), 16) / 255) as [number, number, number];
  let operators = `BT\n${[r, g, b].map(numberText).join(" ")} rg\n`;
  const first = y + height / 2 + ((lines.length * LINE_HEIGHT) / 2) * size - ASCENT * size;
  for (const [index, line] of lines.entries()) {
    const at = x + (width - text.width(line, content.font) * size) / 2;
    operators += `1 0 0 1 ${numberText(at)} ${numberText(first - index * LINE_HEIGHT * size)} Tm\n${text.show(line, content.font, size)}\n`;
  }
  return `${operators}ET`;
}

const LINE_HEIGHT = 1.2;
const ASCENT = 0.95;

function matrix(values: readonly number[]): string {
  return values.map(numberText).join(" ");
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function base64Bytes(text: string): Uint8Array {
  const digits = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((digits.length * 3) / 4));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < digits.length; i++) {
    held = ((held << 6) | BASE64.indexOf(digits[i]!)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 255;
  }
  return bytes;
}
