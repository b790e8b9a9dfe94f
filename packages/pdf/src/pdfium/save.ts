/** Full save: the whole document is written anew, never appended to what was there. */
import { PdfError } from "../engine.ts";
import type { Pointer, Wasm } from "./memory.ts";

const NO_INCREMENTAL = 2;
const REMOVE_SECURITY = 3;

/** `plain`: without encryption. */
export function saveDocument(wasm: Wasm, document: Pointer, options: { readonly plain?: boolean } = {}): Uint8Array {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const write = wasm.addFunction((_writer, data, size) => {
    const start = data! >>> 0;
    const chunk = wasm.bytes.slice(start, start + (size! >>> 0));
    chunks.push(chunk);
    length += chunk.length;
    return 1;
  }, "iiii");
  try {
    const done = wasm.frame((alloc) => {
      const writer = alloc(8);
      wasm.setI32(writer, 1);
      wasm.setI32(writer + 4, write);
      return wasm.fn.FPDF_SaveAsCopy(document, writer, options.plain === true ? REMOVE_SECURITY : NO_INCREMENTAL);
    });
    if (done === 0) throw new PdfError("failed", "the document could not be written");
  } finally {
    wasm.removeFunction(write);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Was it opened from a file under encryption, with or without a password to open it? */
export function isEncrypted({ module: wasm, docPtr }: { readonly module: Wasm; readonly docPtr: Pointer }): boolean {
  return wasm.fn.EPDF_IsEncrypted(docPtr) !== 0;
}
