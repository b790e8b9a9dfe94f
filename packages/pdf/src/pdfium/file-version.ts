/** What tells two versions of a file apart. */
import type { PdfiumHandle } from "./document.ts";

/** Has the file the permanent identifier that it should? */
export function hasFileId({ module: wasm, docPtr }: PdfiumHandle): boolean {
  return wasm.fn.FPDF_GetFileIdentifier(docPtr, PERMANENT, 0, 0) > 1;
}

const PERMANENT = 0;
