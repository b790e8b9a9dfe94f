/**
 * PDF objects as plain values: what the parts of this package that rewrite a file work on. Dictionaries are Maps, so that no name of a file
 * meets a property of ours. Syntax: ISO 32000-2, 7.3.
 */
export interface PdfNameValue {
  readonly kind: "name";
  readonly value: string;
}
export interface PdfRefValue {
  readonly kind: "ref";
  readonly number: number;
}
/** Bytes, one a code unit. */
export interface PdfStringValue {
  readonly kind: "string";
  readonly value: string;
}
export type PdfDict = Map<string, PdfObject>;
export interface PdfStreamValue {
  readonly kind: "stream";
  readonly dict: PdfDict;
  /** As in the file: still encoded. */
  readonly data: Uint8Array;
}
export type PdfObject = null | boolean | number | PdfNameValue | PdfRefValue | PdfStringValue | PdfObject[] | PdfDict | PdfStreamValue;

export function nameOf(value: string): PdfNameValue {
  return { kind: "name", value };
}

export function refTo(number: number): PdfRefValue {
  return { kind: "ref", number };
}

/** Entries that are undefined are left out. */
export function dictOf(entries: Readonly<Record<string, PdfObject | undefined>>): PdfDict {
  return new Map(Object.entries(entries).filter((entry): entry is [string, PdfObject] => entry[1] !== undefined));
}

/** A text string (7.9.2.2): as it is when it is ASCII, else UTF-16BE with its mark. */
export function textString(text: string): PdfStringValue {
  if (/^[\x20-\x7e\n\r\t]*$/.test(text)) return { kind: "string", value: text };
  let value = "\xFE\xFF";
  for (let i = 0; i < text.length; i++) value += String.fromCharCode(text.charCodeAt(i) >> 8, text.charCodeAt(i) & 255);
  return { kind: "string", value };
}

/** What a text string or a name says; null for what is neither. */
export function textOf(object: PdfObject | undefined): string | null {
  if (isName(object)) return object.value;
  return isString(object) ? stringText(object.value) : null;
}

/** The text of a text string: UTF-16 and UTF-8 by their marks, else PDFDocEncoding. */
export function stringText(bytes: string): string {
  if (bytes.startsWith("\xFE\xFF") || bytes.startsWith("\xFF\xFE")) {
    const [high, low] = bytes.startsWith("\xFE") ? [0, 1] : [1, 0];
    let text = "";
    for (let at = 2; at + 1 < bytes.length; at += 2)
      text += String.fromCharCode((bytes.charCodeAt(at + high) << 8) | bytes.charCodeAt(at + low));
    // A language may be marked inside (between two ESC).
    // oxlint-disable-next-line no-control-regex
    return text.replace(/\u001b[^\u001b]*\u001b/g, "").replace(LONE_SURROGATE, "\uFFFD");
  }
  if (bytes.startsWith("\xEF\xBB\xBF")) return utf8Text(bytes.slice(3)) ?? bytes.slice(3);
  // oxlint-disable-next-line no-control-regex
  return bytes.replace(/[\u0018-\u001f\u0080-\u00a0]/g, (char) => PDF_DOC[char] ?? char);
}

/** Null when the bytes are no UTF-8. */
export function utf8Text(bytes: string): string | null {
  try {
    return decodeURIComponent(bytes.replace(/[%\u0080-\u00ff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`));
  } catch {
    return null;
  }
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;
/** Where PDFDocEncoding (annex D) is not Latin-1. */
const PDF_DOC: Readonly<Record<string, string>> = Object.fromEntries([
  ...Array.from("˘ˇˆ˙˝˛˚˜", (character, index) => [String.fromCharCode(0x18 + index), character]),
  ...Array.from("•†‡…—–ƒ⁄‹›−‰„“”‘’‚™ﬁﬂŁŒŠŸŽıłœšž", (character, index) => [String.fromCharCode(0x80 + index), character]),
  ["\u00a0", "€"],
]);

export function isName(object: PdfObject | undefined, value?: string): object is PdfNameValue {
  return kindOf(object) === "name" && (value === undefined || (object as PdfNameValue).value === value);
}

export function isRef(object: PdfObject | undefined): object is PdfRefValue {
  return kindOf(object) === "ref";
}

export function isString(object: PdfObject | undefined): object is PdfStringValue {
  return kindOf(object) === "string";
}

export function isStream(object: PdfObject | undefined): object is PdfStreamValue {
  return kindOf(object) === "stream";
}

export function isDict(object: PdfObject | undefined): object is PdfDict {
  return object instanceof Map;
}

function kindOf(object: PdfObject | undefined): string | null {
  return typeof object === "object" && object !== null && "kind" in object ? object.kind : null;
}

/** Without exponent, with as many decimals as readers look at. What is not finite is 0. */
export function numberText(value: number): string {
  if (Number.isInteger(value)) return Math.abs(value) < 1e15 ? String(value === 0 ? 0 : value) : "0";
  if (!Number.isFinite(value)) return "0";
  const text = value.toFixed(6).replace(/\.?0+$/, "");
  return text === "-0" ? "0" : text;
}

/** The object as it stands in a file. Streams are written by the file, as they need a length. */
export function objectText(object: PdfObject): string {
  if (object === null) return "null";
  if (typeof object === "boolean") return String(object);
  if (typeof object === "number") return numberText(object);
  if (Array.isArray(object)) return `[${object.map(objectText).join(" ")}]`;
  if (object instanceof Map) {
    let entries = "";
    for (const [key, value] of object) entries += `${entries === "" ? "" : " "}${nameText(key)} ${objectText(value)}`;
    return `<<${entries}>>`;
  }
  switch (object.kind) {
    case "name":
      return nameText(object.value);
    case "ref":
      return `${object.number} 0 R`;
    case "string":
      return stringLiteral(object.value);
    case "stream":
      return objectText(object.dict);
  }
}

const PLAIN_NAME = /^[A-Za-z0-9]+$/;

function nameText(name: string): string {
  if (PLAIN_NAME.test(name)) return `/${name}`;
  return `/${name.replace(/[^A-Za-z0-9._+\-*:@$&!?;,^_`'"|~=]/g, (character) => `#${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)}`;
}

const PLAIN_STRING = /^[\x20-\x27\x2a-\x5b\x5d-\x7e]*$/;

function stringLiteral(bytes: string): string {
  if (PLAIN_STRING.test(bytes)) return `(${bytes})`;
  // eslint-style escapes would double the size of binary strings: those are written as hexadecimal.
  let binary = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes.charCodeAt(i) < 0x20 || bytes.charCodeAt(i) > 0x7e) binary++;
  if (binary * 4 > bytes.length) {
    let hex = "<";
    for (let i = 0; i < bytes.length; i++) hex += (bytes.charCodeAt(i) & 255).toString(16).toUpperCase().padStart(2, "0");
    return `${hex}>`;
  }
  const escaped = bytes.replace(/[()\\]|[^\x20-\x7e]/g, (character) =>
    character === "(" || character === ")" || character === "\\"
      ? `\\${character}`
      : `\\${(character.charCodeAt(0) & 255).toString(8).padStart(3, "0")}`,
  );
  return `(${escaped})`;
}
