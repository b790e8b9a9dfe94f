/**
 * All tables of a file, whoever wrote it: as text or as streams (ISO 32000-2, 7.5.8), of each revision, with what object streams hold (7.5.7).
 * Every entry at once, of files that keep to the letter: of any other nothing is made up. (`stored-table.ts` looks single ones up, in whatever there is.)
 */
import { ObjectFile } from "./file.ts";
import { type Codec, decodeStream } from "./filters.ts";
import { isKeyword, latin, Lexer } from "./lexer.ts";
import { type ObjectTable, readSection } from "./table.ts";
import { isName, isStream, type PdfDict } from "./values.ts";

/** Free, at a place of the file, or in an object stream of this number at this place. */
type Entry = null | number | { readonly holder: number; readonly index: number };

interface Section {
  readonly entries: Iterable<readonly [number: number, entry: Entry]>;
  readonly trailer: PdfDict;
  /** Of the stream when it is unpacked. */
  readonly bytes: number;
}

/** Of all object streams together, and of all tables in streams. */
const MAX_PACKED_BYTES = 64 * 1024 * 1024;
const MAX_SECTIONS = 1000;
/** Entries of a trailer that lead to what is not read here. */
const BEYOND = ["XRefStm", "Encrypt"];

/** Null for a file that is not as its tables say, is encrypted, or has streams that only a codec can read and none is given. */
export function trueTables(bytes: Uint8Array, codec?: Codec): ObjectTable | null {
  const end = [...latin(bytes, Math.max(0, bytes.length - 1024)).matchAll(/startxref\s+(\d+)/g)].at(-1);
  const known = new Map<number, Entry>();
  const sections = new Set<number>();
  const replaced = new Set<number>();
  let trailer: PdfDict | null = null;
  let size = 0;
  for (let at = Number(end?.[1] ?? -1), prev: unknown = at; prev !== undefined; at = Number(prev)) {
    if (sections.has(at) || sections.size > MAX_SECTIONS || size > MAX_PACKED_BYTES) return null;
    const section = readSection(bytes, at) ?? readStream(bytes, at, codec);
    if (section === null || BEYOND.some((key) => section.trailer.has(key))) return null;
    sections.add(at);
    size += "bytes" in section ? section.bytes : 0;
    trailer ??= section.trailer;
    for (const [number, entry] of section.entries) {
      if (!known.has(number)) known.set(number, entry);
      else if (typeof entry === "number" && entry !== known.get(number)) {
        if (!standsAt(bytes, number, entry)) return null;
        replaced.add(entry);
      }
    }
    prev = section.trailer.get("Prev");
    if (prev !== undefined && typeof prev !== "number") return null;
  }
  const offsets = new Map<number, number>();
  const held = new Map<number, Map<number, number>>();
  let next = 1;
  for (const [number, entry] of known) {
    if (entry === null) continue;
    next = Math.max(next, number + 1);
    if (typeof entry !== "number") held.set(entry.holder, (held.get(entry.holder) ?? new Map<number, number>()).set(entry.index, number));
    // A stream of the table is an object too.
    else if (!sections.has(entry)) offsets.set(number, entry);
  }
  if (Number(trailer!.get("Size")) < next) return null;
  const others = [...sections, ...replaced];
  const plain: ObjectTable = { offsets, packed: new Map(), others, trailer: trailer!, size: next };
  if (held.size === 0) return plain;
  const packed = unpacked(new ObjectFile(bytes, plain), held, codec);
  if (packed === null) return null;
  for (const holder of held.keys()) {
    others.push(offsets.get(holder)!);
    offsets.delete(holder);
  }
  return { ...plain, packed };
}

/** `12 0 obj`: references know no other generations of what counts. */
export function standsAt(bytes: Uint8Array, number: number, offset: number, generation?: number): boolean {
  const lexer = new Lexer(bytes, offset);
  if (lexer.next() !== number) return false;
  const found = lexer.next();
  return (generation === undefined ? typeof found === "number" : found === generation) && isKeyword(lexer.next(), "obj");
}

function readStream(bytes: Uint8Array, at: number, codec: Codec | undefined): Section | null {
  const number = new Lexer(bytes, at).next();
  if (typeof number !== "number" || codec === undefined) return null;
  const alone: ObjectTable = { offsets: new Map([[number, at]]), packed: new Map(), others: [], trailer: new Map(), size: number + 1 };
  const file = new ObjectFile(bytes, alone);
  const stream = file.get(number);
  if (!isStream(stream) || !isName(stream.dict.get("Type"), "XRef")) return null;
  const data = decodeStream(file, stream, codec);
  const widths = file.numbers(stream.dict.get("W"));
  if (data === null || widths.length !== 3 || widths.some((width) => ![0, 1, 2, 3, 4, 5, 6].includes(width))) return null;
  const index = file.numbers(stream.dict.get("Index"));
  const numbers = index.length > 0 ? index : [0, file.number(stream.dict.get("Size"), 0)];
  return { entries: streamEntries(data, widths, numbers), trailer: stream.dict, bytes: data.length };
}

function* streamEntries(
  data: Uint8Array,
  widths: readonly number[],
  index: readonly number[],
): Generator<readonly [number: number, entry: Entry]> {
  let at = 0;
  const field = (width: number, otherwise: number): number => {
    let value = width === 0 ? otherwise : 0;
    for (const end = at + width; at < end; at++) value = value * 256 + data[at]!;
    return value;
  };
  const row = widths.reduce((sum, width) => sum + width, 0);
  for (let part = 0; part + 1 < index.length; part += 2)
    for (let i = 0; i < index[part + 1]! && at + row <= data.length; i++) {
      const [type, one, two] = [field(widths[0]!, 1), field(widths[1]!, 0), field(widths[2]!, 0)];
      // Of what is to come nothing is known: null.
      yield [index[part]! + i, type === 1 ? one : type === 2 ? { holder: one, index: two } : null];
    }
}

/** Null when one of them does not hold what the table says. */
function unpacked(
  file: ObjectFile,
  held: ReadonlyMap<number, ReadonlyMap<number, number>>,
  codec: Codec | undefined,
): Map<number, Uint8Array> | null {
  const packed = new Map<number, Uint8Array>();
  let size = 0;
  for (const [holder, wanted] of held) {
    const stream = file.get(holder);
    const data = isStream(stream) && codec !== undefined ? decodeStream(file, stream, codec) : null;
    if (data === null || (size += data.length) > MAX_PACKED_BYTES) return null;
    const first = file.number(file.dict(stream).get("First"), -1);
    const head = new Lexer(data.subarray(0, Math.max(0, first)), 0, { references: false });
    const members = Array.from(
      { length: Math.min(file.number(file.dict(stream).get("N"), 0), first) },
      () => [head.next(), head.next()] as const,
    );
    const begins = members.map(([, offset]) => first + (typeof offset === "number" ? offset : NaN));
    if (begins.some((begin, at) => !(begin >= (begins[at - 1] ?? first) && begin <= data.length))) return null;
    for (const [index, number] of wanted) {
      if (members[index]?.[0] !== number) return null;
      packed.set(number, data.subarray(begins[index], begins[index + 1]));
    }
  }
  return packed;
}
