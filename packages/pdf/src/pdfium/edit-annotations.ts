/** Takes annotations, or the looks of them, out of a document before it is saved: what nothing refers to is not saved. */
import { PdfError } from "../engine.ts";
import type { PdfiumHandle } from "./document.ts";

export function removeAnnotations(handle: PdfiumHandle, index: number, ordinals: ReadonlySet<number>): void {
  if (ordinals.size === 0) return;
  const { module: wasm, docPtr } = handle;
  handle.guard(() => {
    for (const ordinal of [...ordinals].toSorted((a, b) => b - a)) {
      if (wasm.fn.EPDFPage_RemoveAnnotRaw(docPtr, index, ordinal) === 0) throw new PdfError("failed", "an annotation could not be removed");
    }
  });
}

const MODES = [0, 1, 2] as const;

export function clearAppearance(handle: PdfiumHandle, index: number, ordinals: readonly number[]): void {
  if (ordinals.length === 0) return;
  const { module: wasm, docPtr } = handle;
  handle.guard(() => {
    for (const ordinal of ordinals) {
      const annotation = wasm.fn.EPDFPage_GetAnnotRaw(docPtr, index, ordinal);
      if (annotation === 0) continue;
      for (const mode of MODES) wasm.fn.FPDFAnnot_SetAP(annotation, mode, 0);
      wasm.fn.FPDFPage_CloseAnnot(annotation);
    }
  });
}
