/** The form of a document: PDFium saves it in the clear, and its objects are read there. */
import type { FormPage } from "../forms/read-form.ts";
import type { PdfiumHandle } from "./document.ts";
import type { Pointer, Wasm } from "./memory.ts";
import { pageGeometry } from "./page.ts";
import { saveDocument } from "./save.ts";

export interface PlainFile {
  readonly bytes: Uint8Array;
  readonly pages: readonly FormPage[];
}

/** Says the catalog that there is a form? */
export function hasForm(wasm: Wasm, document: Pointer): boolean {
  return wasm.fn.FPDF_GetFormType(document) !== 0;
}

/** The whole file without encryption, and where its pages are. Page numbers of objects are those of the document. */
export function plainFile({ module: wasm, docPtr }: Pick<PdfiumHandle, "module" | "docPtr">): PlainFile {
  return { bytes: saveDocument(wasm, docPtr, { plain: true }), pages: formPages({ module: wasm, docPtr }) };
}

export function formPages({ module: wasm, docPtr }: Pick<PdfiumHandle, "module" | "docPtr">): FormPage[] {
  return Array.from({ length: wasm.fn.FPDF_GetPageCount(docPtr) }, (_, index) => ({
    objectNumber: wasm.fn.EPDFDoc_GetPageObjectNumberByIndex(docPtr, index),
    box: pageGeometry(wasm, docPtr, index).box,
  }));
}
