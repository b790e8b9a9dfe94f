/**
 * What hostile files are made with: PDF syntax without any care for sense, seeded randomness, and zlib streams that unfold to gigabytes.
 * Text is latin-1 throughout: a code unit is a byte.
 */

/** Object `n + 1` at index `n`; null leaves the object out, so that references to it dangle. */
export type RawObjects = readonly (string | null)[];

export interface RawOptions {
  /** In the trailer dictionary, beside Size and Root. */
  readonly trailer?: string;
  readonly root?: string;
  readonly header?: string;
  /** In place of the right position. */
  readonly startxref?: string;
  /** Instead of the cross-reference table and the trailer, given the objects' positions. */
  readonly table?: (offsets: readonly number[], position: number) => string;
  /** After the end. */
  readonly tail?: string;
}

export function rawPdf(objects: RawObjects, options: RawOptions = {}): string {
  const parts = [`${options.header ?? "%PDF-1.7"}\n`];
  let size = parts[0]!.length;
  const offsets = objects.map((body, index) => {
    const offset = size;
    if (body === null) return 0;
    const text = `${index + 1} 0 obj\n${body}\nendobj\n`;
    parts.push(text);
    size += text.length;
    return offset;
  });
  const root = options.root ?? "1 0 R";
  const trailer = `trailer\n<< /Size ${objects.length + 1} /Root ${root} ${options.trailer ?? ""} >>\n`;
  parts.push(options.table?.(offsets, size) ?? `${crossReference(offsets)}${trailer}`);
  parts.push(`startxref\n${options.startxref ?? size}\n%%EOF\n${options.tail ?? ""}`);
  return parts.join("");
}

export function crossReference(offsets: readonly number[]): string {
  const lines = offsets.map((offset) => (offset === 0 ? "0000000000 00000 f \n" : `${String(offset).padStart(10, "0")} 00000 n \n`));
  return `xref\n0 ${offsets.length + 1}\n0000000000 65535 f \n${lines.join("")}`;
}

export function stream(dictionary: string, content: string): string {
  return `<< ${dictionary} /Length ${content.length} >>\nstream\n${content}\nendstream`;
}

export interface OnePage {
  readonly content?: string;
  /** Entries of the page's dictionary. */
  readonly page?: string;
  /** Entries of the resources. */
  readonly resources?: string;
  readonly mediaBox?: string;
  /** Entries of the catalog. */
  readonly catalog?: string;
  /** From number 5. */
  readonly objects?: RawObjects;
  readonly options?: RawOptions;
}

/** Object 1 is the catalog, 2 the page tree, 3 the page, 4 its content. */
export function onePage({
  content = "",
  page = "",
  resources = "",
  mediaBox = "[0 0 300 300]",
  catalog = "",
  objects = [],
  options,
}: OnePage): string {
  return rawPdf(
    [
      `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`,
      "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
      `<< /Type /Page /Parent 2 0 R /MediaBox ${mediaBox} /Contents 4 0 R /Resources << ${resources} >> ${page} >>`,
      stream("", content),
      ...objects,
    ],
    options,
  );
}

export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Numbers of 0 ≤ x < 1 from a seed (mulberry32). */
export interface Random {
  next(): number;
  /** 0 ≤ n < end */
  below(end: number): number;
  pick<T>(from: readonly T[]): T;
  /** Random bytes as text. */
  bytes(count: number): string;
}

export function seeded(seed: number, name: string): Random {
  let state = seed >>> 0;
  for (const character of name) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193) >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    next,
    below,
    pick: (from) => from[below(from.length)]!,
    bytes: (count) => Array.from({ length: count }, () => String.fromCharCode(below(256))).join(""),
  };
}

/** Bytes in three parts, the middle one zeros: what stays small however long it is. */
interface Zeros {
  readonly before: string;
  readonly zeros: number;
  readonly after: string;
}

/** A zlib stream (RFC 1950) of so many zeros, deflated so many times over. A thousandth of the size each time. */
export function zlibBomb(zeros: number, times: number): string {
  let data: Zeros = { before: "", zeros, after: "" };
  for (let i = 0; i < times; i++) data = deflated(data);
  return data.before + "\0".repeat(data.zeros) + data.after;
}

/** A zlib stream of this text, not made smaller. */
export function zlib(text: string): string {
  const { before, zeros, after } = deflated({ before: text, zeros: 0, after: "" });
  return before + "\0".repeat(zeros) + after;
}

/**
 * The text in stored blocks around one block of zeros, whose codes are chosen so that 258 zeros are two bits of zero: a match of 258
 * bytes at distance 1 is code 0, its distance code 0; a literal zero is 10; the end of the block is 11.
 */
function deflated({ before, zeros, after }: Zeros): Zeros {
  // Not worth a block of their own.
  if (zeros < 10_000)
    return {
      before: `x\x01${stored(`${before}${"\0".repeat(zeros)}${after}`, true)}${adler32(before, zeros, after)}`,
      zeros: 0,
      after: "",
    };
  const matches = Math.floor((zeros - 1) / 258);
  const bits = [...blockHeader(), 1, 0];
  // Matches are bits of zero: some fill the byte, then whole bytes, then a few more.
  const fill = (8 - (bits.length % 8)) % 8;
  const rest = Array<number>((2 * matches - fill) % 8).fill(0);
  for (let literal = 0; literal < zeros - 1 - 258 * matches; literal++) rest.push(1, 0);
  // The end, and the head of an empty stored block, which leads to a whole byte.
  rest.push(1, 1, 0, 0, 0);
  return {
    before: `x\x01${before === "" ? "" : stored(before, false)}${pack([...bits, ...Array<number>(fill).fill(0)])}`,
    zeros: Math.floor((2 * matches - fill) / 8),
    after: `${pack(rest)}\0\0\xff\xff${stored(after, true)}${adler32(before, zeros, after)}`,
  };
}

/** Code lengths: literal 0 and the end 2, length 285 1, distance 0 1. Bits in the order of RFC 1951. */
function blockHeader(): number[] {
  const bits: number[] = [0, 0, 1];
  const number = (value: number, count: number): void => {
    for (let bit = 0; bit < count; bit++) bits.push((value >> bit) & 1);
  };
  number(29, 5);
  number(0, 5);
  number(14, 4);
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1];
  for (const symbol of order) number(symbol === 18 ? 1 : symbol === 1 || symbol === 2 ? 2 : 0, 3);
  const length = (value: 1 | 2): void => void bits.push(1, value === 1 ? 0 : 1);
  const none = (count: number): void => {
    bits.push(0);
    number(count - 11, 7);
  };
  length(2);
  none(138);
  none(117);
  length(2);
  none(28);
  length(1);
  length(1);
  return bits;
}

function pack(bits: readonly number[]): string {
  let text = "";
  for (let at = 0; at < bits.length; at += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit++) byte |= (bits[at + bit] ?? 0) << bit;
    text += String.fromCharCode(byte);
  }
  return text;
}

function stored(text: string, last: boolean): string {
  let blocks = "";
  for (let at = 0; at < text.length || at === 0; at += 65_535) {
    const part = text.slice(at, at + 65_535);
    const isLast = last && at + 65_535 >= text.length;
    const [low, high] = [part.length & 255, part.length >> 8];
    blocks += String.fromCharCode(isLast ? 1 : 0, low, high, low ^ 255, high ^ 255) + part;
  }
  return blocks;
}

function adler32(before: string, zeros: number, after: string): string {
  let a = 1;
  let b = 0;
  const add = (text: string): void => {
    for (let i = 0; i < text.length; i++) {
      a = (a + text.charCodeAt(i)) % 65_521;
      b = (b + a) % 65_521;
    }
  };
  add(before);
  b = (b + (zeros % 65_521) * a) % 65_521;
  add(after);
  return String.fromCharCode(b >> 8, b & 255, a >> 8, a & 255);
}

/** CRC-32, for archives. */
export function crc32(text: string): number {
  let crc = 0xffff_ffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb8_8320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
