/** Keeps annotations that are records out of a drawing. */
import type { Pointer, Wasm } from "./memory.ts";
import { isDrawnWithOthers, subtypeOf } from "../subtypes.ts";

const HIDDEN = 2;

/**
 * Does `work` with the page's records hidden, then puts their flags back. PDFium makes no appearances for hidden ones,
 * which would cost a third of a second for a thousand of them.
 */
export function withoutRecords(wasm: Wasm, page: Pointer, work: () => void): void {
  const { fn } = wasm;
  const hidden: [annotation: Pointer, flags: number][] = [];
  const count = fn.FPDFPage_GetAnnotCount(page);
  for (let i = 0; i < count; i++) {
    const annotation = fn.FPDFPage_GetAnnot(page, i);
    if (annotation === 0) continue;
    const flags = fn.FPDFAnnot_GetFlags(annotation);
    if (isDrawnWithOthers(subtypeOf(fn.FPDFAnnot_GetSubtype(annotation))) || (flags & HIDDEN) !== 0) fn.FPDFPage_CloseAnnot(annotation);
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
