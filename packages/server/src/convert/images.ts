/**
 * Images become pages: a JPEG goes into the file as it is, everything else as pixels without loss. One page for each page of a TIFF; of an
 * animation its first picture. SVG is drawn, so nothing of it can run or load anything.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { deflateSync } from "node:zlib";
import sharp, { type Metadata, type Sharp } from "sharp";
import { type PdfRef, pdfName, pdfWriter, type PdfWriter } from "@lectern/pdf";
import { ApiError } from "@lectern/protocol/plain";
import type { Sheet } from "../ports.ts";
import { bmpPixels } from "./bmp.ts";

/** Of one page. */
const MAX_PIXELS = 100_000_000;
const MAX_PAGES = 2000;
/** A4, in points. */
const [SHORT_SIDE, LONG_SIDE] = [595.28, 841.89];
/** Larger than A3: the resolution was not meant. */
const MAX_POINTS = 1191;
/** Pixels of an SVG for each of its own. */
const SVG_SCALE = 3;
const SVG_DPI = 96;

interface Picture {
  readonly width: number;
  readonly height: number;
  /** The XObject that shows it. */
  readonly image: PdfRef;
  /** Points. */
  readonly page: readonly [width: number, height: number];
}

/** Throws ApiError `invalid_document`, `too_large`, `unsupported_media_type`. */
export async function imagesToPdf(path: string, mediaType: string, sheet: Sheet | null = null): Promise<Uint8Array> {
  const bytes = await readFile(path);
  const writer = pdfWriter();
  const pictures = await readable({ bytes, mediaType }, () => picturesOf(writer, bytes, mediaType));
  const pages = writer.reserve();
  const kids = pictures.map(({ image, page }) => {
    const {
      size,
      at: [x, y, width, height],
    } = placed(page, sheet);
    const content = writer.stream({}, `q ${width} 0 0 ${height} ${x} ${y} cm /I Do Q`);
    return writer.add({
      Type: pdfName("Page"),
      Parent: pages,
      MediaBox: [0, 0, ...size],
      Resources: { XObject: { I: image } },
      Contents: content,
    });
  });
  writer.set(pages, { Type: pdfName("Pages"), Kids: kids, Count: kids.length });
  const id = createHash("sha256").update(bytes).digest("hex").slice(0, 32);
  return writer.finish({ Root: writer.add({ Type: pdfName("Catalog"), Pages: pages }) }, { id });
}

/** Fitted into the page within its margins, in the middle; where no size is asked for, the page is the image and its margins. */
function placed(
  [width, height]: Picture["page"],
  sheet: Sheet | null,
): { readonly size: Picture["page"]; readonly at: readonly [x: number, y: number, width: number, height: number] } {
  const [left, top, right, bottom] = sheet?.margin ?? [0, 0, 0, 0];
  const size = (sheet?.size ?? [width + left + right, height + top + bottom]).map(rounded) as unknown as Picture["page"];
  const [roomAcross, roomDown] = [size[0] - left - right, size[1] - top - bottom];
  const scale = sheet?.size == null ? 1 : Math.min(roomAcross / width, roomDown / height);
  const [w, h] = [width * scale, height * scale];
  return {
    size,
    at: [left + (roomAcross - w) / 2, bottom + (roomDown - h) / 2, w, h].map(rounded) as unknown as [number, number, number, number],
  };
}

function rounded(points: number): number {
  return Math.round(points * 100) / 100;
}

/** What HEIF containers hold, by the types of their items. */
const CODECS: Readonly<Record<string, string>> = {
  hvc1: "HEVC (H.265)",
  avc1: "AVC (H.264)",
  vvc1: "VVC (H.266)",
  j2k1: "JPEG 2000",
};
/** Items are listed before what they hold. */
const ITEMS_BYTES = 65_536;

/** What the image library here lacks for this file; null: nothing. */
function missingCodec({ bytes, mediaType }: { readonly bytes: Buffer; readonly mediaType: string }): string | null {
  if (mediaType !== "image/heic" && mediaType !== "image/heif") return null;
  const items = bytes.subarray(0, ITEMS_BYTES).toString("latin1");
  const codec = mediaType === "image/heic" ? "hvc1" : Object.keys(CODECS).find((type) => items.includes(type));
  const hasHevc = sharp.format.heif.input.fileSuffix?.includes(".heic") === true;
  return codec === undefined || (codec === "hvc1" && hasHevc) ? null : CODECS[codec]!;
}

/** What the image library says of a file that it cannot read becomes an answer. */
async function readable<T>(file: { readonly bytes: Buffer; readonly mediaType: string }, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError || !(error instanceof Error)) throw error;
    const codec = missingCodec(file);
    if (codec !== null)
      throw new ApiError(
        "unsupported_media_type",
        `The image is packed with ${codec}, for which the image library of this service (libvips with libheif ${sharp.versions.heif ?? ""}) has no decoder. PNG, JPEG, WebP, AVIF and TIFF can be read.`,
        { cause: error },
      );
    if (/pixel limit/i.test(error.message)) throw tooLarge();
    throw new ApiError("invalid_document", "The image cannot be read: it is damaged or cut off", { cause: error });
  }
}

function tooLarge(): ApiError {
  return new ApiError("too_large", `The image is too large: ${MAX_PIXELS / 1_000_000} megapixels at most`);
}

async function picturesOf(writer: PdfWriter, bytes: Buffer, mediaType: string): Promise<readonly Picture[]> {
  if (mediaType === "image/bmp") {
    const { data, width, height, channels, dpi } = bmpPixels(bytes, MAX_PIXELS);
    return [await picture(writer, sharp(data, { raw: { width, height, channels } }), { width, height, dpi, bilevel: false })];
  }
  const options = {
    limitInputPixels: MAX_PIXELS,
    failOn: "error",
    ...(mediaType === "image/svg+xml" ? { density: SVG_DPI * SVG_SCALE } : {}),
  } as const;
  const first = await sharp(bytes, options).metadata();
  if (mediaType === "image/jpeg" && isPlainJpeg(first)) return [jpeg(writer, bytes, first)];
  const count = mediaType === "image/tiff" ? (first.pages ?? 1) : 1;
  if (count > MAX_PAGES) throw new ApiError("too_large", `The image has ${count} pages: ${MAX_PAGES} at most`);
  const pictures: Picture[] = [];
  for (let page = 0; page < count; page++) {
    const metadata = page === 0 ? first : await sharp(bytes, { ...options, page }).metadata();
    const turned = (metadata.orientation ?? 1) >= 5;
    const [width, height] = turned ? [metadata.height, metadata.width] : [metadata.width, metadata.height];
    // Colours of any space become sRGB, the camera's orientation is applied.
    pictures.push(
      await picture(
        writer,
        sharp(bytes, { ...options, page })
          .rotate()
          .toColourspace("srgb"),
        {
          width,
          height,
          dpi: metadata.density ?? null,
          bilevel: metadata.bitsPerSample === 1 && metadata.channels === 1,
        },
      ),
    );
  }
  return pictures;
}

/** Eight bits, grey or RGB, upright: what every PDF reader shows as it stands. */
function isPlainJpeg({ channels, space, orientation = 1, depth }: Metadata): boolean {
  return (channels === 3 ? space === "srgb" : channels === 1 && space === "b-w") && orientation === 1 && depth === "uchar";
}

function jpeg(writer: PdfWriter, bytes: Buffer, { width, height, channels, density }: Metadata): Picture {
  const image = writer.stream(
    {
      Type: pdfName("XObject"),
      Subtype: pdfName("Image"),
      Width: width,
      Height: height,
      ColorSpace: pdfName(channels === 1 ? "DeviceGray" : "DeviceRGB"),
      BitsPerComponent: 8,
      Filter: pdfName("DCTDecode"),
    },
    bytes,
  );
  return { width, height, image, page: pageOf(width, height, density ?? null) };
}

async function picture(
  writer: PdfWriter,
  pixels: Sharp,
  how: { readonly width: number; readonly height: number; readonly dpi: number | null; readonly bilevel: boolean },
): Promise<Picture> {
  const { data, info } = await pixels.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (width * height > MAX_PIXELS) throw tooLarge();
  const alpha = channels === 2 || channels === 4 ? plane(data, channels, channels - 1, 1) : null;
  const opaque = alpha === null || alpha.every((value) => value === 255);
  const colors =
    channels >= 3 ? (channels === 3 ? data : plane(data, channels, 0, 3)) : channels === 1 ? data : plane(data, channels, 0, 1);
  const grey = channels < 3 || isGrey(colors);
  const samples = grey && channels >= 3 ? plane(colors, 3, 0, 1) : colors;
  const mask = opaque
    ? undefined
    : stream(writer, { Width: width, Height: height, ColorSpace: pdfName("DeviceGray"), BitsPerComponent: 8 }, alpha!);
  const image = how.bilevel
    ? stream(
        writer,
        { Width: width, Height: height, ColorSpace: pdfName("DeviceGray"), BitsPerComponent: 1, SMask: mask },
        packed(samples, width, height),
      )
    : stream(
        writer,
        { Width: width, Height: height, ColorSpace: pdfName(grey ? "DeviceGray" : "DeviceRGB"), BitsPerComponent: 8, SMask: mask },
        samples,
      );
  return { width, height, image, page: pageOf(how.width, how.height, how.dpi) };
}

function stream(writer: PdfWriter, dictionary: Parameters<PdfWriter["stream"]>[0], samples: Uint8Array): PdfRef {
  return writer.stream(
    { Type: pdfName("XObject"), Subtype: pdfName("Image"), ...dictionary, Filter: pdfName("FlateDecode") },
    deflateSync(samples, { level: 6 }),
  );
}

/** `count` channels from `first` on, of pixels with `channels` of them. */
function plane(data: Uint8Array, channels: number, first: number, count: number): Uint8Array {
  const pixels = data.length / channels;
  const found = new Uint8Array(pixels * count);
  for (let from = first, to = 0; to < found.length; from += channels) for (let n = 0; n < count; n++) found[to++] = data[from + n]!;
  return found;
}

function isGrey(rgb: Uint8Array): boolean {
  for (let at = 0; at < rgb.length; at += 3) if (rgb[at] !== rgb[at + 1] || rgb[at] !== rgb[at + 2]) return false;
  return true;
}

/** One bit a pixel, rows filled up to whole bytes. */
function packed(grey: Uint8Array, width: number, height: number): Uint8Array {
  const row = Math.ceil(width / 8);
  const bits = new Uint8Array(row * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) if (grey[y * width + x]! >= 128) bits[y * row + (x >> 3)]! |= 0x80 >> (x & 7);
  return bits;
}

/** As the image's resolution says, when it says something sensible; else, and when that would be larger than A3, fitted to A4. */
function pageOf(width: number, height: number, dpi: number | null): readonly [number, number] {
  const long = Math.max(width, height);
  const sensible = dpi !== null && dpi >= 50 && dpi <= 2400 ? (long * 72) / dpi : Number.POSITIVE_INFINITY;
  const natural = sensible <= MAX_POINTS ? 72 / dpi! : Math.min(LONG_SIDE / long, SHORT_SIDE / Math.min(width, height), 72 / SVG_DPI);
  const scale = Math.max(natural, 1 / Math.min(width, height));
  return [rounded(width * scale), rounded(height * scale)];
}
