/**
 * Office documents can bring in files of the machine by their names: pictures and texts of fields, linked objects, sheets. Where the system does not let
 * us keep those files from the converter, a document that does is refused. What is unclear counts as naming one.
 */
import { readFile } from "node:fs/promises";
import { inflateRawSync } from "node:zlib";
import { ApiError } from "@lectern/protocol/plain";

const REFUSED =
  "The document brings in files by their names, and this service cannot keep the files of its machine from the converter: the system does not allow user namespaces";
/** Of one part of an archive, unpacked. */
const MAX_PART = 200_000_000;

/** Words of fields that bring in what is elsewhere. */
const FIELD = /INCLUDE(PICTURE|TEXT)|\b(IMPORT|LINK|DDE(AUTO)?|RD|DATABASE)\b/i;
const RTF_OBJECT = /\\(objlink|objautlink|objsub|objupdate|template|filetbl|mailmerge)/i;
/** In packages of XML: what leads out of the package and is no address of the web. */
const OPEN_XML = /<Relationship\b[^>]*>/gi;
const OPEN_DOCUMENT = /\b(?:xlink:href|table:filter-name)\s*=\s*["']([^"']*)["']/gi;
const WEB = /^(https?:|mailto:|tel:|#)/i;

/** Throws ApiError `invalid_document`. */
export async function requireNoFiles(path: string): Promise<void> {
  const bytes = await readFile(path);
  const start = bytes.toString("latin1", 0, 8);
  const names = start.startsWith("PK\x03\x04")
    ? packageNamesFiles(bytes)
    : start.startsWith("{\\rtf")
      ? rtfNamesFiles(bytes)
      : binaryNamesFiles(bytes);
  if (names) throw new ApiError("invalid_document", REFUSED);
}

/** Words may be cut by groups and control words, and their letters written as numbers. */
function rtfNamesFiles(bytes: Buffer): boolean {
  const text = bytes.toString("latin1");
  if (RTF_OBJECT.test(text)) return true;
  const plain = text
    .replace(/\\'([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\u(-?\d{1,6}) ?\??/g, (_, code: string) => String.fromCharCode(Number(code) & 0xffff))
    .replace(/\\[a-z]+-?\d* ?|[{}\r\n]|\\./gi, "");
  return FIELD.test(plain.replace(/\s+/g, " ")) || /INCLUDE(PICTURE|TEXT)/i.test(plain.replace(/\s/g, ""));
}

/** As 8 and as 16 bits a letter. */
function binaryNamesFiles(bytes: Buffer): boolean {
  const text = bytes.toString("latin1");
  const wide = text.replace(/\0/g, "");
  return [text, wide].some((each) => /INCLUDE(PICTURE|TEXT)|DDEAUTO|file:\/\/|LinkInfo/i.test(each));
}

function packageNamesFiles(bytes: Buffer): boolean {
  for (const { name, text } of xmlParts(bytes)) {
    if (name.endsWith(".rels")) {
      for (const [tag] of text.matchAll(OPEN_XML)) {
        const target = /\bTarget\s*=\s*["']([^"']*)["']/i.exec(tag)?.[1] ?? "";
        if (/TargetMode\s*=\s*["']External["']/i.test(tag) && !(WEB.test(target) && /hyperlink["']/i.test(tag))) return true;
      }
      continue;
    }
    // Fields are cut into runs.
    const instructions = [...text.matchAll(/<w:instrText\b[^>]*>([^<]*)|w:instr\s*=\s*["']([^"']*)["']/g)]
      .map(([, run = "", whole = ""]) => run + whole)
      .join("");
    if (/INCLUDE(PICTURE|TEXT)|DDE|\bLINK\b|\bRD\b/i.test(instructions)) return true;
    if (name === "content.xml" || name === "styles.xml") {
      for (const [, target = ""] of text.matchAll(OPEN_DOCUMENT)) {
        const isInside = /^(\.\/)?(Pictures|ObjectReplacements|Object \d+|media)\b/.test(target) && !target.includes("..");
        if (target !== "" && !isInside && !WEB.test(target)) return true;
      }
      if (/<(text:dde-connection|table:table-source|table:cell-range-source|text:section-source|form:connection-resource)\b/.test(text))
        return true;
    }
  }
  return false;
}

/** The table has been looked at before, see archive.ts. Format: APPNOTE 6.3.10, 4.3.7 and 4.3.12. */
function* xmlParts(bytes: Buffer): Generator<{ readonly name: string; readonly text: string }> {
  const end = bytes.lastIndexOf("PK\x05\x06", undefined, "latin1");
  const count = end < 0 ? 0 : bytes.readUInt16LE(end + 10);
  let at = end < 0 ? 0 : bytes.readUInt32LE(end + 16);
  for (let n = 0; n < count && at + 46 <= bytes.length; n++) {
    const [method, packed, nameLength] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20), bytes.readUInt16LE(at + 28)];
    const name = bytes.toString("utf8", at + 46, at + 46 + nameLength);
    const local = bytes.readUInt32LE(at + 42);
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
    if (!/\.(xml|rels)$/i.test(name) || local + 30 > bytes.length) continue;
    const from = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(from, from + packed);
    if (method !== 0 && method !== 8) throw new ApiError("invalid_document", REFUSED);
    yield { name, text: (method === 0 ? data : inflateRawSync(data, { maxOutputLength: MAX_PART })).toString("utf8") };
  }
}
