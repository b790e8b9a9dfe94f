/** The cross-reference table and trailer of a file that PDFium has saved: one classic table (ISO 32000-2, 7.5.4), every object in the clear. */
import { PdfError } from "../engine.ts";
import { isKeyword, latin, Lexer } from "./lexer.ts";
import { isDict, type PdfDict } from "./values.ts";

export interface ObjectTable {
  /** Where each object stands, by its number. */
  readonly offsets: ReadonlyMap<number, number>;
  readonly trailer: PdfDict;
  /** Where the table begins: after all objects. */
  readonly start: number;
  /** One more than the highest number. */
  readonly size: number;
}

const ENTRY_BYTES = 20;
const IN_USE = 0x6e;

/** Throws PdfError `failed` when it is not as PDFium writes it. */
export function readTable(bytes: Uint8Array): ObjectTable {
  const from = Math.max(0, bytes.length - 1024);
  const end = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(latin(bytes, from, bytes.length));
  if (end === null) throw unreadable("end");
  const start = Number(end[1]);
  const offsets = new Map<number, number>();
  let size = 1;
  const head = /^\s*xref\s+/.exec(latin(bytes, start, Math.min(bytes.length, start + 16)));
  if (head === null) throw unreadable("table");
  let at = start + head[0].length;
  for (;;) {
    const section = /^(\d+) (\d+)\s+/.exec(latin(bytes, at, Math.min(bytes.length, at + 32)));
    if (section === null) break;
    at += section[0].length;
    const first = Number(section[1]);
    for (let i = 0; i < Number(section[2]) && at < bytes.length; i++, at += ENTRY_BYTES) {
      size = Math.max(size, first + i + 1);
      if (bytes[at + 17] === IN_USE) offsets.set(first + i, digits(bytes, at, at + 10));
    }
  }
  const lexer = new Lexer(bytes, at);
  const trailer = isKeyword(lexer.next(), "trailer") ? lexer.next() : undefined;
  if (trailer === undefined || isKeyword(trailer) || !isDict(trailer)) throw unreadable("trailer");
  return { offsets, trailer, start, size };
}

function digits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at]! - 0x30);
  return value;
}

function unreadable(what: string): PdfError {
  return new PdfError("failed", `the file has no ${what} that can be read`);
}
