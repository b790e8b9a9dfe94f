/**
 * A file as PDFium saves it (one classic cross-reference table, every object outside of streams, nothing encrypted), by its
 * objects: what of forms PDFium's functions cannot reach is read and written here. Changed objects are appended as an update
 * section (ISO 32000-2, 7.5.6); PDFium then saves the whole anew, so nothing of the old ones stays in what leaves the house.
 */
import { PdfError } from "../engine.ts";
import { pdfBytes, type PdfObjects, pdfRef, pdfSyntax, type PdfValue } from "../pdf-writer.ts";
import {
  isDict,
  isRef,
  isStream,
  type PdfDict,
  type PdfObject,
  type PdfReference,
  type PdfStream,
  readObject,
  ref,
  serializeObject,
} from "./objects.ts";

export interface ObjectFile {
  readonly catalog: PdfDict;
  readonly catalogNumber: number;
  /** Null for what is not there or cannot be read. */
  get(number: number): PdfObject;
  /** Follows a reference. */
  resolve(object: PdfObject | undefined): PdfObject;
  dict(object: PdfObject | undefined): PdfDict | null;
  /** Replaces an object. */
  set(number: number, object: PdfObject): void;
  add(object: PdfObject): PdfReference;
  /** A stream of bytes given as code units below 256. */
  addStream(entries: Readonly<Record<string, PdfObject>>, content: string): PdfReference;
  /** The file with what was set and added. */
  finish(): Uint8Array;
}

/** The same file for what writes by the words of the PDF writer. */
export function writtenObjects(file: ObjectFile): PdfObjects {
  const read = (value: PdfValue): PdfObject => readObject(pdfBytes([pdfSyntax(value)]), 0, () => null);
  const reserve = () => pdfRef(file.add(null).number);
  return {
    reserve,
    set: ({ number }, value) => file.set(number, read(value)),
    add: (value) => pdfRef(file.add(read(value)).number),
    stream(dictionary, content, at = reserve()) {
      const entries = read(dictionary);
      const raw = typeof content === "string" ? pdfBytes([content]) : content;
      file.set(at.number, { kind: "stream", raw, entries: new Map([...(isDict(entries) ? entries.entries : []), ["Length", raw.length]]) });
      return at;
    },
  };
}

const ENTRY_BYTES = 20;

export function objectFile(bytes: Uint8Array): ObjectFile {
  const end = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(latin(bytes, bytes.length - 64, bytes.length));
  if (end === null) throw unexpected("its end");
  const tableAt = Number(end[1]);
  const offsets = new Map<number, number>();
  let at = tableAt + (/^xref\s+/.exec(latin(bytes, tableAt, tableAt + 16))?.[0].length ?? 0);
  for (;;) {
    const section = /^(\d+) (\d+)\s+/.exec(latin(bytes, at, at + 32));
    if (section === null) break;
    at += section[0].length;
    for (let index = 0; index < Number(section[2]); index++, at += ENTRY_BYTES)
      if (bytes[at + 17] === 0x6e) offsets.set(Number(section[1]) + index, Number(latin(bytes, at, at + 10)));
  }
  const trailerAt = at + (/^trailer\s*/.exec(latin(bytes, at, at + 16))?.[0].length ?? 0);
  const trailer = readObject(bytes, trailerAt, () => null);
  if (!isDict(trailer)) throw unexpected("its trailer");
  const known = new Map<number, PdfObject>();
  const changed = new Map<number, PdfObject>();
  let size = [...offsets.keys()].reduce((most, number) => Math.max(most, number), 0) + 1;

  const get = (number: number): PdfObject => {
    const there = changed.get(number) ?? known.get(number);
    if (there !== undefined) return there;
    const offset = offsets.get(number);
    let object: PdfObject = null;
    const head = offset === undefined ? null : /^\s*\d+\s+\d+\s+obj/.exec(latin(bytes, offset, offset + 40));
    if (offset !== undefined && head !== null) {
      // Against an object whose length is itself.
      known.set(number, null);
      try {
        object = readObject(bytes, offset + head[0].length, ({ number: length }) => {
          const value = get(length);
          return typeof value === "number" ? value : null;
        });
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }
    known.set(number, object);
    return object;
  };
  const resolve = (object: PdfObject | undefined): PdfObject => {
    let target = object ?? null;
    for (let hops = 0; isRef(target); hops++) target = hops > 10 ? null : get(target.number);
    return target;
  };
  const root = trailer.entries.get("Root");
  const catalog = resolve(root);
  if (!isRef(root) || !isDict(catalog)) throw unexpected("its catalog");

  return {
    catalog,
    catalogNumber: root.number,
    get,
    resolve,
    dict(object) {
      const target = resolve(object);
      return isDict(target) ? target : isStream(target) ? { kind: "dict", entries: target.entries } : null;
    },
    set: (number, object) => void changed.set(number, object),
    add(object) {
      changed.set(size, object);
      return ref(size++);
    },
    addStream(entries, content) {
      const raw = Uint8Array.from(content, (char) => char.charCodeAt(0));
      const stream: PdfStream = { kind: "stream", raw, entries: new Map(Object.entries({ ...entries, Length: raw.length })) };
      changed.set(size, stream);
      return ref(size++);
    },
    finish() {
      const parts: Uint8Array[] = [bytes];
      let length = bytes.length;
      const put = (part: Uint8Array | string): void => {
        const data = typeof part === "string" ? Uint8Array.from(part, (char) => char.charCodeAt(0)) : part;
        parts.push(data);
        length += data.length;
      };
      put("\n");
      let table = "";
      for (const [number, object] of [...changed].sort(([a], [b]) => a - b)) {
        table += `${number} 1\n${String(length).padStart(10, "0")} 00000 n \n`;
        if (isStream(object)) {
          put(`${number} 0 obj\n${serializeObject({ kind: "dict", entries: object.entries })}\nstream\n`);
          put(object.raw);
          put("\nendstream\nendobj\n");
        } else put(`${number} 0 obj\n${serializeObject(object)}\nendobj\n`);
      }
      const start = length;
      const entries = new Map(trailer.entries);
      entries.set("Size", size);
      entries.set("Prev", tableAt);
      put(`xref\n${table}trailer\n${serializeObject({ kind: "dict", entries })}\nstartxref\n${start}\n%%EOF\n`);
      const file = new Uint8Array(length);
      let to = 0;
      for (const part of parts) {
        file.set(part, to);
        to += part.length;
      }
      return file;
    },
  };
}

function latin(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = Math.max(0, start); at < Math.min(end, bytes.length); at++) text += String.fromCharCode(bytes[at]!);
  return text;
}

function unexpected(what: string): PdfError {
  return new PdfError("failed", `the form cannot be read: ${what} is not where it should be`);
}
