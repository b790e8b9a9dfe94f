/** What a file says about itself: metadata, permissions, forms, signatures. */
import type { PdfMetadata, PdfPermissions } from "../engine.ts";
import { isoDate } from "../dates.ts";
import { type Pointer, readUtf16, type Wasm } from "./memory.ts";

const MAX_TEXT = 4096;

export function readMetadata(wasm: Wasm, document: Pointer): PdfMetadata {
  const text = (key: string): string | undefined => {
    const value = readUtf16(wasm, (buffer, bytes) => wasm.fn.FPDF_GetMetaText(document, wasm.name(key), buffer, bytes));
    return value === "" ? undefined : value.slice(0, MAX_TEXT);
  };
  const entries = {
    title: text("Title"),
    author: text("Author"),
    subject: text("Subject"),
    keywords: text("Keywords"),
    creator: text("Creator"),
    producer: text("Producer"),
    dateCreated: isoDate(text("CreationDate") ?? ""),
    dateModified: isoDate(text("ModDate") ?? ""),
  };
  return Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined && value !== null)) as PdfMetadata;
}

/** ISO 32000-2, table 22. In revision 2 the newer rights follow from the older ones. */
export function readPermissions(wasm: Wasm, document: Pointer): PdfPermissions {
  const revision = wasm.fn.FPDF_GetSecurityHandlerRevision(document);
  const bits = revision < 0 ? -1 : wasm.fn.FPDF_GetDocPermissions(document);
  const bit = (n: number): boolean => (bits & (1 << (n - 1))) !== 0;
  const since3 = (n: number, older: number): boolean => (revision === 2 ? bit(older) : bit(n));
  const print = bit(3);
  const modification = bit(4);
  const extract = bit(5);
  const annotationAndForms = bit(6);
  return {
    annotationAndForms,
    assemble: modification || since3(11, 4),
    extract,
    extractAccessibility: extract || since3(10, 5),
    fillForms: annotationAndForms || since3(9, 6),
    modification,
    print,
    printHighQuality: print && since3(12, 3),
  };
}

/** FORMTYPE_XFA_FULL is 2, FORMTYPE_XFA_FOREGROUND 3. */
export function hasXfa(wasm: Wasm, document: Pointer): boolean {
  return wasm.fn.FPDF_GetFormType(document) >= 2;
}

/** Signature fields that are signed. */
export function signatureCount(wasm: Wasm, document: Pointer): number {
  const fields = Math.max(0, wasm.fn.FPDF_GetSignatureCount(document));
  let signed = 0;
  for (let i = 0; i < Math.min(fields, 10_000); i++) {
    const signature = wasm.fn.FPDF_GetSignatureObject(document, i);
    if (signature !== 0 && wasm.fn.FPDFSignatureObj_GetContents(signature, 0, 0) > 0) signed++;
  }
  return signed;
}
