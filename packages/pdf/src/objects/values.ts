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

/** A text string (7.9.2.2): as it is when it is ASCII, else UTF-16BE with its mark. */
export function textString(text: string): PdfStringValue {
  if (/^[\x20-\x7e\n\r\t]*$/.test(text)) return { kind: "string", value: text };
  let value = "\xFE\xFF";
  for (let i = 0; i < text.length; i++) value += String.fromCharCode(text.charCodeAt(i) >> 8, text.charCodeAt(i) & 255);
  return { kind: "string", value };
}

/** The text of a text string; UTF-16 and UTF-8 by their marks, else byte for character. */
export function stringText(value: string): string {
  if (value.startsWith("\xFE\xFF")) {
    let text = "";
    for (let i = 2; i + 1 < value.length; i += 2) text += String.fromCharCode((value.charCodeAt(i) << 8) | value.charCodeAt(i + 1));
    return text;
  }
  if (!value.startsWith("\xEF\xBB\xBF")) return value;
  try {
    return decodeURIComponent(value.slice(3).replace(/[%\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`));
  } catch {
    return value.slice(3);
  }
}

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
  if (object instanceof Map) return `<<${[...object].map(([key, value]) => `${nameText(key)} ${objectText(value)}`).join(" ")}>>`;
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

function nameText(name: string): string {
  return `/${name.replace(/[^A-Za-z0-9._+\-*:@$&!?;,^_`'"|~=]/g, (character) => `#${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`)}`;
}

function stringLiteral(bytes: string): string {
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
