/**
 * A PDF file as numbered objects: read from bytes that PDFium has saved (one classic table, every object in the clear, see `plainBytes`) or from
 * any whose tables are known (`soundFile`), changed, and written again, whole (`write`) or around what stays (`update`). Object numbers stay.
 */
import { PdfError } from "../engine.ts";
import { pdfBytes } from "../pdf-writer.ts";
import { isKeyword, latin, Lexer } from "./lexer.ts";
import { ObjectReader } from "./reader.ts";
import { type ObjectTable, readTable } from "./table.ts";
import { isDict, isRef, isStream, type PdfDict, type PdfObject, type PdfRefValue, refTo } from "./values.ts";
import { type FileSeal, updatedFile, wholeFile } from "./write-file.ts";

export class ObjectFile extends ObjectReader {
  readonly bytes: Uint8Array;
  readonly table: ObjectTable;
  /** As in the header, e.g. `1.7`. */
  readonly version: string;
  readonly #objects = new Map<number, PdfObject>();
  readonly #changed = new Set<number>();
  #next: number;

  /** Without a table it throws PdfError `failed` when it is not as PDFium writes it. */
  constructor(bytes: Uint8Array, table: ObjectTable = readTable(bytes)) {
    super();
    this.bytes = bytes;
    this.version = /^%PDF-(\d\.\d)/.exec(latin(bytes, 0, Math.min(bytes.length, 16)))?.[1] ?? "1.7";
    this.table = table;
    this.#next = this.table.size;
  }

  get trailer(): PdfDict {
    return this.table.trailer;
  }

  /** One more than the highest object number. */
  get size(): number {
    return this.#next;
  }

  /** Numbers of what was set, added, edited or removed. */
  get changed(): ReadonlySet<number> {
    return this.#changed;
  }

  /** Null for what is not there. */
  get(number: number): PdfObject {
    const known = this.#objects.get(number);
    if (known !== undefined) return known;
    const offset = this.table.offsets.get(number);
    // Against an object whose length is itself.
    this.#objects.set(number, null);
    const object = offset === undefined ? this.#readPacked(number) : this.#read(number, offset);
    this.#objects.set(number, object);
    return object;
  }

  set(number: number, object: PdfObject): void {
    this.#objects.set(number, object);
    this.#changed.add(number);
  }

  add(object: PdfObject): PdfRefValue {
    const ref = refTo(this.#next++);
    this.set(ref.number, object);
    return ref;
  }

  /** The dictionary under this number, or that of the stream, to be changed; what is none becomes an empty one. */
  edit(number: number): PdfDict {
    const object = this.get(number);
    this.#changed.add(number);
    if (isDict(object)) return object;
    if (isStream(object)) return object.dict;
    const dict: PdfDict = new Map();
    this.#objects.set(number, dict);
    return dict;
  }

  /** References to it are null from now on. */
  remove(number: number): void {
    this.set(number, null);
  }

  /** All that there are, by number. */
  *objects(): Generator<PdfObject> {
    for (let number = 1; number < this.#next; number++) {
      const object = this.get(number);
      if (object !== null) yield object;
    }
  }

  /** The catalog, to be changed. Throws PdfError `damaged` when there is none. */
  editCatalog(): PdfDict {
    const root = this.trailer.get("Root");
    if (!isRef(root)) throw new PdfError("damaged", "the file has no catalog");
    return this.edit(root.number);
  }

  /**
   * Everything that the trailer leads to, as it is now, in the order of the numbers: what nothing refers to is not written, so what was taken
   * out of a page is out of the file. `id`: 32 hexadecimal digits, the name of this version. `seal`: see `FileSeal`.
   */
  write(id: string, of: PdfDict = this.trailer, seal: FileSeal | null = null): Uint8Array {
    return wholeFile(this, { id, trailer: of, seal });
  }

  /**
   * The objects as their bytes were, but for those in `changed`: these stand at the end. Much cheaper than `write` for a big file with few
   * changes. What others than those referred to stays in the bytes, also when nothing refers to it any more.
   */
  update(id: string): Uint8Array {
    return updatedFile(this, id);
  }

  #readPacked(number: number): PdfObject {
    const bytes = this.table.packed.get(number);
    const object = bytes === undefined ? null : new Lexer(bytes).next();
    return object === undefined || isKeyword(object) ? null : object;
  }

  #read(number: number, offset: number): PdfObject {
    const lexer = new Lexer(this.bytes, offset);
    if (lexer.next() !== number || typeof lexer.next() !== "number" || !isKeyword(lexer.next(), "obj")) return null;
    const object = lexer.next();
    if (object === undefined || isKeyword(object)) return null;
    if (!isDict(object)) return object;
    lexer.skipSpace();
    if (latin(this.bytes, lexer.at, Math.min(this.bytes.length, lexer.at + 6)) !== "stream") return object;
    let start = lexer.at + 6;
    if (this.bytes[start] === 13) start++;
    if (this.bytes[start] === 10) start++;
    // A length may be an object of its own.
    const stated = this.number(object.get("Length"), -1);
    let end = start + stated;
    if (stated < 0 || !/^\s*endstream/.test(latin(this.bytes, end, Math.min(this.bytes.length, end + 16)))) {
      end = indexOf(this.bytes, "endstream", start);
      if (end < 0) throw new PdfError("damaged", `the stream ${number} has no end`);
    }
    return { kind: "stream", dict: object, data: this.bytes.subarray(start, end) };
  }
}

function indexOf(bytes: Uint8Array, word: string, from: number): number {
  const first = word.charCodeAt(0);
  for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (latin(bytes, at, Math.min(bytes.length, at + word.length)) === word) return at;
  }
  return -1;
}

/** Strings have code units below 256. */
export function latinBytes(text: string): Uint8Array {
  return pdfBytes([text]);
}
