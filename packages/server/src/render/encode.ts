/**
 * Pixels → WebP, PNG or JPEG. Runs in the worker.
 *
 * Measured on pages of text at 960 × 1358 (milliseconds of one core, kB): lossy WebP q80 effort 0: 50 ms, 60–220 kB, and soft letters; lossless
 * effort 0: 80–120 ms, 90–400 kB; lossless effort 1: 110–200 ms, 5–66 kB. With 16 levels a channel, of which no eye sees anything on anti-aliased
 * text, lossless effort 1 with little search (quality 20) takes 50–60 ms for 27–80 kB: as quick as lossy, half its bytes, and sharp. With more
 * search (quality 75) the same pixels take 65–145 ms for 25–55 kB: that is what is stored for first pages. Sixteen levels would show bands
 * in gradients and photographs, so pages that have some of those are lossy.
 */
import sharp from "sharp";
import type { Bitmap } from "@lectern/pdf";
import type { ImageFormat } from "../ports.ts";

export interface EncodeOptions {
  readonly format: ImageFormat;
  readonly encoding: "fast" | "small";
  /** Pixels, when the drawing differs from what was asked by rounding. */
  readonly height?: number;
}

/** One thread in a worker: there is a worker for each core. */
export function setUpEncoder(): void {
  sharp.concurrency(1);
  sharp.cache(false);
}

export async function encode(bitmap: Bitmap, { format, encoding, height }: EncodeOptions): Promise<Uint8Array> {
  const { width } = bitmap;
  const smooth = format !== "webp" || isSmooth(bitmap);
  const pixels = smooth
    ? sharp(bitmap.data, { raw: { width, height: bitmap.height, channels: 4 } }).removeAlpha()
    : sharp(sixteenLevels(bitmap.data), { raw: { width, height: bitmap.height, channels: 3 } });
  const image = height === undefined || height === bitmap.height ? pixels : pixels.resize({ width, height, fit: "fill" });
  switch (format) {
    case "png":
      return image.png({ compressionLevel: 6 }).toBuffer();
    case "jpeg":
      return image.jpeg({ quality: 85 }).toBuffer();
    case "webp":
      if (smooth) return image.webp({ quality: 80, effort: encoding === "fast" ? 0 : 2 }).toBuffer();
      return image.webp({ lossless: true, effort: 1, quality: encoding === "fast" ? 20 : 75 }).toBuffer();
  }
}

/** Pixels between the three that are compared. */
const REACH = 8;
const SMALL_STEP = 24;
/** Measured: 6 % on the densest pages of text, 25 % on a page of which a quarter is a gradient, 17 to 50 % on scans. */
const SMOOTH_SHARE = 0.08;

/**
 * Has the page gradients or photographs? There, pixels at a distance of each other differ a little, twice in a row, across or down; in text they
 * are alike or differ much.
 */
export function isSmooth({ width, height, data }: Bitmap): boolean {
  const across = REACH * 4;
  const down = REACH * 4 * width;
  let seen = 0;
  let smooth = 0;
  for (let y = 2 * REACH; y < height; y += 8) {
    for (let x = 2 * REACH; x < width; x += 2) {
      const at = (y * width + x) * 4;
      seen++;
      if (isSmall(data, at, at - across) && isSmall(data, at - across, at - 2 * across)) smooth++;
      else if (isSmall(data, at, at - down) && isSmall(data, at - down, at - 2 * down)) smooth++;
    }
  }
  return smooth > seen * SMOOTH_SHARE;
}

function isSmall(data: Uint8Array, a: number, b: number): boolean {
  const red = Math.abs(data[a]! - data[b]!);
  const green = Math.abs(data[a + 1]! - data[b + 1]!);
  const blue = Math.abs(data[a + 2]! - data[b + 2]!);
  return red + green + blue > 0 && red <= SMALL_STEP && green <= SMALL_STEP && blue <= SMALL_STEP;
}

function sixteenLevels(rgba: Uint8Array): Uint8Array {
  const levels = Uint8Array.from({ length: 256 }, (_, value) => Math.round(value / 17) * 17);
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = levels[rgba[from]!]!;
    rgb[to + 1] = levels[rgba[from + 1]!]!;
    rgb[to + 2] = levels[rgba[from + 2]!]!;
  }
  return rgb;
}
