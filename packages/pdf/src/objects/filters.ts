/** Decodes what streams are packed in (ISO 32000-2, 7.4), as far as content streams use it. Inflating is the platform's business. */
import type { ObjectFile } from "./file.ts";
import { latin } from "./lexer.ts";
import type { PdfObject, PdfStreamValue } from "./values.ts";

export interface Inflater {
  /** Gives what can be had of a damaged stream. Throws when that is nothing, or too much. */
  inflate(bytes: Uint8Array): Uint8Array;
}

/** zlib of the platform. */
export interface Codec extends Inflater {
  /** The same bytes for the same bytes. */
  deflate(bytes: Uint8Array): Uint8Array;
}

/** Null when it is packed in a way that is not for bytes (images), or damaged. */
export function decodeStream(file: ObjectFile, stream: PdfStreamValue, codec: Inflater): Uint8Array | null {
  const list = (key: string, short: string): PdfObject[] => {
    const value = file.resolve(stream.dict.get(key) ?? stream.dict.get(short));
    return value === null ? [] : Array.isArray(value) ? value : [value];
  };
  const parameters = list("DecodeParms", "DP");
  let data = stream.data;
  try {
    for (const [index, filter] of list("Filter", "F").entries()) {
      const decoded = decode(file.name(filter) ?? "", data, codec);
      if (decoded === null) return null;
      data = unpredicted(file, decoded, parameters[index]);
    }
  } catch {
    return null;
  }
  return data;
}

function decode(filter: string, data: Uint8Array, codec: Inflater): Uint8Array | null {
  switch (filter) {
    case "FlateDecode":
    case "Fl":
      return codec.inflate(data);
    case "ASCIIHexDecode":
    case "AHx":
      return asciiHex(data);
    case "ASCII85Decode":
    case "A85":
      return ascii85(data);
    case "RunLengthDecode":
    case "RL":
      return runLength(data);
    case "LZWDecode":
    case "LZW":
      return lzw(data);
    default:
      return null;
  }
}

function asciiHex(data: Uint8Array): Uint8Array {
  const digits = latin(data)
    .split(">")[0]!
    .replace(/[^0-9A-Fa-f]/g, "");
  const bytes = new Uint8Array(Math.ceil(digits.length / 2));
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(i * 2, i * 2 + 2).padEnd(2, "0"), 16);
  return bytes;
}

function ascii85(data: Uint8Array): Uint8Array {
  const out: number[] = [];
  let group: number[] = [];
  const flush = (count: number): void => {
    while (group.length < 5) group.push(84);
    let value = 0;
    for (const digit of group) value = value * 85 + digit;
    for (let i = 0; i < count; i++) out.push(Math.floor(value / 256 ** (3 - i)) & 255);
    group = [];
  };
  for (const byte of data) {
    if (byte === 0x7e) break;
    if (byte === 0x7a && group.length === 0) out.push(0, 0, 0, 0);
    else if (byte >= 0x21 && byte <= 0x75) {
      group.push(byte - 0x21);
      if (group.length === 5) flush(4);
    }
  }
  if (group.length > 1) flush(group.length - 1);
  return Uint8Array.from(out);
}

function runLength(data: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (let at = 0; at < data.length && data[at] !== 128;) {
    const length = data[at]!;
    if (length < 128) {
      out.push(...data.subarray(at + 1, at + 2 + length));
      at += length + 2;
    } else {
      for (let i = 0; i < 257 - length; i++) out.push(data[at + 1] ?? 0);
      at += 2;
    }
  }
  return Uint8Array.from(out);
}

function lzw(data: Uint8Array): Uint8Array {
  const out: number[] = [];
  let table: number[][] = [];
  const reset = (): void => void (table = Array.from({ length: 258 }, (_, code) => (code < 256 ? [code] : [])));
  reset();
  let previous: number[] | null = null;
  let bits = 0;
  let held = 0;
  let width = 9;
  for (const byte of data) {
    held = ((held << 8) | byte) & 0xffffff;
    bits += 8;
    if (bits < width) continue;
    bits -= width;
    const code = (held >> bits) & ((1 << width) - 1);
    if (code === 257) break;
    if (code === 256) {
      reset();
      previous = null;
      width = 9;
      continue;
    }
    const entry: number[] | undefined = table[code] ?? (previous === null ? undefined : [...previous, previous[0]!]);
    if (entry === undefined) break;
    for (const value of entry) out.push(value);
    if (previous !== null && table.length < 4096) table.push([...previous, entry[0]!]);
    previous = entry;
    width = table.length + 1 >= 2048 ? 12 : table.length + 1 >= 1024 ? 11 : table.length + 1 >= 512 ? 10 : 9;
  }
  return Uint8Array.from(out);
}

/** PNG predictors (7.4.4.4); TIFF's is for images. */
function unpredicted(file: ObjectFile, data: Uint8Array, given: PdfObject | undefined): Uint8Array {
  const parameters = file.dict(given);
  const predictor = file.number(parameters.get("Predictor"), 1);
  if (predictor < 10) return data;
  const colors = file.number(parameters.get("Colors"), 1);
  const pixel = Math.max(1, (colors * file.number(parameters.get("BitsPerComponent"), 8)) >> 3);
  const row = Math.ceil((colors * file.number(parameters.get("BitsPerComponent"), 8) * file.number(parameters.get("Columns"), 1)) / 8);
  const rows = Math.floor(data.length / (row + 1));
  const out = new Uint8Array(rows * row);
  for (let y = 0; y < rows; y++) {
    const type = data[y * (row + 1)]!;
    for (let x = 0; x < row; x++) {
      const left = x >= pixel ? out[y * row + x - pixel]! : 0;
      const up = y > 0 ? out[(y - 1) * row + x]! : 0;
      const corner = x >= pixel && y > 0 ? out[(y - 1) * row + x - pixel]! : 0;
      const guess = type === 1 ? left : type === 2 ? up : type === 3 ? (left + up) >> 1 : type === 4 ? paeth(left, up, corner) : 0;
      out[y * row + x] = data[y * (row + 1) + 1 + x]! + guess;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
