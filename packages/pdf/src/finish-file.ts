/**
 * The last touch on a file that PDFium has saved: what its functions cannot write is written into the bytes, in place and
 * within the length that is there. Objects keep their offsets. Only names, numbers and references are touched: these stand
 * in the clear in an encrypted file too. PDFium saves one classic cross-reference table and every object outside of streams.
 */
import { WRAP } from "./appearance-file.ts";
import { PdfError } from "./engine.ts";
import { pdfNumber } from "./pdf-writer.ts";

export interface WrittenAnnotation {
  readonly objectNumber: number;
  /** Written when it is not 1. */
  readonly opacity: number;
  /** /Name */
  readonly icon: string | null;
}

export interface FinishOptions {
  readonly annotations: readonly WrittenAnnotation[];
  /** Pages whose list holds stand-ins for annotations that stay: object numbers, in the order of the list. */
  readonly flattened: readonly { readonly page: number; readonly kept: readonly number[] }[];
  /** 32 hexadecimal digits in upper case: the identifier of this version of the file. */
  readonly id: string;
  /** The source has no identifier: the permanent one is `id` too. */
  readonly isFirstId: boolean;
}

/** Changes `file` itself. Throws PdfError `failed` when it is not as PDFium writes it. */
export function finishFile(file: Uint8Array, { annotations, flattened, id, isFirstId }: FinishOptions): void {
  const table = readTable(file);
  for (const { page, kept } of flattened) restoreList(file, table, page, kept);
  for (const annotation of annotations) finishAnnotation(file, table, annotation);
  writeId(file, id, isFirstId);
}

/** Object number → where its entry stands in the table, and where the object does. */
type Table = ReadonlyMap<number, { readonly entry: number; readonly offset: number }>;

const ENTRY_BYTES = 20;

function readTable(file: Uint8Array): Table {
  const start = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(text(file, file.length - 64, file.length));
  if (start === null) throw unexpected("its end");
  const table = new Map<number, { entry: number; offset: number }>();
  let at = Number(start[1]);
  at += /^xref\s+/.exec(text(file, at, at + 16))?.[0].length ?? 0;
  for (;;) {
    const section = /^(\d+) (\d+)\s+/.exec(text(file, at, at + 32));
    if (section === null) break;
    at += section[0].length;
    const first = Number(section[1]);
    for (let i = 0; i < Number(section[2]); i++, at += ENTRY_BYTES) {
      if (file[at + 17] === 0x6e) table.set(first + i, { entry: at, offset: Number(text(file, at, at + 10)) });
    }
  }
  if (table.size === 0) throw unexpected("its table");
  return table;
}

function finishAnnotation(file: Uint8Array, table: Table, { objectNumber, opacity, icon }: WrittenAnnotation): void {
  const keys = dictionaryAt(file, offsetOf(table, objectNumber));
  const appearance = keys.get("AP");
  const outer = appearance === undefined ? null : /^<<\/N (\d+) 0 R ?>>$/.exec(text(file, ...appearance));
  if (appearance === undefined || outer === null) throw unexpected("an appearance");
  const inner = wrapped(file, table, Number(outer[1]));
  overwrite(file, appearance, `<</N ${wrapped(file, table, inner)} 0 R>>`);
  for (const wrapper of [Number(outer[1]), inner]) setFree(file, table, wrapper);

  const alpha = keys.get("CA");
  // PDFium has 256 steps of opacity; where its own number is as short as ours it is exact.
  if (alpha !== undefined && pdfNumber(opacity).length <= alpha[1] - alpha[0]) overwrite(file, alpha, pdfNumber(opacity));
  const name = keys.get("Name");
  if (icon !== null && name !== undefined) overwrite(file, name, `/${icon}`);
}

/** The true annotations in place of their stand-ins, whose numbers are higher and so at least as long. */
function restoreList(file: Uint8Array, table: Table, page: number, kept: readonly number[]): void {
  if (kept.length === 0) return;
  const range = dictionaryAt(file, offsetOf(table, page)).get("Annots");
  if (range === undefined) throw unexpected("a list of annotations");
  const standIns = [...text(file, ...range).matchAll(/(\d+) 0 R/g)].map((match) => Number(match[1]));
  if (standIns.length !== kept.length) throw unexpected("a stand-in");
  overwrite(file, range, `[${kept.map((number) => `${number} 0 R`).join(" ")}]`);
  for (const standIn of standIns) setFree(file, table, standIn);
}

function setFree(file: Uint8Array, table: Table, objectNumber: number): void {
  const found = table.get(objectNumber);
  if (found !== undefined) overwrite(file, [found.entry, found.entry + 18], "0000000000 65535 f");
}

/** The form that a wrapping one draws. */
function wrapped(file: Uint8Array, table: Table, objectNumber: number): number {
  const range = dictionaryAt(file, offsetOf(table, objectNumber)).get("Resources");
  const found = range === undefined ? null : new RegExp(`/${WRAP} (\\d+) 0 R`).exec(text(file, ...range));
  if (found === null) throw unexpected("a wrapped appearance");
  return Number(found[1]);
}

function offsetOf(table: Table, objectNumber: number): number {
  const found = table.get(objectNumber);
  if (found === undefined) throw unexpected(`object ${objectNumber}`);
  return found.offset;
}

type Range = readonly [start: number, end: number];

/** Where the values of a dictionary's own keys stand, for the object that begins at `offset`. */
function dictionaryAt(file: Uint8Array, offset: number): Map<string, Range> {
  const head = /^\d+ \d+ obj\s*<</.exec(text(file, offset, offset + 32));
  if (head === null) throw unexpected("a dictionary");
  const values = new Map<string, Range>();
  let at = skipSpace(file, offset + head[0].length);
  while (file[at] === SLASH) {
    const keyEnd = skipToken(file, at);
    const key = text(file, at + 1, keyEnd);
    const start = skipSpace(file, keyEnd);
    let end = skipToken(file, start);
    // `12 0 R` is three tokens of one value.
    for (at = skipSpace(file, end); isRegular(file[at]); at = skipSpace(file, end)) end = skipToken(file, at);
    values.set(key, [start, end]);
  }
  return values;
}

const [SPACE, SLASH, OPEN, CLOSE, BACKSLASH, LESS, GREATER, LEFT, RIGHT] = Array.from(" /()\\<>[]", (character) =>
  character.charCodeAt(0),
) as [number, number, number, number, number, number, number, number, number];
const DELIMITERS: readonly number[] = [SLASH, OPEN, CLOSE, LESS, GREATER, LEFT, RIGHT];

/** Is it part of a number, a keyword or a name? */
function isRegular(byte: number | undefined): boolean {
  return byte !== undefined && byte > SPACE && !DELIMITERS.includes(byte);
}

function skipSpace(file: Uint8Array, at: number): number {
  let end = at;
  while (end < file.length && file[end]! <= SPACE) end++;
  return end;
}

/** The end of the token that begins at `at`: a name, a string, an array or dictionary as a whole, a number or keyword. */
function skipToken(file: Uint8Array, at: number): number {
  if (at >= file.length) throw unexpected("the end of an object");
  const byte = file[at];
  if (byte === OPEN) return skipString(file, at);
  if (byte === LEFT) return skipUntil(file, at + 1, [RIGHT]);
  if (byte === LESS && file[at + 1] === LESS) return skipUntil(file, at + 2, [GREATER, GREATER]);
  let end = at + 1;
  if (byte === LESS) while (end < file.length && file[end - 1] !== GREATER) end++;
  else while (isRegular(file[end])) end++;
  return end;
}

function skipUntil(file: Uint8Array, from: number, closing: readonly number[]): number {
  let at = skipSpace(file, from);
  while (!closing.every((byte, index) => file[at + index] === byte)) at = skipSpace(file, skipToken(file, at));
  return at + closing.length;
}

function skipString(file: Uint8Array, open: number): number {
  let depth = 0;
  for (let at = open; at < file.length; at++) {
    if (file[at] === BACKSLASH) at++;
    else if (file[at] === OPEN) depth++;
    else if (file[at] === CLOSE && --depth === 0) return at + 1;
  }
  throw unexpected("the end of a string");
}

/** The rest of the range becomes blank. */
function overwrite(file: Uint8Array, [start, end]: Range, value: string): void {
  if (value.length > end - start) throw unexpected("room for a value");
  for (let at = start; at < end; at++) file[at] = at - start < value.length ? value.charCodeAt(at - start) : SPACE;
}

/** The trailer's /ID: the second string names this version of the file. An encrypted file's first one is part of its key. */
function writeId(file: Uint8Array, id: string, isFirstId: boolean): void {
  const from = Math.max(0, file.length - 4096);
  const found = /\/ID\s*\[.*?<([0-9A-Fa-f]{32})>\s*\]\s*>>\s*startxref\s+\d+\s+%%EOF\s*$/s.exec(text(file, from, file.length));
  if (found === null) throw unexpected("an identifier");
  const second = from + found.index + found[0].lastIndexOf(`<${found[1]!}>`) + 1;
  overwrite(file, [second, second + 32], id);
  if (!isFirstId) return;
  const first = from + found.index + found[0].indexOf("<") + 1;
  overwrite(file, [first, first + 32], id);
}

function text(file: Uint8Array, start: number, end: number): string {
  let latin = "";
  for (let at = Math.max(0, start); at < Math.min(end, file.length); at++) latin += String.fromCharCode(file[at]!);
  return latin;
}

function unexpected(what: string): PdfError {
  return new PdfError("failed", `the saved file cannot be finished: ${what} is not where it should be`);
}
