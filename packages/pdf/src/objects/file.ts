/**
 * A PDF file as numbered objects: read from bytes that PDFium has saved (one classic table, every object in the clear, see `plainBytes`),
 * changed, and written again. What nothing refers to is not written, so what was taken out of a page is out of the file. Object numbers stay.
 */
import { PdfError } from "../engine.ts";
import { isKeyword, latin, Lexer } from "./lexer.ts";
import { isDict, isName, isRef, isStream, objectText, type PdfDict, type PdfObject, refTo, type PdfRefValue } from "./values.ts";

export class ObjectFile {
  readonly trailer: PdfDict;
  readonly #bytes: Uint8Array;
  readonly #offsets: ReadonlyMap<number, number>;
  readonly #objects = new Map<number, PdfObject>();
  #next: number;
  readonly #version: string;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#version = /^%PDF-(\d\.\d)/.exec(latin(bytes, 0, 16))?.[1] ?? "1.7";
    const { offsets, trailer } = readTable(bytes);
    this.#offsets = offsets;
    this.trailer = trailer;
    this.#next = Math.max(0, ...offsets.keys()) + 1;
  }

  get(number: number): PdfObject {
    const known = this.#objects.get(number);
    if (known !== undefined) return known;
    const offset = this.#offsets.get(number);
    const object = offset === undefined ? null : this.#read(number, offset);
    this.#objects.set(number, object);
    return object;
  }

  /** Follows references. */
  resolve(object: PdfObject | undefined): PdfObject {
    let value = object ?? null;
    for (let steps = 0; isRef(value) && steps < 32; steps++) value = this.get(value.number);
    return isRef(value) ? null : value;
  }

  /** The dictionary, or that of the stream; an empty one when it is something else. */
  dict(object: PdfObject | undefined): PdfDict {
    const value = this.resolve(object);
    return isDict(value) ? value : isStream(value) ? value.dict : new Map();
  }

  array(object: PdfObject | undefined): PdfObject[] {
    const value = this.resolve(object);
    return Array.isArray(value) ? value : [];
  }

  number(object: PdfObject | undefined, otherwise: number): number {
    const value = this.resolve(object);
    return typeof value === "number" && Number.isFinite(value) ? value : otherwise;
  }

  name(object: PdfObject | undefined): string | null {
    const value = this.resolve(object);
    return isName(value) ? value.value : null;
  }

  numbers(object: PdfObject | undefined): number[] {
    return this.array(object).map((item) => this.number(item, 0));
  }

  set(number: number, object: PdfObject): void {
    this.#objects.set(number, object);
  }

  add(object: PdfObject): PdfRefValue {
    const ref = refTo(this.#next++);
    this.#objects.set(ref.number, object);
    return ref;
  }

  /** References to it are null from now on. */
  remove(number: number): void {
    this.#objects.set(number, null);
  }

  /** All that there are, by number. */
  *objects(): Generator<PdfObject> {
    for (let number = 1; number < this.#next; number++) {
      const object = this.get(number);
      if (object !== null) yield object;
    }
  }

  get catalog(): PdfDict {
    return this.dict(this.trailer.get("Root"));
  }

  /**
   * Everything that the trailer leads to, in the order of the numbers. `id`: 32 hexadecimal digits, the name of this version. `encryption`: the
   * dictionary of the security handler, and what makes of an object what it looks like under it.
   */
  write(
    id: string,
    of: PdfDict = this.trailer,
    encryption: { readonly security: PdfDict; readonly seal: (number: number, object: PdfObject) => PdfObject } | null = null,
  ): Uint8Array {
    const first = this.array(of.get("ID"))[0];
    const trailer: PdfDict = new Map(of);
    for (const key of ["Prev", "XRefStm", "Size", "ID", "Encrypt", "Length", "Filter", "DecodeParms", "W", "Index", "Type"])
      trailer.delete(key);
    const numbers = [...this.#reachable(trailer)].toSorted((a, b) => a - b);
    const parts: (string | Uint8Array)[] = [`%PDF-${this.#version}\n%\xE2\xE3\xCF\xD3\n`];
    let size = parts[0]!.length;
    const offsets = new Map<number, number>();
    const push = (part: string | Uint8Array): void => {
      parts.push(part);
      size += part.length;
    };
    for (const number of numbers) {
      const object = encryption === null ? this.get(number) : encryption.seal(number, this.get(number));
      offsets.set(number, size);
      if (isStream(object)) {
        const dict = new Map(object.dict).set("Length", object.data.length);
        push(`${number} 0 obj\n${objectText(dict)}\nstream\n`);
        push(object.data);
        push("\nendstream\nendobj\n");
      } else push(`${number} 0 obj\n${objectText(object)}\nendobj\n`);
    }
    const last = numbers.at(-1) ?? 0;
    let table = `xref\n0 ${last + 1}\n0000000000 65535 f \n`;
    for (let number = 1; number <= last; number++) {
      const offset = offsets.get(number);
      table += offset === undefined ? "0000000000 65535 f \n" : `${String(offset).padStart(10, "0")} 00000 n \n`;
    }
    trailer.set("Size", last + 1);
    if (encryption !== null) trailer.set("Encrypt", encryption.security);
    const start = size;
    push(table);
    push(
      `trailer\n${objectText(trailer).slice(0, -2)} /ID [${first === undefined ? `<${id}>` : objectText(first)} <${id}>]>>\nstartxref\n${start}\n%%EOF\n`,
    );
    return joined(parts, size);
  }

  #reachable(trailer: PdfDict): Set<number> {
    const found = new Set<number>();
    const left: PdfObject[] = [trailer];
    for (let object = left.pop(); object !== undefined; object = left.pop()) {
      if (object === null || typeof object !== "object") continue;
      if (Array.isArray(object)) for (const item of object) left.push(item);
      else if (object instanceof Map) for (const item of object.values()) left.push(item);
      else if (object.kind === "stream") for (const item of object.dict.values()) left.push(item);
      else if (object.kind === "ref" && !found.has(object.number)) {
        const target = this.get(object.number);
        // What is not there is null wherever it is named.
        if (target === null) continue;
        found.add(object.number);
        left.push(target);
      }
    }
    return found;
  }

  #read(number: number, offset: number): PdfObject {
    const head = /^\s*(\d+)\s+\d+\s+obj/.exec(latin(this.#bytes, offset, Math.min(this.#bytes.length, offset + 40)));
    if (head === null || Number(head[1]) !== number) return null;
    const lexer = new Lexer(this.#bytes, offset + head[0].length);
    const object = lexer.next();
    if (object === undefined || isKeyword(object)) return null;
    if (!isDict(object)) return object;
    lexer.skipSpace();
    if (latin(this.#bytes, lexer.at, lexer.at + 6) !== "stream") return object;
    let start = lexer.at + 6;
    if (this.#bytes[start] === 13) start++;
    if (this.#bytes[start] === 10) start++;
    // A length may be an object of its own.
    const stated = this.number(object.get("Length"), -1);
    let end = start + stated;
    if (stated < 0 || !/^\s*endstream/.test(latin(this.#bytes, end, Math.min(this.#bytes.length, end + 16)))) {
      end = indexOf(this.#bytes, "endstream", start);
      if (end < 0) throw new PdfError("damaged", `the stream ${number} has no end`);
    }
    return { kind: "stream", dict: object, data: this.#bytes.subarray(start, end) };
  }
}

function readTable(bytes: Uint8Array): { readonly offsets: ReadonlyMap<number, number>; readonly trailer: PdfDict } {
  const from = Math.max(0, bytes.length - 1024);
  const start = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(latin(bytes, from, bytes.length));
  if (start === null) throw new PdfError("failed", "the file has no end that can be read");
  const offsets = new Map<number, number>();
  let at = Number(start[1]);
  const head = /^\s*xref\s+/.exec(latin(bytes, at, at + 16));
  if (head === null) throw new PdfError("failed", "the file has no table that can be read");
  at += head[0].length;
  for (;;) {
    const section = /^(\d+) (\d+)\s+/.exec(latin(bytes, at, at + 32));
    if (section === null) break;
    at += section[0].length;
    for (let i = 0; i < Number(section[2]); i++, at += 20) {
      if (bytes[at + 17] === 0x6e) offsets.set(Number(section[1]) + i, Number(latin(bytes, at, at + 10)));
    }
  }
  const lexer = new Lexer(bytes, at);
  const trailer = isKeyword(lexer.next(), "trailer") ? lexer.next() : undefined;
  if (trailer === undefined || isKeyword(trailer) || !isDict(trailer))
    throw new PdfError("failed", "the file has no trailer that can be read");
  return { offsets, trailer };
}

function indexOf(bytes: Uint8Array, word: string, from: number): number {
  const first = word.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (latin(bytes, at, at + word.length) === word) return at;
  }
  return -1;
}

/** Strings have code units below 256. */
export function joined(parts: readonly (string | Uint8Array)[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "string") for (let i = 0; i < part.length; i++) bytes[at + i] = part.charCodeAt(i);
    else bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function latinBytes(text: string): Uint8Array {
  return joined([text], text.length);
}
