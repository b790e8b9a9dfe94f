/** What tells two versions of a file apart: its identifier and its modification date. */
import type { PdfiumHandle } from "./document.ts";
import { utf16 } from "./memory.ts";

/** Has the file the permanent identifier that it should? */
export function hasFileId({ module: wasm, docPtr }: PdfiumHandle): boolean {
  return wasm.fn.FPDF_GetFileIdentifier(docPtr, PERMANENT, 0, 0) > 1;
}

const PERMANENT = 0;

/** `date` as PDF writes it. */
export function setModificationDate({ module: wasm, docPtr }: PdfiumHandle, date: string): void {
  wasm.frame((alloc) => wasm.fn.EPDF_SetMetaText(docPtr, wasm.name("ModDate"), utf16(wasm, alloc, date)));
}
