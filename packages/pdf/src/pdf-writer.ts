/**
 * A small PDF writer: objects in, bytes out. Used by export (a file of appearances for PDFium to take over) and by the
 * fixtures and the sample document. The same calls give the same bytes: nothing is dated, random or compressed.
 * Syntax: ISO 32000-2, 7.3 (objects) and 7.5 (file structure).
 */
const TOKEN = Symbol("PDF token");

/** Something that is written as it stands: a name, a reference, raw syntax. */
export interface PdfToken {
  readonly [TOKEN]: string;
}
export interface PdfRef extends PdfToken {
  readonly number: number;
}
/** A plain object is a dictionary; a string is a text string; a number has at most four decimals. */
export type PdfValue = null | boolean | number | string | PdfToken | readonly PdfValue[] | PdfDictionary;
export interface PdfDictionary {
  readonly [key: string]: PdfValue | undefined;
}

const PLAIN_NAME = /^[A-Za-z0-9._+-]+$/;

/** `/Name`, with everything but letters, digits and `-._+` escaped. */
export function pdfName(name: string): PdfToken {
  if (PLAIN_NAME.test(name)) return { [TOKEN]: `/${name}` };
  let text = "/";
  for (const byte of utf8(name)) {
    const character = String.fromCharCode(byte);
    text += /[A-Za-z0-9._+-]/.test(character) ? character : `#${hex(byte)}`;
  }
  return { [TOKEN]: text };
}

/** A reference to the object with this number. */
export function pdfRef(number: number): PdfRef {
  return { [TOKEN]: `${number} 0 R`, number };
}

/** Syntax that the caller vouches for. */
export function pdfRaw(syntax: string): PdfToken {
  return { [TOKEN]: syntax };
}

/** The syntax of a token; null for a value that is none. */
export function pdfTokenText(value: PdfToken | PdfDictionary): string | null {
  return isToken(value) ? value[TOKEN] : null;
}

/** A number without exponent (PDF has none), within ±10⁹. What is not finite is 0. */
export function pdfNumber(value: number): string {
  if (!Number.isFinite(value)) return "0";
  if (Number.isInteger(value) && Math.abs(value) <= 1e9) return String(value);
  const rounded = Math.round(Math.min(1e9, Math.max(-1e9, value)) * 10_000) / 10_000;
  // Four decimals of a small number would come out as 1e-4.
  const text = Math.abs(rounded) < 0.001 ? rounded.toFixed(4).replace(/\.?0+$/, "") : String(rounded);
  return text === "-0" ? "0" : text;
}

/** A literal string of bytes (code units below 256), parentheses and backslashes escaped. */
export function pdfLiteral(bytes: string): string {
  let text = "(";
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(i) & 0xff;
    if (code === 0x28 || code === 0x29 || code === 0x5c) text += `\\${String.fromCharCode(code)}`;
    else if (code < 0x20 || code > 0x7e) text += `\\${code.toString(8).padStart(3, "0")}`;
    else text += String.fromCharCode(code);
  }
  return `${text})`;
}

/** A text string (7.9.2.2): literal when it is ASCII, else UTF-16BE with its mark. */
export function pdfText(text: string): string {
  const bytes = textBytes(text);
  return bytes === text ? pdfLiteral(text) : pdfHex(bytes);
}

/** The bytes of a text string, as code units below 256. */
function textBytes(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (/^[\x20-\x7e\n\r\t]*$/.test(text)) return text;
  let bytes = "\xFE\xFF";
  for (let i = 0; i < text.length; i++) bytes += String.fromCharCode(text.charCodeAt(i) >> 8, text.charCodeAt(i) & 0xff);
  return bytes;
}

/** A string of bytes (code units below 256) in hexadecimal digits. */
export function pdfHex(bytes: string): string {
  let digits = "";
  for (let i = 0; i < bytes.length; i++) digits += hex(bytes.charCodeAt(i));
  return `<${digits}>`;
}

/** Where objects of a file go: a new file, or what is appended to one. */
export interface PdfObjects {
  /** A reference to use before the object is known; `set` must follow. */
  reserve(): PdfRef;
  set(ref: PdfRef, value: PdfValue): void;
  add(value: PdfValue): PdfRef;
  /** Content given as a string has code units below 256. */
  stream(dictionary: PdfDictionary, content: string | Uint8Array, ref?: PdfRef): PdfRef;
}

export interface PdfWriter extends PdfObjects {
  /** The file. `trailer` holds at least Root; `id` (32 hex digits) becomes both file identifiers. */
  finish(trailer: PdfDictionary, options?: { readonly id?: string; readonly version?: string }): Uint8Array;
}

export function pdfWriter(): PdfWriter {
  const objects: (readonly (string | Uint8Array)[] | undefined)[] = [];

  const reserve = (): PdfRef => {
    objects.push(undefined);
    return pdfRef(objects.length);
  };
  const set = (ref: PdfRef, value: PdfValue): void => {
    objects[ref.number - 1] = [pdfSyntax(value)];
  };
  return {
    reserve,
    set,
    add(value) {
      const ref = reserve();
      set(ref, value);
      return ref;
    },
    stream(dictionary, content, ref = reserve()) {
      objects[ref.number - 1] = [`${pdfSyntax({ ...dictionary, Length: content.length })}\nstream\n`, content, "\nendstream"];
      return ref;
    },
    finish(trailer, options = {}) {
      const parts: (string | Uint8Array)[] = [`%PDF-${options.version ?? "1.7"}\n%\xE2\xE3\xCF\xD3\n`];
      let size = parts[0]!.length;
      let table = `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n`;
      for (const [index, object] of objects.entries()) {
        if (object === undefined) throw new Error(`PDF object ${index + 1} was reserved and never set`);
        table += `${String(size).padStart(10, "0")} 00000 n \n`;
        for (const part of [`${index + 1} 0 obj\n`, ...object, "\nendobj\n"]) {
          parts.push(part);
          size += part.length;
        }
      }
      const id = options.id === undefined ? undefined : [pdfRaw(`<${options.id}>`), pdfRaw(`<${options.id}>`)];
      parts.push(table, `trailer\n${pdfSyntax({ Size: objects.length + 1, ...trailer, ID: id })}\nstartxref\n${size}\n%%EOF\n`);
      return pdfBytes(parts);
    },
  };
}

export function pdfSyntax(value: PdfValue): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  if (typeof value === "number") return pdfNumber(value);
  if (typeof value === "string") return pdfText(value);
  if (isToken(value)) return value[TOKEN];
  if (isArray(value)) return `[${value.map((item) => pdfSyntax(item)).join(" ")}]`;
  let entries = "";
  for (const key in value) {
    const item = value[key];
    if (item === undefined) continue;
    entries += `${entries === "" ? "" : " "}${PLAIN_NAME.test(key) ? `/${key}` : pdfName(key)[TOKEN]} ${pdfSyntax(item)}`;
  }
  return `<<${entries}>>`;
}

function isToken(value: object): value is PdfToken {
  return TOKEN in value;
}

function isArray(value: PdfValue): value is readonly PdfValue[] {
  return Array.isArray(value);
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}

function utf8(text: string): number[] {
  const encoded = encodeURIComponent(text.replace(/[\uD800-\uDFFF]/gu, "?"));
  return Array.from(encoded.matchAll(/%([0-9A-F]{2})|([\s\S])/g), (match) =>
    match[1] === undefined ? match[0].charCodeAt(0) : Number.parseInt(match[1], 16),
  );
}

/** Every platform has it; the types of none are loaded here. */
declare const TextEncoder: new () => { encodeInto(text: string, into: Uint8Array): { readonly read: number } };

/** Strings have code units below 256. */
export function pdfBytes(parts: readonly (string | Uint8Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  const encoder = new TextEncoder();
  let at = 0;
  for (const part of parts) {
    if (typeof part !== "string") bytes.set(part, at);
    // What is ASCII, which is nearly everything, is copied as a whole.
    else if (part.length > 0 && encoder.encodeInto(part, bytes.subarray(at, at + part.length)).read < part.length)
      for (let i = 0; i < part.length; i++) bytes[at + i] = part.charCodeAt(i);
    at += part.length;
  }
  return bytes;
}
