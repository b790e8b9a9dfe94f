/**
 * How PDFium reads a file that is not in its memory: `FPDF_FILEACCESS` over a synchronous reader, with a cache of
 * 64 KB blocks for readers whose every call costs something. One callback serves all open files.
 */
import type { RangeReader } from "../engine.ts";
import type { Pointer, Wasm } from "./memory.ts";

const BLOCK_BYTES = 64 * 1024;
const CACHED_BLOCKS = 64;

export interface OpenFile {
  /** `FPDF_FILEACCESS*`; must stay until the document is closed. */
  readonly access: Pointer;
  readonly size: number;
  /** Fills `target` from `position`; false when that cannot be done. */
  read(position: number, target: Uint8Array): boolean;
  close(): void;
}

export class FileTable {
  readonly #wasm: Wasm;
  readonly #readers = new Map<number, (position: number, target: Uint8Array) => boolean>();
  readonly #callback: Pointer;
  readonly #say: (message: string) => void;
  #next = 1;

  constructor(wasm: Wasm, say: (message: string) => void) {
    this.#wasm = wasm;
    this.#say = say;
    this.#callback = wasm.addFunction(
      (id, position, buffer, size) => this.#read(id!, position! >>> 0, buffer! >>> 0, size! >>> 0),
      "iiiii",
    );
  }

  open(source: Uint8Array | RangeReader): OpenFile {
    const id = this.#next++;
    const size = source instanceof Uint8Array ? source.length : source.size;
    this.#readers.set(id, source instanceof Uint8Array ? fromBytes(source) : throughBlocks(source));
    const access = this.#wasm.malloc(12);
    const fields = this.#wasm.i32s(access, 3);
    fields[0] = size;
    fields[1] = this.#callback;
    fields[2] = id;
    return {
      access,
      size,
      read: (position, target) => this.#fill(id, position, target),
      close: () => {
        this.#readers.delete(id);
        this.#wasm.free(access);
      },
    };
  }

  close(): void {
    this.#readers.clear();
    this.#wasm.removeFunction(this.#callback);
  }

  /** Called by PDFium in the middle of its work. */
  #read(id: number, position: number, buffer: Pointer, size: number): number {
    return this.#fill(id, position, this.#wasm.bytes.subarray(buffer, buffer + size)) ? 1 : 0;
  }

  /** An exception must not pass through PDFium: what cannot be read counts as damaged. */
  #fill(id: number, position: number, target: Uint8Array): boolean {
    try {
      return this.#readers.get(id)?.(position, target) ?? false;
    } catch (error) {
      this.#say(`reading ${target.length} bytes at ${position} has failed: ${String(error)}`);
      return false;
    }
  }
}

function fromBytes(bytes: Uint8Array): (position: number, target: Uint8Array) => boolean {
  return (position, target) => {
    if (position + target.length > bytes.length) return false;
    target.set(bytes.subarray(position, position + target.length));
    return true;
  };
}

function throughBlocks(reader: RangeReader): (position: number, target: Uint8Array) => boolean {
  /** In order of use, the least recent first. */
  const blocks = new Map<number, Uint8Array>();
  const block = (index: number): Uint8Array | null => {
    let found = blocks.get(index);
    if (found === undefined) {
      const start = index * BLOCK_BYTES;
      found = new Uint8Array(Math.min(BLOCK_BYTES, reader.size - start));
      if (!reader.read(start, found)) return null;
      if (blocks.size >= CACHED_BLOCKS) blocks.delete(blocks.keys().next().value!);
    } else blocks.delete(index);
    blocks.set(index, found);
    return found;
  };
  return (position, target) => {
    if (position + target.length > reader.size) return false;
    let done = 0;
    while (done < target.length) {
      const at = position + done;
      const index = Math.floor(at / BLOCK_BYTES);
      const found = block(index);
      if (found === null) return false;
      const part = found.subarray(at - index * BLOCK_BYTES, at - index * BLOCK_BYTES + target.length - done);
      target.set(part, done);
      done += part.length;
    }
    return true;
  };
}
