/** Keeps annotations out of a drawing. Only for the copy that is drawn on. */
import { type Subtype, subtypeOf } from "../subtypes.ts";
import { type Pointer, utf16, type Wasm } from "./memory.ts";

const HIDDEN = 2;

/** By subtype and place in the page's list. */
export type IsShown = (subtype: Subtype, ordinal: number) => boolean;

/**
 * Does `work` with only those of the page's annotations visible that are `shown`, then puts their flags back. PDFium makes
 * up no appearances for hidden ones, which would cost a second for a thousand of them.
 */
export function withOnly(wasm: Wasm, page: Pointer, shown: IsShown, work: () => void): void {
  const { fn } = wasm;
  const hidden: [annotation: Pointer, flags: number][] = [];
  const count = fn.FPDFPage_GetAnnotCount(page);
  for (let i = 0; i < count; i++) {
    const annotation = fn.FPDFPage_GetAnnot(page, i);
    if (annotation === 0) continue;
    const flags = fn.FPDFAnnot_GetFlags(annotation);
    if ((flags & HIDDEN) !== 0 || shown(subtypeOf(fn.FPDFAnnot_GetSubtype(annotation)), i)) fn.FPDFPage_CloseAnnot(annotation);
    else {
      fn.FPDFAnnot_SetFlags(annotation, flags | HIDDEN);
      hidden.push([annotation, flags]);
    }
  }
  work();
  for (const [annotation, flags] of hidden) {
    fn.FPDFAnnot_SetFlags(annotation, flags);
    fn.FPDFPage_CloseAnnot(annotation);
  }
}

/**
 * PDFium makes a window, with an appearance, for every annotation with contents each time it draws, and never shows it: half a
 * second for a thousand annotations. Without contents it makes none; of the appearances only free text's needs them.
 */
export function dropContents(wasm: Wasm, page: Pointer): void {
  const { fn } = wasm;
  wasm.frame((alloc) => {
    const empty = utf16(wasm, alloc, "");
    const key = wasm.name("Contents");
    const count = fn.FPDFPage_GetAnnotCount(page);
    for (let i = 0; i < count; i++) {
      const annotation = fn.FPDFPage_GetAnnot(page, i);
      if (annotation === 0) continue;
      const subtype = subtypeOf(fn.FPDFAnnot_GetSubtype(annotation));
      if (subtype !== "FreeText" && fn.FPDFAnnot_HasKey(annotation, key) !== 0) fn.FPDFAnnot_SetStringValue(annotation, key, empty);
      fn.FPDFPage_CloseAnnot(annotation);
    }
  });
}
