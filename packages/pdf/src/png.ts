/** A bitmap as a PNG file (ISO/IEC 15948): RGBA, 8 bits a channel. The same pixels give the same bytes. */
import type { Bitmap } from "./engine.ts";
import type { Codec } from "./objects/filters.ts";
import { pdfBytes } from "./pdf-writer.ts";

const RGBA = 6;

export function pngFile({ width, height, data }: Bitmap, codec: Codec): Uint8Array {
  const row = width * 4;
  // Each row begins with its filter: none.
  const rows = new Uint8Array((row + 1) * height);
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const head = [...uint32(width), ...uint32(height), 8, RGBA, 0, 0, 0];
  return pdfBytes([
    "\x89PNG\r\n\x1A\n",
    ...chunk("IHDR", Uint8Array.from(head)),
    ...chunk("IDAT", codec.deflate(rows)),
    ...chunk("IEND", new Uint8Array()),
  ]);
}

function chunk(type: string, data: Uint8Array): Uint8Array[] {
  const name = pdfBytes([type]);
  return [Uint8Array.from(uint32(data.length)), name, data, Uint8Array.from(uint32(crc(name, data)))];
}

function uint32(value: number): [number, number, number, number] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

function crc(...parts: readonly Uint8Array[]): number {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
    return value;
  });
  let value = 0xffffffff;
  for (const part of parts) for (const byte of part) value = table[(value ^ byte) & 255]! ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}
