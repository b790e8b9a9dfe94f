/** Reads PDF syntax: objects of a file, and operands and operators of a content stream. */
import { PdfError } from "../engine.ts";
import { nameOf, type PdfDict, type PdfObject, refTo } from "./values.ts";

/** An operator of a content stream, or `R`, `obj`, `stream` of a file. */
export interface Keyword {
  readonly keyword: string;
}

export type Token = PdfObject | Keyword;

export function isKeyword(token: Token | undefined, keyword?: string): token is Keyword {
  return typeof token === "object" && token !== null && "keyword" in token && (keyword === undefined || token.keyword === keyword);
}

const MAX_DEPTH = 100;
const WHITE = new Set([0, 9, 10, 12, 13, 32]);
const DELIMITERS = new Set(Array.from("()<>[]{}/%", (character) => character.charCodeAt(0)));

export class Lexer {
  readonly bytes: Uint8Array;
  at: number;
  /** `12 0 R` is a reference; in content streams there are none. */
  readonly #references: boolean;

  constructor(bytes: Uint8Array, at = 0, options: { readonly references: boolean } = { references: true }) {
    this.bytes = bytes;
    this.at = at;
    this.#references = options.references;
  }

  /** The next object or keyword; undefined at the end. */
  next(depth = 0): Token | undefined {
    if (depth > MAX_DEPTH) throw new PdfError("damaged", "an object is nested too deeply");
    this.skipSpace();
    const byte = this.bytes[this.at];
    if (byte === undefined) return undefined;
    switch (byte) {
      case 0x2f:
        return nameOf(this.#name());
      case 0x28:
        return { kind: "string", value: this.#literal() };
      case 0x3c:
        if (this.bytes[this.at + 1] === 0x3c) return this.#dictionary(depth);
        return { kind: "string", value: this.#hexadecimal() };
      case 0x5b:
        return this.#array(depth);
      case 0x3e:
      case 0x5d:
      case 0x29:
      case 0x7b:
      case 0x7d:
        this.at += byte === 0x3e && this.bytes[this.at + 1] === 0x3e ? 2 : 1;
        return { keyword: byte === 0x3e ? ">>" : String.fromCharCode(byte) };
      default:
        return this.#word();
    }
  }

  skipSpace(): void {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte === undefined) return;
      if (WHITE.has(byte)) this.at++;
      else if (byte === 0x25) while (this.at < this.bytes.length && this.bytes[this.at] !== 10 && this.bytes[this.at] !== 13) this.at++;
      else return;
    }
  }

  #word(): Token {
    const start = this.at;
    while (this.at < this.bytes.length && !WHITE.has(this.bytes[this.at]!) && !DELIMITERS.has(this.bytes[this.at]!)) this.at++;
    if (this.at === start) this.at++;
    const text = latin(this.bytes, start, this.at);
    if (/^[+-]*\d*\.?\d*(?:-\d*)?$/.test(text) && /\d/.test(text)) {
      const number = Number(text.replace(/^[+-]*(?=[+-])/, "").replace(/(?<=\d|\.)-.*$/, ""));
      if (this.#references && Number.isInteger(number) && number >= 0) return this.#reference(number);
      return number;
    }
    if (text === "true" || text === "false") return text === "true";
    return text === "null" ? null : { keyword: text };
  }

  #reference(number: number): PdfObject {
    const end = this.at;
    const match = /^\s+(\d{1,5})\s+R(?![A-Za-z0-9])/.exec(latin(this.bytes, end, Math.min(this.bytes.length, end + 24)));
    if (match === null) return number;
    this.at = end + match[0].length;
    return refTo(number);
  }

  #name(): string {
    const start = ++this.at;
    while (this.at < this.bytes.length && !WHITE.has(this.bytes[this.at]!) && !DELIMITERS.has(this.bytes[this.at]!)) this.at++;
    const text = latin(this.bytes, start, this.at);
    return text.includes("#")
      ? text.replace(/#([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
      : text;
  }

  #literal(): string {
    let depth = 1;
    let text = "";
    this.at++;
    for (; this.at < this.bytes.length; this.at++) {
      const byte = this.bytes[this.at]!;
      if (byte === 0x5c) {
        text += this.#escape();
        continue;
      }
      if (byte === 0x28) depth++;
      else if (byte === 0x29 && --depth === 0) break;
      if (byte === 13) {
        if (this.bytes[this.at + 1] === 10) this.at++;
        text += "\n";
      } else text += String.fromCharCode(byte);
    }
    this.at++;
    return text;
  }

  /** `at` is on the backslash, and afterwards on the last byte of the escape. */
  #escape(): string {
    const byte = this.bytes[++this.at];
    if (byte === undefined) return "";
    if (byte >= 0x30 && byte <= 0x37) {
      let code = 0;
      let count = 0;
      for (; count < 3; count++) {
        const digit = this.bytes[this.at + count];
        if (digit === undefined || digit < 0x30 || digit > 0x37) break;
        code = code * 8 + digit - 0x30;
      }
      this.at += count - 1;
      return String.fromCharCode(code & 255);
    }
    if (byte === 13) {
      if (this.bytes[this.at + 1] === 10) this.at++;
      return "";
    }
    if (byte === 10) return "";
    const character = String.fromCharCode(byte);
    return { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" }[character] ?? character;
  }

  #hexadecimal(): string {
    let digits = "";
    for (this.at++; this.at < this.bytes.length && this.bytes[this.at] !== 0x3e; this.at++) {
      const character = String.fromCharCode(this.bytes[this.at]!);
      if (/[0-9A-Fa-f]/.test(character)) digits += character;
    }
    this.at++;
    if (digits.length % 2 === 1) digits += "0";
    return digits.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
  }

  #array(depth: number): PdfObject[] {
    this.at++;
    const items: PdfObject[] = [];
    for (;;) {
      const token = this.next(depth + 1);
      if (token === undefined || isKeyword(token, "]")) return items;
      if (!isKeyword(token)) items.push(token);
    }
  }

  #dictionary(depth: number): PdfDict {
    this.at += 2;
    const dict: PdfDict = new Map();
    for (;;) {
      const key = this.next(depth + 1);
      if (key === undefined || isKeyword(key, ">>")) return dict;
      if (typeof key !== "object" || key === null || !("kind" in key) || key.kind !== "name") continue;
      const value = this.next(depth + 1);
      if (value === undefined || isKeyword(value, ">>")) return dict;
      if (!isKeyword(value)) dict.set(key.value, value);
    }
  }
}

export function latin(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = "";
  for (let at = start; at < end; at += 8192) text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 8192)));
  return text;
}
