/** A picture's file as PDF holds it, made by the browser: a JPEG as it is where every reader shows it alike, else its samples. */
import type { PdfImage } from "@lectern/pdf";

/** Null when it cannot be read. */
export async function pdfImage(file: Blob): Promise<PdfImage | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const plain = plainJpeg(bytes);
  if (plain !== null) return { ...plain, filter: "DCTDecode", data: bytes, alpha: null };
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (bitmap === null) return null;
  const { width, height } = bitmap;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const paper = canvas.getContext("2d");
  if (paper === null) return null;
  paper.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = paper.getImageData(0, 0, width, height);
  const count = width * height;
  const [colors, opacities] = [new Uint8Array(count * 3), new Uint8Array(count)];
  let isOpaque = true;
  for (let at = 0; at < count; at++) {
    colors[at * 3] = data[at * 4]!;
    colors[at * 3 + 1] = data[at * 4 + 1]!;
    colors[at * 3 + 2] = data[at * 4 + 2]!;
    opacities[at] = data[at * 4 + 3]!;
    isOpaque &&= opacities[at] === 255;
  }
  const alpha = isOpaque ? null : { filter: "FlateDecode" as const, data: await deflated(opacities) };
  return { width, height, components: 3, filter: "FlateDecode", data: await deflated(colors), alpha, file: bytes };
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const packed = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

/** Markers of a JPEG file (ISO/IEC 10918-1, annex B) that matter here. */
const MARKER = { exif: 0xe1, adobe: 0xee, scan: 0xda } as const;

/** Eight bits, grey or three colours, and nothing that says which side is up or what the colours mean. */
function plainJpeg(bytes: Uint8Array): { readonly width: number; readonly height: number; readonly components: 1 | 3 } | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const word = (at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + word(at + 2)) {
    const marker = bytes[at + 1]!;
    if (marker === MARKER.exif || marker === MARKER.adobe || marker === MARKER.scan) return null;
    // Baseline, extended and progressive frames.
    if (marker < 0xc0 || marker > 0xc2) continue;
    const components = bytes[at + 9]!;
    if (bytes[at + 4] !== 8 || (components !== 1 && components !== 3)) return null;
    return { height: word(at + 5), width: word(at + 7), components };
  }
  return null;
}
