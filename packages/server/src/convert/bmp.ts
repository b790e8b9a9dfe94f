/** BMP images, which the image library does not read: 1 to 32 bits a pixel, with and without run lengths (BITMAPINFOHEADER and later). */
import { ApiError } from "@lectern/protocol/plain";

export interface BmpPixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly dpi: number | null;
}

const [RGB, RLE8, RLE4, BITFIELDS, ALPHABITFIELDS] = [0, 1, 2, 3, 6];
const METERS_TO_DPI = 0.0254;

/** Throws ApiError `invalid_document`, `too_large`. */
export function bmpPixels(bytes: Uint8Array, maxPixels: number): BmpPixels {
  try {
    return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), maxPixels);
  } catch (error) {
    if (error instanceof RangeError) throw damaged("it is cut off");
    throw error;
  }
}

function damaged(why: string): ApiError {
  return new ApiError("invalid_document", `The BMP image cannot be read: ${why}`);
}

function read(view: DataView, maxPixels: number): BmpPixels {
  const headerSize = view.getUint32(14, true);
  if (headerSize < 40 || headerSize > 256) throw damaged("its header is of a kind that is not known");
  const width = view.getInt32(18, true);
  const signedHeight = view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bits = view.getUint16(28, true);
  const compression = view.getUint32(30, true);
  if (width <= 0 || height === 0) throw damaged("it has no width or no height");
  if (width * height > maxPixels) throw new ApiError("too_large", `The image is too large: ${maxPixels / 1_000_000} megapixels at most`);
  const data = new Uint8Array(width * height * 4).fill(255);
  const start = view.getUint32(10, true);
  const paint = painter(data, width, height, signedHeight > 0);
  if (bits <= 8) {
    const palette = paletteOf(view, headerSize, bits);
    const indexes =
      compression === RGB ? plainIndexes(view, start, width, height, bits) : runIndexes(view, start, { width, height, bits, compression });
    indexes((x, y, index) => paint(x, y, palette[index] ?? [0, 0, 0, 255]));
  } else {
    directColors(view, { start, width, height, bits, compression, masks: masksOf(view, headerSize, bits, compression) }, paint);
  }
  const perMeter = view.getInt32(38, true);
  return { data, width, height, channels: 4, dpi: perMeter > 0 ? Math.round(perMeter * METERS_TO_DPI) : null };
}

type Color = readonly [red: number, green: number, blue: number, alpha: number];
type Paint = (x: number, y: number, color: Color) => void;
type Indexes = (see: (x: number, y: number, index: number) => void) => void;

/** Rows usually come from the bottom up. */
function painter(data: Uint8Array, width: number, height: number, bottomUp: boolean): Paint {
  return (x, y, color) => {
    if (x >= width || y >= height) return;
    data.set(color, ((bottomUp ? height - 1 - y : y) * width + x) * 4);
  };
}

function paletteOf(view: DataView, headerSize: number, bits: number): readonly Color[] {
  const used = view.getUint32(46, true);
  const count = used === 0 ? 2 ** bits : Math.min(used, 256);
  return Array.from({ length: count }, (_, n) => {
    const at = 14 + headerSize + n * 4;
    return [view.getUint8(at + 2), view.getUint8(at + 1), view.getUint8(at), 255];
  });
}

function plainIndexes(view: DataView, start: number, width: number, height: number, bits: number): Indexes {
  if (![1, 2, 4, 8].includes(bits)) throw damaged(`${bits} bits a pixel are not known`);
  const row = Math.ceil((width * bits) / 32) * 4;
  return (see) => {
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const bit = x * bits;
        const byte = view.getUint8(start + y * row + (bit >> 3));
        see(x, y, (byte >> (8 - bits - (bit & 7))) & (2 ** bits - 1));
      }
  };
}

function runIndexes(
  view: DataView,
  start: number,
  {
    width,
    height,
    bits,
    compression,
  }: { readonly width: number; readonly height: number; readonly bits: number; readonly compression: number },
): Indexes {
  const small = compression === RLE4;
  if (compression !== RLE8 && !small) throw damaged("its compression is not known");
  if (bits !== (small ? 4 : 8)) throw damaged("its compression does not go with its colours");
  return (see) => {
    let [x, y, at] = [0, 0, start];
    while (y < height && at + 1 < view.byteLength) {
      const [count, value] = [view.getUint8(at), view.getUint8(at + 1)];
      at += 2;
      if (count > 0) for (let n = 0; n < count && x < width; n++) see(x++, y, small ? (n % 2 === 0 ? value >> 4 : value & 15) : value);
      else if (value === 0) [x, y] = [0, y + 1];
      else if (value === 1) return;
      else if (value === 2) {
        x += view.getUint8(at);
        y += view.getUint8(at + 1);
        at += 2;
      } else {
        for (let n = 0; n < value; n++) {
          const byte = view.getUint8(at + (small ? n >> 1 : n));
          if (x < width) see(x++, y, small ? (n % 2 === 0 ? byte >> 4 : byte & 15) : byte);
        }
        at += Math.ceil((small ? Math.ceil(value / 2) : value) / 2) * 2;
      }
    }
  };
}

type Masks = readonly [red: number, green: number, blue: number, alpha: number];

function masksOf(view: DataView, headerSize: number, bits: number, compression: number): Masks {
  if (compression === BITFIELDS || compression === ALPHABITFIELDS) {
    const mask = (n: number): number => view.getUint32(54 + n * 4, true);
    return [mask(0), mask(1), mask(2), headerSize >= 56 || compression === ALPHABITFIELDS ? mask(3) : 0];
  }
  if (compression !== RGB) throw damaged("its compression is not known");
  return bits === 16 ? [0x7c00, 0x03e0, 0x001f, 0] : [0xff0000, 0x00ff00, 0x0000ff, 0];
}

function directColors(
  view: DataView,
  how: {
    readonly start: number;
    readonly width: number;
    readonly height: number;
    readonly bits: number;
    readonly compression: number;
    readonly masks: Masks;
  },
  paint: Paint,
): void {
  const { start, width, height, bits, masks } = how;
  if (![16, 24, 32].includes(bits)) throw damaged(`${bits} bits a pixel are not known`);
  const row = Math.ceil((width * bits) / 32) * 4;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const at = start + y * row + (x * bits) / 8;
      if (bits === 24) {
        paint(x, y, [view.getUint8(at + 2), view.getUint8(at + 1), view.getUint8(at), 255]);
        continue;
      }
      const value = bits === 16 ? view.getUint16(at, true) : view.getUint32(at, true);
      paint(x, y, [part(value, masks[0]), part(value, masks[1]), part(value, masks[2]), masks[3] === 0 ? 255 : part(value, masks[3])]);
    }
}

/** The bits below the mask, stretched to 0…255. */
function part(value: number, mask: number): number {
  if (mask === 0) return 0;
  const shift = 31 - Math.clz32(mask & -mask);
  return Math.round((((value & mask) >>> shift) * 255) / (mask >>> shift));
}
