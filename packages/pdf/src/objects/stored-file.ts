/**
 * Objects of a file as it is stored, read piece by piece where they stand: whatever its tables are, packed in object streams, encrypted. For what is
 * worth neither the whole file in memory nor a save of it. What makes no sense is null, and work that never ends is given up.
 */
import { PdfError, type RangeReader } from "../engine.ts";
import type { ObjectDecipher } from "../security/object-cipher.ts";
import { isKeyword, latin, Lexer, type Token } from "./lexer.ts";
import { ObjectReader } from "./reader.ts";
import { bytesAt, type Place, readTables, searchedTables, type TableFile, type Tables } from "./stored-table.ts";
import { isDict, isName, isStream, isString, type PdfDict, type PdfObject, type PdfStreamValue } from "./values.ts";

export interface StoredFileOptions {
  /** Undoes the filters that the entries name, both without references. Null: it cannot. */
  readonly unpack: (entries: PdfDict, data: Uint8Array) => Uint8Array | null;
  /** Called with the file as it stands. Null: it is in the clear. */
  readonly decipher: (file: ObjectReader) => ObjectDecipher | null;
}

/** Bytes looked at first, and at most, for one object. */
const FIRST_BYTES = 512;
const MOST_BYTES = 512 * 1024;
const MOST_STREAM_BYTES = 32 * 1024 * 1024;
/** Bytes and steps for everything that is asked of one file. */
const MOST_WORK = 64 * 1024 * 1024;
const HEADER_BYTES = 1024;
/** Object streams that are held unpacked. */
const HELD = 32;

const NOTHING: PdfDict = new Map();

interface Stored {
  readonly number: number;
  readonly generation: number;
  readonly object: PdfObject;
}

interface Members {
  readonly bytes: Uint8Array;
  readonly offsets: ReadonlyMap<number, number>;
}

export class StoredFile extends ObjectReader {
  readonly #file: RangeReader;
  readonly #options: StoredFileOptions;
  #tables: Tables | null = null;
  #decipher: ObjectDecipher | null = null;
  /** Numbers of objects that are being read: against one whose length is itself. */
  readonly #reading = new Set<number>();
  /** In order of use. */
  readonly #members = new Map<number, Members>();
  #workLeft = MOST_WORK;

  /** Throws PdfError as `decipher` does. */
  constructor(source: RangeReader, options: StoredFileOptions) {
    super();
    this.#file = fromHeader(source);
    this.#options = options;
    const file: TableFile = {
      size: this.#file.size,
      read: (offset, target) => this.#file.read(offset, target),
      objectAt: (position) => this.#objectAt(position),
      unpack: (stream) => (isStream(stream) ? this.#unpacked(stream) : null),
      spend: (amount) => this.#spend(amount),
    };
    this.#use(readTables(file));
    if (this.catalog.size === 0) this.#use(searchedTables(file, (stream) => [...(this.#membersOf(stream)?.offsets.keys() ?? [])]));
  }

  #use(tables: Tables | null): void {
    this.#tables = tables;
    this.#decipher = null;
    this.#decipher = this.#options.decipher(this);
  }

  get trailer(): PdfDict {
    return this.#tables?.trailer ?? NOTHING;
  }

  get(number: number): PdfObject {
    const place = this.#tables?.find(number) ?? null;
    if (place === null || this.#reading.has(number)) return null;
    this.#reading.add(number);
    try {
      return this.#at(number, place);
    } catch (error) {
      if (error instanceof PdfError) return null;
      throw error;
    } finally {
      this.#reading.delete(number);
    }
  }

  #at(number: number, place: Place): PdfObject {
    if ("stream" in place) {
      const members = this.#held(place.stream);
      const offset = members?.offsets.get(number);
      return members === null || offset === undefined ? null : parsed(new Lexer(members.bytes, offset).next());
    }
    const stored = this.#storedAt(place.at);
    if (stored === null || stored.number !== number) return null;
    return this.#decipher === null ? stored.object : this.#clear(stored.object, stored, this.#decipher);
  }

  #clear(object: PdfObject, place: Stored, decipher: ObjectDecipher): PdfObject {
    const { number, generation } = place;
    if (isString(object)) return { kind: "string", value: decipher.string(number, generation, object.value) };
    if (Array.isArray(object)) return object.map((item) => this.#clear(item, place, decipher));
    if (isDict(object)) return new Map([...object].map(([key, item]) => [key, this.#clear(item, place, decipher)]));
    if (!isStream(object) || isName(object.dict.get("Type"), "XRef")) return object;
    const dict = this.#clear(object.dict, place, decipher) as PdfDict;
    return { kind: "stream", dict, data: decipher.stream(number, generation, object.data) };
  }

  /** As `#storedAt`; a dictionary alone, as a trailer is, is an object, too. */
  #objectAt(position: number): PdfObject {
    try {
      return this.#storedAt(position)?.object ?? this.#parsedAt(position, (lexer) => parsed(lexer.next()));
    } catch (error) {
      if (error instanceof PdfError) return null;
      throw error;
    }
  }

  /** Encrypted as it stands. */
  #storedAt(position: number): Stored | null {
    const found = this.#parsedAt(position, (lexer) => {
      const [number, generation] = [lexer.next(), lexer.next()];
      if (typeof number !== "number" || typeof generation !== "number" || !isKeyword(lexer.next(), "obj")) return null;
      const object = parsed(lexer.next());
      lexer.skipSpace();
      const { at, bytes } = lexer;
      // Its end of line has one or two bytes.
      const isData = isDict(object) && latin(bytes, at, at + 6) === "stream";
      if (isData) lexer.at += 8;
      const start = at + 6 + (bytes[at + 6] === 13 ? 1 : 0);
      return { number, generation, object, data: isData ? position + start + (bytes[start] === 10 ? 1 : 0) : null };
    });
    if (found === null) return null;
    const { number, generation, object, data } = found;
    if (data === null || !isDict(object)) return { number, generation, object };
    const length = this.number(object.get("Length"), -1);
    if (length < 0 || length > MOST_STREAM_BYTES || data + length > this.#file.size || !this.#spend(length)) return null;
    return { number, generation, object: { kind: "stream", dict: object, data: bytesAt(this.#file, data, length) } };
  }

  /** With as many bytes as it takes. */
  #parsedAt<T>(position: number, parse: (lexer: Lexer) => T): T | null {
    for (let count = FIRST_BYTES; count <= MOST_BYTES; count *= 4) {
      if (!this.#spend(count)) return null;
      const bytes = bytesAt(this.#file, position, count);
      const lexer = new Lexer(bytes);
      const found = parse(lexer);
      if (bytes.length === 0) return null;
      if (lexer.at < bytes.length || position + bytes.length >= this.#file.size) return found;
    }
    return null;
  }

  #held(number: number): Members | null {
    const known = this.#members.get(number);
    this.#members.delete(number);
    const members = known ?? this.#membersOf(this.get(number));
    if (members === null) return null;
    if (this.#members.size >= HELD) this.#members.delete(this.#members.keys().next().value!);
    this.#members.set(number, members);
    return members;
  }

  /** Of an object stream (7.5.7). */
  #membersOf(stream: PdfObject): Members | null {
    if (!isStream(stream) || !isName(stream.dict.get("Type"), "ObjStm")) return null;
    const bytes = this.#unpacked(stream);
    if (bytes === null) return null;
    const start = this.number(stream.dict.get("First"), 0);
    const offsets = new Map<number, number>();
    const lexer = new Lexer(bytes.subarray(0, start), 0, { references: false });
    for (let left = this.number(stream.dict.get("N"), 0); left > 0; left--) {
      const [number, offset] = [lexer.next(), lexer.next()];
      if (typeof number !== "number" || typeof offset !== "number") break;
      offsets.set(number, start + offset);
    }
    return { bytes, offsets };
  }

  #unpacked({ dict, data }: PdfStreamValue): Uint8Array | null {
    const entries: PdfDict = new Map();
    for (const key of ["Filter", "DecodeParms"]) {
      const value = this.resolve(dict.get(key));
      if (value !== null) entries.set(key, value);
    }
    const bytes = entries.has("Filter") ? this.#options.unpack(entries, data) : data;
    return bytes !== null && this.#spend(bytes.length) ? bytes : null;
  }

  #spend(amount: number): boolean {
    this.#workLeft -= amount;
    return this.#workLeft >= 0;
  }
}

function parsed(token: Token | undefined): PdfObject {
  return token === undefined || isKeyword(token) ? null : token;
}

/** Positions count from the header, before which there may be something else. */
function fromHeader(source: RangeReader): RangeReader {
  const start = Math.max(0, latin(bytesAt(source, 0, HEADER_BYTES)).indexOf("%PDF-"));
  return { size: source.size - start, read: (offset, target) => source.read(start + offset, target) };
}
