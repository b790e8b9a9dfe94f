/** A file of objects as bytes (ISO 32000-2, 7.5). The same objects give the same bytes. */
import { pdfBytes } from "../pdf-writer.ts";
import type { ObjectFile } from "./file.ts";
import { isRef, isStream, objectText, type PdfDict, type PdfObject } from "./values.ts";

/** The dictionary of the security handler, and what makes of an object what it looks like under it. */
export interface FileSeal {
  readonly security: PdfDict;
  readonly seal: (number: number, object: PdfObject) => PdfObject;
}

export function wholeFile(
  file: ObjectFile,
  { id, trailer: of, seal }: { readonly id: string; readonly trailer: PdfDict; readonly seal: FileSeal | null },
): Uint8Array {
  const trailer = plainTrailer(of);
  const out = output();
  out.push(`%PDF-${file.version}\n%\xE2\xE3\xCF\xD3\n`);
  const numbers = [...reachable(file, trailer)].toSorted((a, b) => a - b);
  const offsets = new Map<number, number>();
  for (const number of numbers) {
    offsets.set(number, out.size());
    out.push(...objectParts(number, seal === null ? file.get(number) : seal.seal(number, file.get(number))));
  }
  if (seal !== null) trailer.set("Encrypt", seal.security);
  const start = out.size();
  const size = (numbers.at(-1) ?? 0) + 1;
  out.push(tableText(offsets, size));
  out.push(trailerText(file, trailer.set("Size", size), { id, of, start }));
  return out.bytes();
}

/** An object reaches to where the next thing begins. Neighbours are copied as one. */
export function updatedFile(file: ObjectFile, id: string): Uint8Array {
  const { bytes, changed, table } = file;
  const kept = new Map<number, number>();
  for (const [number, offset] of table.offsets) if (!changed.has(number)) kept.set(offset, number);
  const offsets = new Map<number, number>();
  const out = output();
  // What stands before everything, and then run by run.
  let from: number | null = 0;
  for (const place of Float64Array.from([...table.offsets.values(), ...table.others, bytes.length]).sort()) {
    const number = kept.get(place);
    if (number !== undefined) offsets.set(number, out.size() + place - (from ??= place));
    else if (from !== null) {
      out.push(bytes.subarray(from, place));
      from = null;
    }
  }
  for (const [number, packed] of table.packed) {
    if (changed.has(number)) continue;
    offsets.set(number, out.size());
    out.push(`${number} 0 obj\n`, packed, "\nendobj\n");
  }
  for (const number of [...changed].toSorted((a, b) => a - b)) {
    const object = file.get(number);
    if (object === null) continue;
    offsets.set(number, out.size());
    out.push(...objectParts(number, object));
  }
  const start = out.size();
  out.push(tableText(offsets, file.size));
  const trailer: PdfDict = new Map([["Size", file.size]]);
  for (const key of ["Root", "Info"]) if (file.trailer.has(key)) trailer.set(key, file.trailer.get(key)!);
  out.push(trailerText(file, trailer, { id, of: file.trailer, start }));
  return out.bytes();
}

/** Bytes that are gathered; strings have code units below 256. */
interface Output {
  push(...added: readonly (string | Uint8Array)[]): void;
  size(): number;
  bytes(): Uint8Array;
}

function output(): Output {
  const parts: (string | Uint8Array)[] = [];
  /** Strings in a row are made into bytes as one. */
  let text = "";
  let size = 0;
  const flush = (): void => {
    if (text !== "") parts.push(text);
    text = "";
  };
  return {
    push(...added) {
      for (const part of added) {
        size += part.length;
        if (typeof part === "string") text += part;
        else {
          flush();
          parts.push(part);
        }
      }
    },
    size: () => size,
    bytes() {
      flush();
      return pdfBytes(parts);
    },
  };
}

/** As it stands in a file, from its number to `endobj`. */
export function objectBytes(number: number, object: PdfObject): Uint8Array {
  return pdfBytes(objectParts(number, object));
}

function objectParts(number: number, object: PdfObject): (string | Uint8Array)[] {
  if (!isStream(object)) return [`${number} 0 obj\n${objectText(object)}\nendobj\n`];
  const { length } = object.data;
  const dict = object.dict.get("Length") === length ? object.dict : new Map(object.dict).set("Length", length);
  return [`${number} 0 obj\n${objectText(dict)}\nstream\n`, object.data, "\nendstream\nendobj\n"];
}

/** Without what says where things were in the file that was read. */
export function plainTrailer(of: PdfDict): PdfDict {
  const trailer: PdfDict = new Map(of);
  for (const key of ["Prev", "XRefStm", "Size", "ID", "Encrypt", "Length", "Filter", "DecodeParms", "W", "Index", "Type"])
    trailer.delete(key);
  return trailer;
}

function tableText(offsets: ReadonlyMap<number, number>, size: number): string {
  let table = `xref\n0 ${size}\n0000000000 65535 f \n`;
  for (let number = 1; number < size; number++) {
    const offset = offsets.get(number);
    table += offset === undefined ? "0000000000 65535 f \n" : `${String(offset).padStart(10, "0")} 00000 n \n`;
  }
  return table;
}

function trailerText(
  file: ObjectFile,
  trailer: PdfDict,
  { id, of, start }: { readonly id: string; readonly of: PdfDict; readonly start: number },
): string {
  return `trailer\n${objectText(trailer).slice(0, -2)} /ID ${trailerIds(file, of, id)}>>\nstartxref\n${start}\n%%EOF\n`;
}

/** The permanent identifier, which is the first, stays: an encrypted file's is part of its key. A file without one gets the same twice. */
export function trailerIds(file: ObjectFile, of: PdfDict, id: string): string {
  const [permanent] = file.array(of.get("ID"));
  return `[${permanent === undefined ? `<${id}>` : objectText(file.resolve(permanent))} <${id}>]`;
}

/** Numbers of everything that the trailer leads to. */
export function reachable(file: ObjectFile, trailer: PdfDict): Set<number> {
  const found = new Set<number>();
  const left: PdfObject[] = [trailer];
  for (let object = left.pop(); object !== undefined; object = left.pop()) {
    if (object === null || typeof object !== "object") continue;
    if (Array.isArray(object)) for (const item of object) left.push(item);
    else if (object instanceof Map) for (const item of object.values()) left.push(item);
    else if (isStream(object)) for (const item of object.dict.values()) left.push(item);
    else if (isRef(object) && !found.has(object.number)) {
      const target = file.get(object.number);
      // What is not there is null wherever it is named.
      if (target === null) continue;
      found.add(object.number);
      left.push(target);
    }
  }
  return found;
}
