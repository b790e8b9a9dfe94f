/**
 * Where the objects of a file stand, by whatever tables it has: classic ones, streams (ISO 32000-2, 7.5.4 and 7.5.8), and those of earlier versions
 * that they lead to. Entries are looked up in the file when they are asked for: a table of a million objects costs no memory.
 */
import type { RangeReader } from "../engine.ts";
import { latin } from "./lexer.ts";
import { isDict, isName, isStream, type PdfDict, type PdfObject } from "./values.ts";

export type Place =
  | { readonly at: number; readonly generation: number }
  /** In the object stream of this number. */
  | { readonly stream: number };

export interface Tables {
  readonly trailer: PdfDict;
  /** Null: there is no such object. */
  find(number: number): Place | null;
}

/** What the tables are read with. */
export interface TableFile extends RangeReader {
  /** The object that stands there, whatever its number; null when there is none. */
  objectAt(position: number): PdfObject;
  /** Bytes of a stream in the clear; null when they cannot be unpacked. */
  unpack(stream: PdfObject): Uint8Array | null;
  /** Says that work was done, of which there is only so much. False: it is used up. */
  spend(amount: number): boolean;
}

/** Undefined: the table says nothing of it. */
type Table = (number: number) => Place | null | undefined;

const MOST_TABLES = 2000;
const TAIL_BYTES = 4096;
const ENTRY_BYTES = 20;
const IN_USE = 0x6e;

/** Null when they cannot be read. */
export function readTables(file: TableFile): Tables | null {
  const tail = bytesAt(file, Math.max(0, file.size - TAIL_BYTES), TAIL_BYTES);
  const start = [...latin(tail).matchAll(/startxref\s+(\d+)/g)].at(-1);
  if (start === undefined) return null;
  const tables: Table[] = [];
  const trailers: PdfDict[] = [];
  const seen = new Set<number>();
  const read = (position: number): PdfDict | null => {
    if (seen.has(position) || seen.size >= MOST_TABLES) return null;
    seen.add(position);
    const object = file.objectAt(position);
    if (isStream(object)) {
      const table = streamTable(file, object);
      if (table !== null) tables.push(table);
      return table === null ? null : object.dict;
    }
    const found = classicTable(file, position);
    if (found === null) return null;
    // What an old reader is told to be free stands in the stream.
    const beside = found.trailer.get("XRefStm");
    if (typeof beside === "number") read(beside);
    tables.push(found.table);
    return found.trailer;
  };
  for (let next: PdfObject | undefined = Number(start[1]); typeof next === "number";) {
    const trailer = read(next);
    if (trailer === null) break;
    trailers.push(trailer);
    next = trailer.get("Prev");
  }
  const trailer = trailers.find((each) => each.has("Root"));
  if (trailer === undefined) return null;
  return {
    trailer,
    find(number) {
      for (const table of tables) {
        if (!file.spend(1)) return null;
        const place = table(number);
        if (place !== undefined) return place;
      }
      return null;
    },
  };
}

interface Section {
  readonly first: number;
  readonly count: number;
  /** Of its first entry: a position in the file, or a row of the stream. */
  readonly start: number;
}

function sectionOf(file: TableFile, sections: readonly Section[], number: number): Section | undefined {
  return sections.find(({ first, count }) => file.spend(1) && number >= first && number < first + count);
}

function classicTable(file: TableFile, position: number): { readonly table: Table; readonly trailer: PdfDict } | null {
  const head = /^\s*xref\s+/.exec(latin(bytesAt(file, position, 64)));
  if (head === null) return null;
  const sections: Section[] = [];
  let at = position + head[0].length;
  for (;;) {
    const line = /^(\d{1,10})[ \t]+(\d{1,10})\s+/.exec(latin(bytesAt(file, at, 64)));
    if (line === null || !file.spend(64)) break;
    at += line[0].length;
    const count = Math.min(Number(line[2]), Math.floor((file.size - at) / ENTRY_BYTES));
    sections.push({ first: Number(line[1]), count, start: at });
    at += count * ENTRY_BYTES;
  }
  const word = /^\s*trailer/.exec(latin(bytesAt(file, at, 64)));
  const trailer = word === null ? null : file.objectAt(at + word[0].length);
  if (!isDict(trailer)) return null;
  const table: Table = (number) => {
    const section = sectionOf(file, sections, number);
    if (section === undefined) return undefined;
    const entry = bytesAt(file, section.start + (number - section.first) * ENTRY_BYTES, ENTRY_BYTES);
    if (entry[17] !== IN_USE) return null;
    return { at: Number(latin(entry, 0, 10)), generation: Number(latin(entry, 11, 16)) };
  };
  return { table, trailer };
}

function streamTable(file: TableFile, stream: PdfObject): Table | null {
  if (!isStream(stream) || !isName(stream.dict.get("Type"), "XRef")) return null;
  const rows = file.unpack(stream);
  const widths = numbersOf(stream.dict.get("W"));
  if (rows === null || widths.length < 3 || widths.some((width) => width < 0 || width > 8)) return null;
  const [kindWidth, firstWidth, secondWidth] = widths as [number, number, number];
  const rowBytes = widths.reduce((sum, width) => sum + width, 0);
  const index = numbersOf(stream.dict.get("Index"));
  const ranges = index.length > 0 ? index : [0, ...numbersOf([stream.dict.get("Size") ?? 0])];
  const sections: Section[] = [];
  let start = 0;
  for (let at = 0; at + 1 < ranges.length && file.spend(1); at += 2) {
    const [first, count] = [ranges[at]!, ranges[at + 1]!];
    sections.push({ first, count, start });
    start += count;
  }
  const value = (at: number, width: number): number => {
    let sum = 0;
    for (let i = at; i < at + width; i++) sum = sum * 256 + rows[i]!;
    return sum;
  };
  return (number) => {
    const section = sectionOf(file, sections, number);
    if (section === undefined) return undefined;
    const at = (section.start + number - section.first) * rowBytes;
    if (rowBytes === 0 || at + rowBytes > rows.length) return undefined;
    const kind = kindWidth === 0 ? 1 : value(at, kindWidth);
    const first = value(at + kindWidth, firstWidth);
    if (kind === 2) return { stream: first };
    return kind === 1 ? { at: first, generation: value(at + kindWidth + firstWidth, secondWidth) } : null;
  };
}

function numbersOf(object: PdfObject | undefined): number[] {
  return Array.isArray(object)
    ? object.filter((item): item is number => typeof item === "number" && Number.isInteger(item) && item >= 0)
    : [];
}

const PIECE_BYTES = 65_536;
/** To search is much less work than to read objects. */
const PIECE_WORK = PIECE_BYTES / 16;
const OVERLAP_BYTES = 512;
const MOST_FOUND = 2_000_000;

/** As readers do when the tables are of no use: what looks like an object is one, and the last of those with one number counts. */
export function searchedTables(file: TableFile, memberNumbers: (stream: PdfObject) => readonly number[]): Tables | null {
  const places = new Map<number, Place>();
  const streams: { readonly number: number; readonly at: number; readonly isTable: boolean }[] = [];
  let trailer: PdfDict | null = null;
  for (let start = 0; start < file.size && places.size < MOST_FOUND && file.spend(PIECE_WORK); start += PIECE_BYTES) {
    const text = latin(bytesAt(file, start, PIECE_BYTES + OVERLAP_BYTES));
    for (const match of text.matchAll(/(?<!\d)(\d{1,10})\s+(\d{1,5})\s+obj\b|\btrailer\b/g)) {
      if (match.index >= PIECE_BYTES) break;
      const at = start + match.index;
      if (match[1] === undefined) {
        const found = file.objectAt(at + "trailer".length);
        if (isDict(found) && found.has("Root")) trailer = found;
        continue;
      }
      const number = Number(match[1]);
      places.set(number, { at, generation: Number(match[2]) });
      const type = /\/Type\s*\/(XRef|ObjStm)\b/.exec(text.slice(match.index, match.index + OVERLAP_BYTES).split("endobj")[0]!);
      if (type !== null) streams.push({ number, at, isTable: type[1] === "XRef" });
    }
  }
  for (const { number, at, isTable } of streams) {
    const stream = file.objectAt(at);
    if (!isStream(stream)) continue;
    if (isTable && trailer === null && stream.dict.has("Root")) trailer = stream.dict;
    if (!isTable) for (const member of memberNumbers(stream)) if (!places.has(member)) places.set(member, { stream: number });
  }
  return trailer === null ? null : { trailer, find: (number) => places.get(number) ?? null };
}

/** As many as there are. */
export function bytesAt(file: RangeReader, position: number, count: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(0, Math.min(count, file.size - position)));
  return Number.isInteger(position) && position >= 0 && bytes.length > 0 && file.read(position, bytes) ? bytes : new Uint8Array();
}
