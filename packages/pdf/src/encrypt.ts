/** Passwords and owner restrictions of an exported file: AES-256, revision 6 of the standard security handler (ISO 32000-2, 7.6.4), written by PDFium. */
import { PdfError, type PdfEngine, type PdfPermissions } from "./engine.ts";
import { handleOf } from "./pdfium/document.ts";
import { utf8 } from "./pdfium/memory.ts";
import { saveDocument } from "./pdfium/save.ts";

export interface Encryption {
  /** Opens the file. Empty: it opens without one. */
  readonly userPassword: string;
  /** Lifts the restrictions; must not be empty and should differ from the other. */
  readonly ownerPassword: string;
  readonly permissions: PdfPermissions;
}

/** Bits of /P (table 22), numbered from 1. */
const BITS: Readonly<Record<keyof PdfPermissions, number>> = {
  print: 3,
  modification: 4,
  extract: 5,
  annotationAndForms: 6,
  fillForms: 9,
  extractAccessibility: 10,
  assemble: 11,
  printHighQuality: 12,
};
/** Bits 7, 8 and 13 to 32 are 1. */
const RESERVED = 0xfffff0c0;

export const ALL_PERMITTED: PdfPermissions = {
  print: true,
  modification: true,
  extract: true,
  annotationAndForms: true,
  fillForms: true,
  extractAccessibility: true,
  assemble: true,
  printHighQuality: true,
};

/** Salted: two calls give different bytes. Throws PdfError `failed`. */
export function encryptFile(engine: PdfEngine, bytes: Uint8Array, { userPassword, ownerPassword, permissions }: Encryption): Uint8Array {
  const document = engine.open(bytes);
  try {
    const handle = handleOf(document);
    return handle.guard(() => {
      const { module: wasm, docPtr } = handle;
      let bits = RESERVED;
      for (const [key, bit] of Object.entries(BITS) as [keyof PdfPermissions, number][]) if (permissions[key]) bits |= 1 << (bit - 1);
      const done = wasm.frame((alloc) =>
        wasm.fn.EPDF_SetEncryption(docPtr, utf8(wasm, alloc, userPassword), utf8(wasm, alloc, ownerPassword), bits | 0),
      );
      if (done === 0) throw new PdfError("failed", "the file cannot be encrypted");
      return saveDocument(wasm, docPtr);
    });
  } finally {
    document.close();
  }
}
