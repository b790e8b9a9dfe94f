/**
 * Pixels → WebP, PNG or JPEG. Runs in the worker.
 *
 * Measured on pages of text at 960 × 1358 (milliseconds of one core, kB): lossy WebP q80 effort 0: 50 ms, 60–220 kB, and soft letters; lossless
 * effort 0: 80–120 ms, 90–400 kB; lossless effort 1: 110–200 ms, 5–66 kB. With 16 levels a channel on the edges of letters, of which no eye sees
 * anything, and the page's flat colours as they are, lossless effort 1 with little search (quality 20) takes 50–60 ms for 27–80 kB: as quick as lossy, half its bytes, and sharp. With more
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
    : sharp(flatColors(bitmap), { raw: { width, height: bitmap.height, channels: 3 } });
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

/** A colour of at least this share of the page is one that was chosen: it is kept as it is. The rest are edges between two of them. */
const FLAT_SHARE = 0.0004;

/** Exact in flat areas, sixteen levels a channel on the edges between them, where only the letters' shapes are seen. */
export function flatColors({ width, height, data }: Bitmap): Uint8Array {
  const pixels = new Uint32Array(data.buffer, data.byteOffset, width * height);
  const counts = new Map<number, number>();
  let seen = 0;
  for (let at = 0; at < pixels.length; at += 11, seen++) counts.set(pixels[at]!, (counts.get(pixels[at]!) ?? 0) + 1);
  const kept = new Set<number>();
  for (const [color, count] of counts) if (count > seen * FLAT_SHARE) kept.add(color);

  const levels = Uint8Array.from({ length: 256 }, (_, value) => Math.round(value / 17) * 17);
  const rgb = new Uint8Array(pixels.length * 3);
  let last = -1;
  let [red, green, blue] = [0, 0, 0];
  for (let at = 0, to = 0; at < pixels.length; at++, to += 3) {
    const color = pixels[at]!;
    if (color !== last) {
      last = color;
      [red, green, blue] = [data[at * 4]!, data[at * 4 + 1]!, data[at * 4 + 2]!];
      if (!kept.has(color)) [red, green, blue] = [levels[red]!, levels[green]!, levels[blue]!];
    }
    rgb[to] = red;
    rgb[to + 1] = green;
    rgb[to + 2] = blue;
  }
  return rgb;
}
