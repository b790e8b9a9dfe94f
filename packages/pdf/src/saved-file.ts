/**
 * Reads a file that PDFium has saved: it has one classic cross-reference table, and every object stands outside of streams.
 * Values are given as they are written (code units below 256), so that what nobody changes is copied byte for byte.
 */
import { PdfError } from "./engine.ts";

export interface SavedFile {
  readonly bytes: Uint8Array;
  /** Where its cross-reference table begins. */
  readonly startxref: number;
  readonly trailer: ReadonlyMap<string, string>;
  /** One more than the highest object number. */
  readonly size: number;
  /** Where each object stands, from its number to what follows it. */
  readonly extents: ReadonlyMap<number, readonly [start: number, end: number]>;
  /** An object that is no stream, as written; null when there is none. */
  object(number: number): string | null;
  /** The entries of an object that is a dictionary; null when it is none. */
  dictionary(number: number): Map<string, string> | null;
}

/** Throws PdfError `failed` when it is not as PDFium writes it. */
export function readSavedFile(bytes: Uint8Array): SavedFile {
  const start = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(latin1(bytes, bytes.length - 64, bytes.length));
  if (start === null) throw unexpected("its end");
  const startxref = Number(start[1]);
  const offsets = new Map<number, number>();
  let size = 1;
  let at = startxref + (/^xref\s+/.exec(latin1(bytes, startxref, startxref + 16))?.[0].length ?? 0);
  for (;;) {
    const section = /^(\d+) (\d+)\s+/.exec(latin1(bytes, at, at + 32));
    if (section === null) break;
    at += section[0].length;
    const first = Number(section[1]);
    for (let i = 0; i < Number(section[2]); i++, at += ENTRY_BYTES) {
      size = Math.max(size, first + i + 1);
      if (bytes[at + 17] === IN_USE) offsets.set(first + i, digits(bytes, at, at + 10));
    }
  }
  if (offsets.size === 0) throw unexpected("its table");
  const head = /^trailer\s*/.exec(latin1(bytes, at, at + 16));
  if (head === null) throw unexpected("its trailer");
  const trailer = entriesOf(latin1(bytes, at + head[0].length, bytes.length));
  if (trailer === null) throw unexpected("its trailer");

  const extents = new Map<number, readonly [number, number]>();
  const inOrder = [...offsets].toSorted((a, b) => a[1] - b[1]);
  for (const [index, [number, offset]] of inOrder.entries()) {
    if (offset >= startxref) throw unexpected(`object ${number}`);
    extents.set(number, [offset, inOrder[index + 1]?.[1] ?? startxref]);
  }
  const object = (number: number): string | null => {
    const extent = extents.get(number);
    if (extent === undefined) return null;
    const text = latin1(bytes, ...extent);
    const body = /^\s*\d+ \d+ obj\s*/.exec(text);
    return body === null ? null : text.slice(body[0].length, skipValue(text, body[0].length));
  };
  return {
    bytes,
    startxref,
    trailer,
    size: Math.max(size, Number(trailer.get("Size") ?? 0)),
    extents,
    object,
    dictionary(number) {
      const text = object(number);
      return text === null ? null : entriesOf(text);
    },
  };
}

/** The number of the object that a value refers to; null when it is no reference. */
export function referred(value: string | undefined): number | null {
  const match = value === undefined ? null : /^\s*(\d+)\s+\d+\s+R\s*$/.exec(value);
  return match === null ? null : Number(match[1]);
}

/** Key → value of a dictionary; null when it is none. */
export function entriesOf(text: string): Map<string, string> | null {
  if (!text.startsWith("<<")) return null;
  const entries = new Map<string, string>();
  let at = skipSpace(text, 2);
  while (text.charCodeAt(at) === SLASH) {
    const keyEnd = skipToken(text, at);
    const start = skipSpace(text, keyEnd);
    const end = skipValue(text, start);
    entries.set(text.slice(at + 1, keyEnd), text.slice(start, end));
    at = skipSpace(text, end);
  }
  return entries;
}

/** The values in an array; null when it is none. */
export function itemsOf(text: string): string[] | null {
  if (!text.startsWith("[")) return null;
  const items: string[] = [];
  let at = skipSpace(text, 1);
  while (at < text.length && text.charCodeAt(at) !== RIGHT) {
    const end = skipValue(text, at);
    items.push(text.slice(at, end));
    at = skipSpace(text, end);
  }
  return items;
}

/** The bytes of a string that is written in either way; null when it is none. */
export function stringBytes(value: string): string | null {
  if (value.startsWith("<") && !value.startsWith("<<")) {
    const digits = value.slice(1, -1).replace(/\s+/g, "");
    return (digits.length % 2 === 0 ? digits : `${digits}0`).replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  }
  if (!value.startsWith("(")) return null;
  return value.slice(1, -1).replace(/\\(?:([0-7]{1,3})|(\r\n|[\s\S]))/g, (_, octal: string | undefined, other: string | undefined) => {
    if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    return ESCAPES[other!] ?? (/^[\r\n]/.test(other!) ? "" : other!);
  });
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
const ENTRY_BYTES = 20;
const IN_USE = 0x6e;

const [SPACE, SLASH, OPEN, CLOSE, BACKSLASH, LESS, GREATER, LEFT, RIGHT] = Array.from(" /()\\<>[]", (character) =>
  character.charCodeAt(0),
) as [number, number, number, number, number, number, number, number, number];
const DELIMITERS: readonly number[] = [SLASH, OPEN, CLOSE, LESS, GREATER, LEFT, RIGHT];

/** Is it part of a number, a keyword or a name? */
function isRegular(code: number): boolean {
  return code > SPACE && !DELIMITERS.includes(code);
}

function skipSpace(text: string, at: number): number {
  let end = at;
  while (end < text.length && text.charCodeAt(end) <= SPACE) end++;
  return end;
}

/** A token, or a reference, which is three. */
function skipValue(text: string, at: number): number {
  const end = skipToken(text, at);
  REFERENCE.lastIndex = at;
  const reference = REFERENCE.exec(text);
  return reference === null ? end : at + reference[0].length;
}

const REFERENCE = /\d+\s+\d+\s+R(?![^\s/()<>[\]])/y;

/** The end of the token that begins at `at`: a name, a string, an array or dictionary as a whole, a number or keyword. */
function skipToken(text: string, at: number): number {
  if (at >= text.length) throw unexpected("the end of an object");
  const code = text.charCodeAt(at);
  if (code === OPEN) return skipString(text, at);
  if (code === LEFT) return skipUntil(text, at + 1, "]");
  if (code === LESS && text.charCodeAt(at + 1) === LESS) return skipUntil(text, at + 2, ">>");
  if (code === LESS) {
    const end = text.indexOf(">", at);
    if (end < 0) throw unexpected("the end of a string");
    return end + 1;
  }
  let end = at + 1;
  while (end < text.length && isRegular(text.charCodeAt(end))) end++;
  return end;
}

function skipUntil(text: string, from: number, closing: string): number {
  let at = skipSpace(text, from);
  while (!text.startsWith(closing, at)) at = skipSpace(text, skipToken(text, at));
  return at + closing.length;
}

function skipString(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === OPEN) depth++;
    else if (code === CLOSE && --depth === 0) return at + 1;
  }
  throw unexpected("the end of a string");
}

function digits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at]! - 0x30);
  return value;
}

const PIECE = 8192;

function latin1(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  const last = Math.min(end, bytes.length);
  for (let at = Math.max(0, start); at < last; at += PIECE) text += String.fromCharCode(...bytes.subarray(at, Math.min(at + PIECE, last)));
  return text;
}

export function unexpected(what: string): PdfError {
  return new PdfError("failed", `the saved file cannot be finished: ${what} is not where it should be`);
}
