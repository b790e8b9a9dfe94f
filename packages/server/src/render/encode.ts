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

/** Every so many rows are looked at. */
const ROW_STEP = 4;
/** A step from one pixel to the next that an edge of a letter seldom makes, and a gradient always. */
const SMALL_STEP = 6;
const SMOOTH_SHARE = 0.02;

/** Has the page gradients or photographs? They are where colours change a little from pixel to pixel. */
export function isSmooth({ width, height, data }: Bitmap): boolean {
  let seen = 0;
  let small = 0;
  for (let y = 0; y < height; y += ROW_STEP) {
    const end = (y + 1) * width * 4;
    for (let i = y * width * 4 + 4; i < end; i += 4) {
      const red = Math.abs(data[i]! - data[i - 4]!);
      const green = Math.abs(data[i + 1]! - data[i - 3]!);
      const blue = Math.abs(data[i + 2]! - data[i - 2]!);
      const step = red > green ? (red > blue ? red : blue) : green > blue ? green : blue;
      if (step > 0 && step <= SMALL_STEP) small++;
      seen++;
    }
  }
  return small > seen * SMOOTH_SHARE;
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
