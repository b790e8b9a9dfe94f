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
/** What a byte is (7.2.3), by its value. */
const REGULAR = 0;
const WHITE = 1;
const DELIMITER = 2;
const KINDS = new Uint8Array(256);
for (const white of [0, 9, 10, 12, 13, 32]) KINDS[white] = WHITE;
for (const delimiter of "()<>[]{}/%") KINDS[delimiter.charCodeAt(0)] = DELIMITER;

export function isWhite(byte: number): boolean {
  return KINDS[byte] === WHITE;
}

/** Longer ones may not be exact. */
const MAX_DIGITS = 15;
const MAX_GENERATION_DIGITS = 5;
const CAPITAL_R = 0x52;

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
      if (KINDS[byte] === WHITE) this.at++;
      else if (byte === 0x25) while (this.at < this.bytes.length && this.bytes[this.at] !== 10 && this.bytes[this.at] !== 13) this.at++;
      else return;
    }
  }

  #word(): Token {
    const start = this.at;
    // Nearly every word of a file is a whole number: no text is made of those.
    const whole = this.#digits(MAX_DIGITS);
    if (whole >= 0 && this.#isWordEnd()) return this.#references ? this.#reference(whole) : whole;
    this.#skipWord();
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
    if (this.#skipWhite() && this.#digits(MAX_GENERATION_DIGITS) >= 0 && this.#skipWhite() && this.bytes[this.at] === CAPITAL_R) {
      this.at++;
      if (this.#isWordEnd()) return refTo(number);
    }
    this.at = end;
    return number;
  }

  /** What these digits say, at most so many; -1 when there is none. */
  #digits(most: number): number {
    const { bytes, at: start } = this;
    let value = 0;
    let at = start;
    for (let byte = bytes[at]; byte !== undefined && byte >= 0x30 && byte <= 0x39 && at - start < most; byte = bytes[++at])
      value = value * 10 + byte - 0x30;
    this.at = at;
    return at === start ? -1 : value;
  }

  #isWordEnd(): boolean {
    const byte = this.bytes[this.at];
    return byte === undefined || KINDS[byte] !== REGULAR;
  }

  #skipWord(): void {
    while (!this.#isWordEnd()) this.at++;
  }

  /** Is there any? */
  #skipWhite(): boolean {
    const start = this.at;
    for (let byte = this.bytes[start]; byte !== undefined && KINDS[byte] === WHITE;) byte = this.bytes[++this.at];
    return this.at > start;
  }

  #name(): string {
    const start = ++this.at;
    this.#skipWord();
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

/** Up to here one by one is faster. */
const FEW_BYTES = 32;

export function latin(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = "";
  if (end - start <= FEW_BYTES) {
    for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
    return text;
  }
  for (let at = start; at < end; at += 8192) text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + 8192)));
  return text;
}
