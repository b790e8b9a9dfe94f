/** Images under marks: drawn once by the engine at their own size, the marked pixels overwritten, and stored anew. The original is left to other pages. */
import { PdfError, type PdfEngine } from "../engine.ts";
import type { ObjectFile } from "../objects/file.ts";
import type { Codec } from "../objects/filters.ts";
import { isStream, nameOf, type PdfDict, type PdfObject, type PdfStreamValue, refTo } from "../objects/values.ts";
import { latinBytes } from "../objects/file.ts";
import { imageObject } from "../watermark.ts";
import { apply, type Box, inverse, type Matrix, quadOf } from "./geometry.ts";

/** Pixels beyond which an image is stored smaller. */
const MOST_PIXELS = 25_000_000;

export interface ImageCut {
  readonly engine: PdfEngine;
  readonly file: ObjectFile;
  readonly codec: Codec;
  readonly boxes: readonly Box[];
}

/** `matrix`: from the unit square to the page. */
export function cutImage({ engine, file, codec, boxes }: ImageCut, image: PdfStreamValue, matrix: Matrix): PdfObject | null {
  const [fullWidth, fullHeight] = [file.number(image.dict.get("Width"), 0), file.number(image.dict.get("Height"), 0)];
  if (fullWidth < 1 || fullHeight < 1) return null;
  const shrink = Math.min(1, Math.sqrt(MOST_PIXELS / (fullWidth * fullHeight)));
  const [width, height] = [Math.max(1, Math.floor(fullWidth * shrink)), Math.max(1, Math.floor(fullHeight * shrink))];
  const isStencil = file.resolve(image.dict.get("ImageMask")) === true;
  const pixels = draw(engine, file, { image, isStencil, width, height });
  const marked = markedPixels(boxes, matrix, width, height);
  if (isStencil) return stencil(image, pixels, { marked, width, height, codec });
  const color = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) if (marked[i] === 0) color.set(pixels.subarray(i * 4, i * 4 + 3), i * 3);
  const mask = maskOf();
  return imageObject({ width, height, data: color, space: "DeviceRGB", mask }, codec);

  function maskOf(): PdfObject {
    const soft = file.resolve(image.dict.get("SMask"));
    const explicit = file.resolve(image.dict.get("Mask"));
    const source = isStream(soft) ? soft : isStream(explicit) ? explicit : null;
    if (source === null) return null;
    const drawn = draw(engine, file, { image: source, isStencil: source === explicit, width, height });
    const alpha = new Uint8Array(width * height);
    // What a stencil paints is black here, and is what shows.
    for (let i = 0; i < alpha.length; i++) alpha[i] = marked[i] === 1 ? 255 : source === soft ? drawn[i * 4]! : 255 - drawn[i * 4]!;
    return file.add(imageObject({ width, height, data: alpha, space: "DeviceGray", mask: null }, codec));
  }
}

/** RGBA of an image, alone on a page of its own size. */
function draw(
  engine: PdfEngine,
  file: ObjectFile,
  {
    image,
    isStencil,
    width,
    height,
  }: { readonly image: PdfStreamValue; readonly isStencil: boolean; readonly width: number; readonly height: number },
): Uint8Array {
  const dict: PdfDict = new Map(image.dict);
  for (const key of ["SMask", "SMaskInData", "Mask", "OC", "Alternates", "Metadata"]) dict.delete(key);
  // The pages of a file are at most 14,400 points wide; the scale is the renderer's.
  const [w, h] = [Math.max(1, Math.min(width, 1000)), Math.max(1, (Math.min(width, 1000) * height) / width)];
  const content = latinBytes(`${isStencil ? "0 g " : ""}${w} 0 0 ${h} 0 0 cm /I Do`);
  const tree = file.add(null);
  const page: PdfDict = new Map<string, PdfObject>([
    ["Type", nameOf("Page")],
    ["Parent", tree],
    ["MediaBox", [0, 0, w, h]],
    ["Contents", file.add({ kind: "stream", dict: new Map(), data: content })],
    ["Resources", new Map([["XObject", new Map([["I", file.add({ kind: "stream", dict, data: image.data })]])]])],
  ]);
  file.set(
    tree.number,
    new Map<string, PdfObject>([
      ["Type", nameOf("Pages")],
      ["Count", 1],
      ["Kids", [file.add(page)]],
    ]),
  );
  const root = file.add(
    new Map<string, PdfObject>([
      ["Type", nameOf("Catalog")],
      ["Pages", tree],
    ]),
  );
  const document = engine.open(file.write("0".repeat(32), new Map([["Root", refTo(root.number)]])));
  try {
    const bitmap = document.render(0, { width, annotations: "none" });
    if (bitmap.width === width && bitmap.height === height) return bitmap.data;
    return fitted(bitmap.data, { from: [bitmap.width, bitmap.height], to: [width, height] });
  } catch (error) {
    throw error instanceof PdfError && error.code === "too_large" ? new PdfError("failed", "an image is too large to be redacted") : error;
  } finally {
    document.close();
  }
}

function fitted(
  data: Uint8Array,
  {
    from: [fromWidth, fromHeight],
    to: [width, height],
  }: { readonly from: readonly [number, number]; readonly to: readonly [number, number] },
): Uint8Array {
  const out = new Uint8Array(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = (Math.min(fromHeight - 1, y) * fromWidth + Math.min(fromWidth - 1, x)) * 4;
      out.set(data.subarray(at, at + 4), (y * width + x) * 4);
    }
  return out;
}

/** 1 for each pixel that a mark touches. */
function markedPixels(boxes: readonly Box[], matrix: Matrix, width: number, height: number): Uint8Array {
  const marked = new Uint8Array(width * height);
  const back = inverse(matrix);
  // An image without an area: all of it.
  if (back === null) return marked.fill(1);
  const step = Math.max(Math.hypot(matrix[0], matrix[1]) / width, Math.hypot(matrix[2], matrix[3]) / height);
  for (const [left, bottom, right, top] of boxes) {
    const corners = quadOf(back, left - step, bottom - step, right + step, top + step);
    const range = (values: readonly number[], size: number): [number, number] => [
      Math.max(0, Math.floor(Math.min(...values) * size) - 1),
      Math.min(size - 1, Math.ceil(Math.max(...values) * size) + 1),
    ];
    const [x0, x1] = range(
      corners.map(([u]) => u),
      width,
    );
    const [y0, y1] = range(
      corners.map(([, v]) => 1 - v),
      height,
    );
    for (let y = y0; y <= y1; y++)
      for (let x = x0; x <= x1; x++) {
        const [px, py] = apply(matrix, (x + 0.5) / width, 1 - (y + 0.5) / height);
        if (px > left - step && px < right + step && py > bottom - step && py < top + step) marked[y * width + x] = 1;
      }
  }
  return marked;
}

/** One bit a pixel, 0 paints. What is marked paints nothing. */
function stencil(
  image: PdfStreamValue,
  pixels: Uint8Array,
  { marked, width, height, codec }: { readonly marked: Uint8Array; readonly width: number; readonly height: number; readonly codec: Codec },
): PdfObject {
  const row = Math.ceil(width / 8);
  const bits = new Uint8Array(row * height).fill(255);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (marked[at] === 0 && pixels[at * 4]! < 128) bits[y * row + (x >> 3)]! &= ~(128 >> (x & 7));
    }
  const dict: PdfDict = new Map<string, PdfObject>([
    ["Type", nameOf("XObject")],
    ["Subtype", nameOf("Image")],
    ["Width", width],
    ["Height", height],
    ["ImageMask", true],
    ["BitsPerComponent", 1],
    ["Filter", nameOf("FlateDecode")],
  ]);
  if (image.dict.has("Interpolate")) dict.set("Interpolate", image.dict.get("Interpolate")!);
  return { kind: "stream", dict, data: codec.deflate(bits) };
}
