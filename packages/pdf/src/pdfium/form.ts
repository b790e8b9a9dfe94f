/** What PDFium tells of a form; the rest is read from the objects of the file. */
import type { FormPage } from "../forms/read-form.ts";
import type { PdfiumHandle } from "./document.ts";
import type { Pointer, Wasm } from "./memory.ts";
import { pageGeometry } from "./page.ts";

/** Says the catalog that there is a form? */
export function hasForm(wasm: Wasm, document: Pointer): boolean {
  return wasm.fn.FPDF_GetFormType(document) !== 0;
}

/** Where the pages are; page numbers of objects stay when the document is saved. */
export function formPages({ module: wasm, docPtr }: Pick<PdfiumHandle, "module" | "docPtr">): FormPage[] {
  return Array.from({ length: wasm.fn.FPDF_GetPageCount(docPtr) }, (_, index) => ({
    objectNumber: wasm.fn.EPDFDoc_GetPageObjectNumberByIndex(docPtr, index),
    box: pageGeometry(wasm, docPtr, index).box,
  }));
}
