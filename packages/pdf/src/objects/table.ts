/** Cross-reference tables as text (ISO 32000-2, 7.5.4), and what is known of a file that has such a one: PDFium saves no other. */
import { PdfError } from "../engine.ts";
import { isKeyword, latin, Lexer } from "./lexer.ts";
import { isDict, type PdfDict } from "./values.ts";

export interface ObjectTable {
  /** Where each object stands, by its number. */
  readonly offsets: ReadonlyMap<number, number>;
  /** Those of object streams, as they are written there. */
  readonly packed: ReadonlyMap<number, Uint8Array>;
  /** Where something else begins: tables, what holds packed objects, what a later revision of the file replaced. */
  readonly others: readonly number[];
  readonly trailer: PdfDict;
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
  const section = readSection(bytes, start);
  if (section === null) throw unreadable("table");
  const offsets = new Map<number, number>();
  for (const [number, offset] of section.entries) if (offset !== null) offsets.set(number, offset);
  return { offsets, packed: new Map(), others: [start], trailer: section.trailer, size: section.size };
}

export interface TableSection {
  /** By number; null for what is free. */
  readonly entries: ReadonlyMap<number, number | null>;
  readonly trailer: PdfDict;
  /** One more than the highest number. */
  readonly size: number;
}

/** Null when no table begins there. Throws PdfError `failed` for one without a trailer. */
export function readSection(bytes: Uint8Array, start: number): TableSection | null {
  const entries = new Map<number, number | null>();
  let size = 1;
  const head = /^\s*xref\s+/.exec(latin(bytes, start, Math.min(bytes.length, start + 16)));
  if (head === null) return null;
  let at = start + head[0].length;
  for (;;) {
    const part = /^(\d+) (\d+)\s+/.exec(latin(bytes, at, Math.min(bytes.length, at + 32)));
    if (part === null) break;
    at += part[0].length;
    const first = Number(part[1]);
    for (let i = 0; i < Number(part[2]) && at < bytes.length; i++, at += ENTRY_BYTES) {
      size = Math.max(size, first + i + 1);
      entries.set(first + i, bytes[at + 17] === IN_USE ? digits(bytes, at, at + 10) : null);
    }
  }
  const lexer = new Lexer(bytes, at);
  const trailer = isKeyword(lexer.next(), "trailer") ? lexer.next() : undefined;
  if (trailer === undefined || isKeyword(trailer) || !isDict(trailer)) throw unreadable("trailer");
  return { entries, trailer, size };
}

function digits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at]! - 0x30);
  return value;
}

function unreadable(what: string): PdfError {
  return new PdfError("failed", `the file has no ${what} that can be read`);
}
