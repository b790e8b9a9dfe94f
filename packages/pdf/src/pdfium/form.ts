/** The form of a document: PDFium saves it in the clear, and its objects are read there. */
import type { FormPage } from "../forms/read-form.ts";
import type { PdfiumHandle } from "./document.ts";
import { utf8, type Pointer, type Wasm } from "./memory.ts";
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
  const count = wasm.fn.FPDF_GetPageCount(docPtr);
  const pages = Array.from({ length: count }, (_, index) => ({
    objectNumber: wasm.fn.EPDFDoc_GetPageObjectNumberByIndex(docPtr, index),
    box: pageGeometry(wasm, docPtr, index).box,
  }));
  return { bytes: saveDocument(wasm, docPtr, { plain: true }), pages };
}

/** What a file was locked with, as far as it is known to whoever could open it. */
export interface Lock {
  readonly password: string;
  readonly ownerPassword: string;
  /** /P */
  readonly permissions: number;
}

export function permissionBits({ module: wasm, docPtr }: PdfiumHandle): number {
  return wasm.fn.FPDF_GetDocPermissions(docPtr);
}

/** AES-256, when it is saved. */
export function lockDocument({ module: wasm, docPtr }: PdfiumHandle, { password, ownerPassword, permissions }: Lock): boolean {
  return wasm.frame(
    (alloc) => wasm.fn.EPDF_SetEncryption(docPtr, utf8(wasm, alloc, password), utf8(wasm, alloc, ownerPassword), permissions) !== 0,
  );
}
