/**
 * The wasm module with types, and the helpers that carry values in and out of its memory.
 * Functions are called directly (`wasm.fn.FPDF_…`): every argument and result is a number, a pointer or a 0/1 truth.
 * Views of the memory are taken anew for each use, because they are replaced whenever the memory grows.
 */
import type { Functions } from "@embedpdf/pdfium";

export type Pointer = number;

type Numbers<T extends readonly unknown[]> = { [K in keyof T]: number };
/** Every exported function of PDFium, without conversions: strings are pointers to UTF-8 (or UTF-16LE), truths are 0 and 1. */
export type PdfiumFunctions = {
  readonly [K in keyof Functions]: (...args: Numbers<Functions[K][0]>) => Functions[K][1] extends null ? void : number;
};

/** The part of the module that its own glue gives us. */
export interface PdfiumRuntime {
  readonly wasmExports: { malloc(size: number): Pointer; free(pointer: Pointer): void };
  readonly HEAPU8: Uint8Array;
  addFunction(callback: (...args: number[]) => number, signature: string): Pointer;
  removeFunction(pointer: Pointer): void;
}

const ARENA_BYTES = 64 * 1024;

/** One instance of PDFium and its memory. */
export class Wasm {
  readonly fn: PdfiumFunctions;
  readonly #runtime: PdfiumRuntime;
  readonly #arena: Pointer;
  #arenaTop = 0;
  readonly #names = new Map<string, Pointer>();

  constructor(runtime: PdfiumRuntime) {
    this.#runtime = runtime;
    this.fn = runtime.wasmExports as unknown as PdfiumFunctions;
    this.#arena = this.malloc(ARENA_BYTES);
  }

  /** The memory as bytes. Valid until the next call into PDFium. */
  get bytes(): Uint8Array {
    return this.#runtime.HEAPU8;
  }

  malloc(size: number): Pointer {
    const pointer = this.#runtime.wasmExports.malloc(Math.max(size, 1)) >>> 0;
    if (pointer === 0) throw new WasmMemoryError(`no memory for ${size} bytes`);
    return pointer;
  }

  free(pointer: Pointer): void {
    this.#runtime.wasmExports.free(pointer);
  }

  /** A fixed string in the memory for good: names of keys, of which there are a few dozen. */
  name(text: string): Pointer {
    let pointer = this.#names.get(text);
    if (pointer === undefined) {
      pointer = utf8(this, (size) => this.malloc(size), text);
      this.#names.set(text, pointer);
    }
    return pointer;
  }

  /** Makes a JavaScript function callable by PDFium; `signature` is the result and the arguments, e.g. `iiiii`. */
  addFunction(callback: (...args: number[]) => number, signature: string): Pointer {
    return this.#runtime.addFunction(callback, signature);
  }

  removeFunction(pointer: Pointer): void {
    this.#runtime.removeFunction(pointer);
  }

  /** Memory for the time of one call: everything that `alloc` gave is gone when `use` returns. 8-byte aligned, not cleared. */
  frame<T>(use: (alloc: (size: number) => Pointer) => T): T {
    const top = this.#arenaTop;
    const large: Pointer[] = [];
    const alloc = (size: number): Pointer => {
      const aligned = (size + 7) & ~7;
      if (this.#arenaTop + aligned <= ARENA_BYTES) {
        const pointer = this.#arena + this.#arenaTop;
        this.#arenaTop += aligned;
        return pointer;
      }
      const pointer = this.malloc(aligned);
      large.push(pointer);
      return pointer;
    };
    try {
      return use(alloc);
    } finally {
      this.#arenaTop = top;
      for (const pointer of large) this.free(pointer);
    }
  }

  i32(pointer: Pointer): number {
    const { bytes } = this;
    return bytes[pointer]! | (bytes[pointer + 1]! << 8) | (bytes[pointer + 2]! << 16) | (bytes[pointer + 3]! << 24);
  }

  setI32(pointer: Pointer, value: number): void {
    new Int32Array(this.bytes.buffer, pointer, 1)[0] = value;
  }

  f32(pointer: Pointer): number {
    return new Float32Array(this.bytes.buffer, pointer, 1)[0]!;
  }

  f32s(pointer: Pointer, count: number): Float32Array {
    return new Float32Array(this.bytes.buffer, pointer, count);
  }

  f64s(pointer: Pointer, count: number): Float64Array {
    return new Float64Array(this.bytes.buffer, pointer, count);
  }

  i32s(pointer: Pointer, count: number): Int32Array {
    return new Int32Array(this.bytes.buffer, pointer, count);
  }
}

/** Thrown when the wasm memory is at its end; the engine is of no use after it. */
export class WasmMemoryError extends Error {}

export type Alloc = (size: number) => Pointer;

/** UTF-8 with its terminator, for `FPDF_BYTESTRING` and passwords. */
export function utf8(wasm: Wasm, alloc: Alloc, text: string): Pointer {
  const encoded = utf8Bytes(text);
  const pointer = alloc(encoded.length + 1);
  wasm.bytes.set(encoded, pointer);
  wasm.bytes[pointer + encoded.length] = 0;
  return pointer;
}

/** UTF-16LE with its terminator, for `FPDF_WIDESTRING`. */
export function utf16(wasm: Wasm, alloc: Alloc, text: string): Pointer {
  const pointer = alloc(text.length * 2 + 2);
  const units = new Uint16Array(wasm.bytes.buffer, pointer, text.length + 1);
  for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
  units[text.length] = 0;
  return pointer;
}

/** Strings longer than this are cut: no reader needs them and a file may claim any length. */
const MAX_STRING_BYTES = 4 * 1024 * 1024;

/**
 * Reads a UTF-16LE string from a function that fills a buffer and returns the number of bytes it needs, terminator included.
 * Lone surrogates become U+FFFD, so that the text is valid JSON everywhere.
 */
export function readUtf16(wasm: Wasm, get: (buffer: Pointer, bytes: number) => number): string {
  return wasm.frame((alloc) => {
    let size = 512;
    let buffer = alloc(size);
    const needed = get(buffer, size);
    if (needed <= 2) return "";
    if (needed > size) {
      size = Math.min(needed, MAX_STRING_BYTES);
      buffer = alloc(size);
      if (get(buffer, size) > size) return "";
    }
    const length = Math.min(needed, size) >> 1;
    return utf16Text(new Uint16Array(wasm.bytes.buffer, buffer, length - 1));
  });
}

/** The same for functions that give bytes of UTF-8 or ASCII. */
export function readUtf8(wasm: Wasm, get: (buffer: Pointer, bytes: number) => number): string {
  return wasm.frame((alloc) => {
    let size = 512;
    let buffer = alloc(size);
    const needed = get(buffer, size);
    if (needed <= 1) return "";
    if (needed > size) {
      size = Math.min(needed, MAX_STRING_BYTES);
      buffer = alloc(size);
      if (get(buffer, size) > size) return "";
    }
    return utf8Text(wasm.bytes.subarray(buffer, buffer + Math.min(needed, size) - 1));
  });
}

function utf16Text(units: Uint16Array): string {
  let text = "";
  for (let i = 0; i < units.length; i += 8192) text += String.fromCharCode(...units.subarray(i, i + 8192));
  return text.replace(LONE_SURROGATE, "\uFFFD");
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Written out, because a platform-free package has no TextEncoder. */
export function utf8Bytes(text: string): Uint8Array {
  const encoded: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 0x80) encoded.push(code);
    else if (code < 0x800) encoded.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) encoded.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else encoded.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return Uint8Array.from(encoded);
}

/** Bytes that are no valid UTF-8 are read as Latin-1. */
export function utf8Text(bytes: Uint8Array): string {
  let latin = "";
  for (const byte of bytes) latin += String.fromCharCode(byte);
  try {
    return decodeURIComponent(latin.replace(/[%\u0080-\u00ff]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`));
  } catch {
    return latin;
  }
}
