/** What is written by the words of the PDF writer (`PdfValue`), as objects of a file that was read. */
import { type PdfDictionary, type PdfObjects, pdfBytes, pdfNumber, pdfRef, pdfTokenText, type PdfValue } from "../pdf-writer.ts";
import type { ObjectFile } from "./file.ts";
import { isKeyword, Lexer } from "./lexer.ts";
import { nameOf, type PdfDict, type PdfObject, refTo, textString } from "./values.ts";

const PLAIN_NAME = /^\/[A-Za-z0-9]+$/;

export function objectOf(value: PdfValue): PdfObject {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number(pdfNumber(value));
  if (typeof value === "string") return textString(value);
  if (isList(value)) return value.map(objectOf);
  const token = pdfTokenText(value);
  if (token === null) return entriesOf(value as PdfDictionary);
  if ("number" in value) return refTo(value.number as number);
  if (PLAIN_NAME.test(token)) return nameOf(token.slice(1));
  const object = new Lexer(pdfBytes([token])).next();
  if (object === undefined || isKeyword(object)) throw new Error(`no object: ${token.slice(0, 20)}`);
  return object;
}

/** Entries that are undefined are left out. */
export function entriesOf(dictionary: PdfDictionary): PdfDict {
  const dict: PdfDict = new Map();
  putEntries(dict, dictionary);
  return dict;
}

/** Sets these entries of a dictionary; undefined removes one. */
export function putEntries(dict: PdfDict, entries: PdfDictionary): void {
  for (const key in entries) {
    const value = entries[key];
    if (value === undefined) dict.delete(key);
    else dict.set(key, objectOf(value));
  }
}

/** The same file for what writes by the words of the PDF writer. */
export function objectsOf(file: ObjectFile): PdfObjects {
  const reserve = () => pdfRef(file.add(null).number);
  return {
    reserve,
    set: ({ number }, value) => file.set(number, objectOf(value)),
    add: (value) => pdfRef(file.add(objectOf(value)).number),
    stream(dictionary, content, ref = reserve()) {
      const data = typeof content === "string" ? pdfBytes([content]) : content;
      file.set(ref.number, { kind: "stream", dict: entriesOf(dictionary).set("Length", data.length), data });
      return ref;
    },
  };
}

function isList(value: PdfValue): value is readonly PdfValue[] {
  return Array.isArray(value);
}
