/** Files that can be edited around what stays of them without PDFium writing them anew first. */
import { PdfError } from "../engine.ts";
import { ObjectFile } from "./file.ts";
import type { Codec } from "./filters.ts";
import { isWhite, latin } from "./lexer.ts";
import type { ObjectTable } from "./table.ts";
import { standsAt, trueTables } from "./true-tables.ts";
import { isRef, refTo } from "./values.ts";

/** What may stand before a file. */
const MAX_HEAD = 1024;

/**
 * The file as it is, when it is in the clear and its tables tell truly where each object stands. Null for any other, and for what needs a codec where
 * none is given.
 */
export function soundFile(source: Uint8Array, codec?: Codec): ObjectFile | null {
  const head = latin(source, 0, Math.min(source.length, MAX_HEAD)).indexOf("%PDF-");
  if (head < 0) return null;
  // Places are counted from where it begins.
  const bytes = source.subarray(head);
  try {
    const table = trueTables(bytes, codec);
    if (table === null || !isRef(table.trailer.get("Root")) || !isTrue(bytes, table)) return null;
    const file = new ObjectFile(bytes, table);
    dropOrder(file);
    return file;
  } catch (error) {
    if (error instanceof PdfError) return null;
    throw error;
  }
}

/** Each object stands where it should, and ends where the next thing begins. */
function isTrue(bytes: Uint8Array, { offsets, others }: ObjectTable): boolean {
  const numbers = new Map([...offsets].map(([number, offset]) => [offset, number]));
  const places = Float64Array.from([...offsets.values(), ...others, bytes.length]).sort();
  return places.every((place, at) => {
    const number = numbers.get(place);
    return number === undefined || (standsAt(bytes, number, place, 0) && endsAt(bytes, places[at + 1]!));
  });
}

const END = "endobj";

function endsAt(bytes: Uint8Array, end: number): boolean {
  let at = end;
  while (at > 0 && isWhite(bytes[at - 1]!)) at--;
  return at < end && at >= END.length && latin(bytes, at - END.length, at) === END;
}

/** What tells a reader how to begin before the rest is there (annex F) is not true any more when something in it moves. */
function dropOrder(file: ObjectFile): void {
  const places = [...file.table.offsets];
  let [first, lowest] = [0, Infinity];
  for (const [number, offset] of places) if (offset < lowest) [first, lowest] = [number, offset];
  const order = file.dict(refTo(first));
  if (!order.has("Linearized")) return;
  const hints = file.numbers(order.get("H"));
  for (const [number, offset] of places)
    if (number === first || hints.some((hint, at) => at % 2 === 0 && hint === offset)) file.remove(number);
}
