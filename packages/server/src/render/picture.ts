/** A picture's file as PDF holds it: a JPEG as it is where every reader shows it alike, else its samples. */
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { deflate } from "node:zlib";
import type { PdfImage } from "@lectern/pdf";
import sharp from "sharp";

const deflated = promisify(deflate);

/** Null when it cannot be read: its annotation is left as it is in the file. The same file gives the same bytes. */
export async function readPicture(path: string, maxPixels: number): Promise<PdfImage | null> {
  const options = { limitInputPixels: maxPixels, failOn: "error" as const };
  try {
    const { format, space, channels, width, height, orientation = 1, depth } = await sharp(path, options).metadata();
    // Of the others readers disagree about colours or ignore which side is up.
    if (format === "jpeg" && depth === "uchar" && orientation === 1 && (space === "srgb" || space === "b-w") && channels !== 4) {
      const data = await readFile(path);
      // A file that ends early is to be found out here, not by a reader.
      await sharp(path, options).stats();
      return { width, height, components: space === "b-w" ? 1 : 3, filter: "DCTDecode", data, alpha: null };
    }
    const { data, info } = await sharp(path, options)
      .rotate()
      .toColourspace("srgb")
      .ensureAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { ...(await samples(data, info.width, info.height)), file: await readFile(path) };
  } catch (error) {
    console.error("a picture cannot be read:", error instanceof Error ? error.message : error);
    return null;
  }
}

async function samples(rgba: Uint8Array, width: number, height: number): Promise<PdfImage> {
  const count = width * height;
  const [colors, opacities] = [new Uint8Array(count * 3), new Uint8Array(count)];
  let isOpaque = true;
  for (let at = 0; at < count; at++) {
    colors.set(rgba.subarray(at * 4, at * 4 + 3), at * 3);
    const opacity = rgba[at * 4 + 3]!;
    opacities[at] = opacity;
    isOpaque &&= opacity === 255;
  }
  return {
    width,
    height,
    components: 3,
    filter: "FlateDecode",
    data: await deflated(colors),
    alpha: isOpaque ? null : { filter: "FlateDecode", data: await deflated(opacities) },
  };
}
