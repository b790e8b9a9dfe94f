/** The smallest TrueType font that readers take: two glyphs without outlines, for text that is not seen (OpenType 1.9, the tables PDF asks for). */

const UNITS = 1000;
const TABLES = ["cmap", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "post"] as const;

/** `advance`: of both glyphs, in parts of the font size. The same each time. */
export function glyphlessFont(advance: number): Uint8Array {
  const width = Math.round(advance * UNITS);
  const tables: Record<(typeof TABLES)[number], readonly number[]> = {
    // One subtable of format 4 that maps nothing.
    cmap: [...u16(0, 1, 3, 1), ...u32(12), ...u16(4, 24, 0, 2, 2, 0, 0, 0xffff, 0, 0xffff, 1, 0)],
    glyf: [0],
    head: [...u32(0x00010000, 0x00010000, 0, 0x5f0f3cf5), ...u16(0, UNITS), ...u32(0, 0, 0, 0), ...u16(0, 0, width, UNITS, 0, 8, 2, 0, 0)],
    hhea: [...u32(0x00010000), ...u16(UNITS, 0, 0, width, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2)],
    hmtx: u16(width, 0, width, 0),
    loca: u16(0, 0, 0),
    maxp: [...u32(0x00010000), ...u16(2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0)],
    post: [...u32(0x00030000, 0), ...u16(0, 0), ...u32(1, 0, 0, 0, 0)],
  };
  const directory = 12 + TABLES.length * 16;
  const head: number[] = [...u32(0x00010000), ...u16(TABLES.length, 128, 3, 0)];
  const body: number[] = [];
  let headAt = 0;
  for (const name of TABLES) {
    const bytes = padded(tables[name]);
    if (name === "head") headAt = directory + body.length;
    head.push(...Array.from(name, (letter) => letter.charCodeAt(0)), ...u32(sum(bytes), directory + body.length, tables[name].length));
    body.push(...bytes);
  }
  const font = Uint8Array.from([...head, ...body]);
  font.set(u32(0xb1b0afba - sum(font)), headAt + 8);
  return font;
}

function u16(...values: readonly number[]): number[] {
  return values.flatMap((value) => [(value >> 8) & 0xff, value & 0xff]);
}

function u32(...values: readonly number[]): number[] {
  return values.flatMap((value) => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]);
}

function padded(bytes: readonly number[]): number[] {
  return [...bytes, ...Array.from({ length: (4 - (bytes.length % 4)) % 4 }, () => 0)];
}

/** Of words of four bytes. */
function sum(bytes: ArrayLike<number>): number {
  let total = 0;
  for (let at = 0; at < bytes.length; at += 4)
    total = (total + ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)) >>> 0;
  return total;
}
