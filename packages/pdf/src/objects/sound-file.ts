/** Files that can be edited around what stays of them without PDFium writing them anew first. */
import { PdfError } from "../engine.ts";
import { ObjectFile } from "./file.ts";
import { isKeyword, latin, Lexer } from "./lexer.ts";
import { isRef } from "./values.ts";

/** Entries of a trailer that lead to more than one table, or to what cannot be read as it stands. */
const BEYOND = ["Prev", "XRefStm", "Encrypt"];

/** The file as it is, when it is in the clear and has one classic table that tells truly where each object stands. Null for any other. */
export function soundFile(bytes: Uint8Array): ObjectFile | null {
  try {
    const file = new ObjectFile(bytes);
    const { trailer, offsets, start } = file.table;
    if (latin(bytes, 0, 5) !== "%PDF-" || BEYOND.some((key) => trailer.has(key)) || !isRef(trailer.get("Root"))) return null;
    for (const [number, offset] of offsets) if (offset >= start || !standsAt(bytes, number, offset)) return null;
    return file;
  } catch (error) {
    if (error instanceof PdfError) return null;
    throw error;
  }
}

/** `12 0 obj`: references know no later generations. */
function standsAt(bytes: Uint8Array, number: number, offset: number): boolean {
  const lexer = new Lexer(bytes, offset);
  return lexer.next() === number && lexer.next() === 0 && isKeyword(lexer.next(), "obj");
}
