/** PDF objects as plain data, read from bytes and written back (ISO 32000-2, 7.3). Strings are bytes: code units below 256. */
import { pdfLiteral, pdfNumber } from "../pdf-writer.ts";

export interface PdfNameObject {
  readonly kind: "name";
  readonly name: string;
}
export interface PdfStringObject {
  readonly kind: "string";
  readonly bytes: string;
}
export interface PdfReference {
  readonly kind: "ref";
  readonly number: number;
}
export interface PdfDict {
  readonly kind: "dict";
  readonly entries: Map<string, PdfObject>;
}
/** `raw`: as it stands in the file, filters not undone. */
export interface PdfStream {
  readonly kind: "stream";
  readonly entries: Map<string, PdfObject>;
  readonly raw: Uint8Array;
}
export type PdfObject = null | boolean | number | PdfNameObject | PdfStringObject | PdfReference | PdfObject[] | PdfDict | PdfStream;

export const name = (text: string): PdfNameObject => ({ kind: "name", name: text });
export const ref = (number: number): PdfReference => ({ kind: "ref", number });
export function dict(entries: Readonly<Record<string, PdfObject | undefined>>): PdfDict {
  return {
    kind: "dict",
    entries: new Map(Object.entries(entries).filter((entry): entry is [string, PdfObject] => entry[1] !== undefined)),
  };
}

export function isDict(object: PdfObject | undefined): object is PdfDict {
  return isTagged(object) && object.kind === "dict";
}
export function isName(object: PdfObject | undefined): object is PdfNameObject {
  return isTagged(object) && object.kind === "name";
}
export function isString(object: PdfObject | undefined): object is PdfStringObject {
  return isTagged(object) && object.kind === "string";
}
export function isRef(object: PdfObject | undefined): object is PdfReference {
  return isTagged(object) && object.kind === "ref";
}
export function isStream(object: PdfObject | undefined): object is PdfStream {
  return isTagged(object) && object.kind === "stream";
}
function isTagged(object: PdfObject | undefined): object is Exclude<PdfObject, null | boolean | number | PdfObject[]> {
  return typeof object === "object" && object !== null && !Array.isArray(object);
}

/** What a text string says (7.9.2.2): UTF-16 with its mark, UTF-8 with its mark, else PDFDocEncoding. */
export function textOf(object: PdfObject | undefined): string | null {
  if (isName(object)) return object.name;
  if (!isString(object)) return null;
  const { bytes } = object;
  if (bytes.startsWith("\xFE\xFF") || bytes.startsWith("\xFF\xFE")) {
    const [high, low] = bytes.startsWith("\xFE") ? [0, 1] : [1, 0];
    let text = "";
    for (let at = 2; at + 1 < bytes.length; at += 2)
      text += String.fromCharCode((bytes.charCodeAt(at + high) << 8) | bytes.charCodeAt(at + low));
    // A language may be marked inside (between two ESC).
    // oxlint-disable-next-line no-control-regex
    return text.replace(/\u001b[^\u001b]*\u001b/g, "").replace(LONE_SURROGATE, "\uFFFD");
  }
  if (bytes.startsWith("\xEF\xBB\xBF")) {
    try {
      return decodeURIComponent(
        bytes.slice(3).replace(/[%\u0080-\u00ff]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`),
      );
    } catch {
      return bytes.slice(3);
    }
  }
  // oxlint-disable-next-line no-control-regex
  return bytes.replace(/[\u0018-\u001f\u0080-\u00a0]/g, (char) => PDF_DOC[char] ?? char);
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
/** Where PDFDocEncoding (annex D) is not Latin-1. */
const PDF_DOC: Readonly<Record<string, string>> = Object.fromEntries([
  ...Array.from("˘ˇˆ˙˝˛˚˜", (character, index) => [String.fromCharCode(0x18 + index), character]),
  ...Array.from("•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž", (character, index) => [String.fromCharCode(0x80 + index), character]),
  ["\u00a0", "€"],
]);

/** A text string: ASCII as it is, else UTF-16. */
export function textString(text: string): PdfStringObject {
  // oxlint-disable-next-line no-control-regex
  if (/^[\x20-\x7e\n\r\t]*$/.test(text)) return { kind: "string", bytes: text };
  let bytes = "\xFE\xFF";
  for (let at = 0; at < text.length; at++) bytes += String.fromCharCode(text.charCodeAt(at) >> 8, text.charCodeAt(at) & 255);
  return { kind: "string", bytes };
}

export function serializeObject(object: PdfObject): string {
  if (object === null) return "null";
  if (typeof object === "boolean") return String(object);
  if (typeof object === "number") return pdfNumber(object);
  if (Array.isArray(object)) return `[${object.map(serializeObject).join(" ")}]`;
  switch (object.kind) {
    case "name":
      return serializeName(object.name);
    case "string":
      return pdfLiteral(object.bytes);
    case "ref":
      return `${object.number} 0 R`;
    case "dict":
      return `<<${[...object.entries].map(([key, value]) => `${serializeName(key)} ${serializeObject(value)}`).join(" ")}>>`;
    case "stream":
      throw new Error("a stream is an object of its own");
  }
}

/** Names hold bytes, as strings do here. */
function serializeName(text: string): string {
  return `/${text.replace(/[^A-Za-z0-9._+-]/g, (char) => `#${(char.charCodeAt(0) & 255).toString(16).toUpperCase().padStart(2, "0")}`)}`;
}

const MAX_DEPTH = 200;

/** Reads one object at `at`. Throws RangeError for what is no object. `lengthOf` resolves an indirect /Length. */
export function readObject(bytes: Uint8Array, at: number, lengthOf: (reference: PdfReference) => number | null): PdfObject {
  let position = at;
  let depth = 0;
  const object = value();
  if (!isDict(object)) return object;
  space();
  if (!word("stream")) return object;
  position += 6;
  if (bytes[position] === 13) position++;
  if (bytes[position] === 10) position++;
  const given = object.entries.get("Length");
  const length = typeof given === "number" ? given : isRef(given) ? lengthOf(given) : null;
  if (length === null || length < 0 || position + length > bytes.length) throw new RangeError("a stream without a length");
  return { kind: "stream", entries: object.entries, raw: bytes.subarray(position, position + length) };

  function value(): PdfObject {
    if (++depth > MAX_DEPTH) throw new RangeError("nested too deep");
    space();
    const byte = bytes[position];
    let result: PdfObject;
    if (byte === undefined) throw new RangeError("the end of the file");
    else if (byte === 0x2f) result = nameToken();
    else if (byte === 0x28) result = literal();
    else if (byte === 0x3c) result = bytes[position + 1] === 0x3c ? dictionary() : hexadecimal();
    else if (byte === 0x5b) result = array();
    else result = numberOrWord();
    depth--;
    return result;
  }
  function space(): void {
    for (;;) {
      const byte = bytes[position];
      if (byte === 0x25) while (position < bytes.length && bytes[position] !== 10 && bytes[position] !== 13) position++;
      else if (byte !== undefined && (byte === 0 || byte === 9 || byte === 10 || byte === 12 || byte === 13 || byte === 32)) position++;
      else return;
    }
  }
  function word(text: string): boolean {
    for (let index = 0; index < text.length; index++) if (bytes[position + index] !== text.charCodeAt(index)) return false;
    return true;
  }
  function isRegular(byte: number | undefined): boolean {
    return byte !== undefined && byte > 32 && !DELIMITERS.has(byte);
  }
  function token(): string {
    let text = "";
    while (isRegular(bytes[position])) text += String.fromCharCode(bytes[position++]!);
    return text;
  }
  function nameToken(): PdfNameObject {
    position++;
    return name(token().replace(/#([0-9A-Fa-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))));
  }
  function literal(): PdfStringObject {
    let text = "";
    let open = 1;
    position++;
    for (;;) {
      const byte = bytes[position++];
      if (byte === undefined) throw new RangeError("a string without an end");
      if (byte === 0x5c) text += escaped();
      else if (byte === 0x29 && --open === 0) return { kind: "string", bytes: text };
      else {
        if (byte === 0x28) open++;
        // An end of line in a string is a line feed, whatever it is in the file.
        if (byte === 13) {
          if (bytes[position] === 10) position++;
          text += "\n";
        } else text += String.fromCharCode(byte);
      }
    }
  }
  function escaped(): string {
    const byte = bytes[position++] ?? 0;
    if (byte >= 0x30 && byte <= 0x37) {
      let code = byte - 0x30;
      for (let digits = 1; digits < 3 && bytes[position]! >= 0x30 && bytes[position]! <= 0x37; digits++)
        code = code * 8 + bytes[position++]! - 0x30;
      return String.fromCharCode(code & 255);
    }
    if (byte === 13) {
      if (bytes[position] === 10) position++;
      return "";
    }
    if (byte === 10) return "";
    const char = String.fromCharCode(byte);
    return { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" }[char] ?? char;
  }
  function hexadecimal(): PdfStringObject {
    position++;
    let digits = "";
    for (let byte = bytes[position++]; byte !== 0x3e; byte = bytes[position++]) {
      if (byte === undefined) throw new RangeError("a string without an end");
      const char = String.fromCharCode(byte);
      if (/[0-9A-Fa-f]/.test(char)) digits += char;
    }
    if (digits.length % 2 === 1) digits += "0";
    let text = "";
    for (let index = 0; index < digits.length; index += 2) text += String.fromCharCode(Number.parseInt(digits.slice(index, index + 2), 16));
    return { kind: "string", bytes: text };
  }
  function array(): PdfObject[] {
    position++;
    const items: PdfObject[] = [];
    for (space(); bytes[position] !== 0x5d; space()) items.push(value());
    position++;
    return items;
  }
  function dictionary(): PdfDict {
    position += 2;
    const entries = new Map<string, PdfObject>();
    for (space(); !(bytes[position] === 0x3e && bytes[position + 1] === 0x3e); space()) {
      if (bytes[position] !== 0x2f) throw new RangeError("a dictionary without a key");
      const key = nameToken().name;
      entries.set(key, value());
    }
    position += 2;
    return { kind: "dict", entries };
  }
  function numberOrWord(): PdfObject {
    const text = token();
    if (/^\d+$/.test(text)) {
      const after = position;
      space();
      const generation = token();
      space();
      if (/^\d+$/.test(generation) && bytes[position] === 0x52 && !isRegular(bytes[position + 1])) {
        position++;
        return ref(Number(text));
      }
      position = after;
      return Number(text);
    }
    if (/^[+-]*[\d.]+/.test(text)) return Number.parseFloat(text) || 0;
    if (text === "true" || text === "false") return text === "true";
    if (text === "null") return null;
    throw new RangeError(`no object: ${text.slice(0, 20)}`);
  }
}

const DELIMITERS = new Set(Array.from("()<>[]{}/%", (char) => char.charCodeAt(0)));
