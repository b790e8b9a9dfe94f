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
  close(): void;
}

export class FileTable {
  readonly #wasm: Wasm;
  readonly #readers = new Map<number, (position: number, target: Uint8Array) => boolean>();
  readonly #callback: Pointer;
  #next = 1;

  constructor(wasm: Wasm) {
    this.#wasm = wasm;
    this.#callback = wasm.addFunction((id, position, buffer, size) => this.#read(id!, position! >>> 0, buffer! >>> 0, size! >>> 0), "iiiii");
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

  /** Called by PDFium in the middle of its work: an exception must not pass through it. */
  #read(id: number, position: number, buffer: Pointer, size: number): number {
    try {
      const reader = this.#readers.get(id);
      return reader?.(position, this.#wasm.bytes.subarray(buffer, buffer + size)) === true ? 1 : 0;
    } catch {
      return 0; // PDFium then reports a file that cannot be read
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
