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
  const trailer: PdfDict = new Map(of);
  for (const key of ["Prev", "XRefStm", "Size", "ID", "Encrypt", "Length", "Filter", "DecodeParms", "W", "Index", "Type"])
    trailer.delete(key);
  const out = output();
  out.push(`%PDF-${file.version}\n%\xE2\xE3\xCF\xD3\n`);
  const numbers = [...reachable(file, trailer)].toSorted((a, b) => a - b);
  const offsets = new Map<number, number>();
  for (const number of numbers) {
    offsets.set(number, out.size());
    pushObject(out, number, seal === null ? file.get(number) : seal.seal(number, file.get(number)));
  }
  if (seal !== null) trailer.set("Encrypt", seal.security);
  const start = out.size();
  const size = (numbers.at(-1) ?? 0) + 1;
  out.push(tableText(offsets, size));
  out.push(trailerText(file, trailer.set("Size", size), { id, ids: file.array(of.get("ID")), start }));
  return out.bytes();
}

const SPACE = 0x20;

export function updatedFile(file: ObjectFile, id: string): Uint8Array {
  const { offsets: before, start } = file.table;
  const offsets = new Map(before);
  const out = output(start);
  out.push("\n");
  for (const number of [...file.changed].toSorted((a, b) => a - b)) {
    const object = file.get(number);
    offsets.delete(number);
    if (object === null) continue;
    offsets.set(number, out.size());
    pushObject(out, number, object);
  }
  const table = out.size();
  out.push(tableText(offsets, file.size));
  const trailer: PdfDict = new Map([["Size", file.size]]);
  for (const key of ["Root", "Info"]) if (file.trailer.has(key)) trailer.set(key, file.trailer.get(key)!);
  out.push(trailerText(file, trailer, { id, ids: file.array(file.trailer.get("ID")), start: table }));
  const added = out.bytes();
  const bytes = new Uint8Array(start + added.length);
  bytes.set(file.bytes.subarray(0, start));
  bytes.set(added, start);
  const inOrder = [...before].toSorted((a, b) => a[1] - b[1]);
  for (const [index, [number, offset]] of inOrder.entries())
    if (file.changed.has(number)) bytes.fill(SPACE, offset, inOrder[index + 1]?.[1] ?? start);
  return bytes;
}

/** Bytes that are gathered; strings have code units below 256. */
interface Output {
  push(part: string | Uint8Array): void;
  size(): number;
  bytes(): Uint8Array;
}

/** `from`: where in the file they begin. */
function output(from = 0): Output {
  const parts: (string | Uint8Array)[] = [];
  let size = from;
  return {
    push(part) {
      parts.push(part);
      size += part.length;
    },
    size: () => size,
    bytes: () => pdfBytes(parts),
  };
}

function pushObject(out: Output, number: number, object: PdfObject): void {
  if (!isStream(object)) {
    out.push(`${number} 0 obj\n${objectText(object)}\nendobj\n`);
    return;
  }
  const dict = new Map(object.dict).set("Length", object.data.length);
  out.push(`${number} 0 obj\n${objectText(dict)}\nstream\n`);
  out.push(object.data);
  out.push("\nendstream\nendobj\n");
}

function tableText(offsets: ReadonlyMap<number, number>, size: number): string {
  let table = `xref\n0 ${size}\n0000000000 65535 f \n`;
  for (let number = 1; number < size; number++) {
    const offset = offsets.get(number);
    table += offset === undefined ? "0000000000 65535 f \n" : `${String(offset).padStart(10, "0")} 00000 n \n`;
  }
  return table;
}

/** The permanent identifier, which is the first, stays: an encrypted file's is part of its key. A file without one gets the same twice. */
function trailerText(
  file: ObjectFile,
  trailer: PdfDict,
  { id, ids, start }: { readonly id: string; readonly ids: readonly PdfObject[]; readonly start: number },
): string {
  const first = ids[0] === undefined ? `<${id}>` : objectText(file.resolve(ids[0]));
  return `trailer\n${objectText(trailer).slice(0, -2)} /ID [${first} <${id}>]>>\nstartxref\n${start}\n%%EOF\n`;
}

function reachable(file: ObjectFile, trailer: PdfDict): Set<number> {
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
