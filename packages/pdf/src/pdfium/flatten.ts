/** Draws annotations into the content of their page. */
import { PdfError } from "../engine.ts";
import { subtypeOf } from "../subtypes.ts";
import type { PdfiumHandle } from "./document.ts";
import type { Pointer, Wasm } from "./memory.ts";

export interface FlattenedPage {
  /** Object number of the page. */
  readonly page: number;
  /** Object numbers of the annotations that stay, to be written into the page's list when the file is finished. */
  readonly kept: readonly number[];
}

/**
 * Draws every visible mark and form field into the page's content. Links and what is hidden stay; null when nothing is drawn.
 * PDFium's flattening adds to the content without rewriting it, which its other ways do, but it takes away the whole list of
 * annotations. So those that stay are hidden meanwhile, and each is held by a stand-in on the new list, for
 * export to put it back there.
 */
export function flattenPage(handle: PdfiumHandle, index: number): FlattenedPage | null {
  const { module: wasm, docPtr } = handle;
  const { fn } = wasm;
  if (fn.EPDFPage_GetAnnotCountRaw(docPtr, index) === 0) return null;
  return handle.withPage(index, (page) => {
    const staying: { readonly annotation: Pointer; readonly flags: number }[] = [];
    let marks = 0;
    for (let at = 0; at < fn.FPDFPage_GetAnnotCount(page); at++) {
      const annotation = fn.FPDFPage_GetAnnot(page, at);
      if (annotation === 0) continue;
      const subtype = subtypeOf(fn.FPDFAnnot_GetSubtype(annotation));
      const flags = fn.FPDFAnnot_GetFlags(annotation);
      const goes = subtype === "Popup" || fn.FPDFAnnot_HasKey(annotation, wasm.name("IRT")) !== 0;
      const isDrawn = !goes && subtype !== "Link" && (flags & NOT_SEEN) === 0 && fn.EPDFAnnot_HasAppearanceStream(annotation, NORMAL) !== 0;
      if (isDrawn) marks++;
      else if (!goes && fn.EPDFAnnot_GetObjectNumber(annotation) > 0) {
        staying.push({ annotation, flags });
        continue;
      } else fn.FPDFAnnot_SetFlags(annotation, flags | HIDDEN);
      fn.FPDFPage_CloseAnnot(annotation);
    }
    for (const { annotation, flags } of staying) fn.FPDFAnnot_SetFlags(annotation, flags | HIDDEN);
    if (marks > 0 && fn.FPDFPage_Flatten(page, FOR_THE_SCREEN) === FLATTEN_FAILED)
      throw new PdfError("failed", "a page could not be flattened");
    for (const { annotation, flags } of staying) {
      fn.FPDFAnnot_SetFlags(annotation, flags);
      if (marks > 0) holdPlace(wasm, page, annotation);
    }
    const kept = staying.map(({ annotation }) => fn.EPDFAnnot_GetObjectNumber(annotation));
    for (const { annotation } of staying) fn.FPDFPage_CloseAnnot(annotation);
    return marks === 0 ? null : { page: fn.EPDFPage_GetObjectNumber(page), kept };
  });
}

const HIDDEN = 2;
/** Bits of /F: hidden, or not for the screen. */
export const NOT_SEEN = HIDDEN | 32;
const FOR_THE_SCREEN = 0;
const FLATTEN_FAILED = 0;
const POPUP = 16;

const NORMAL = 0;

/** What nothing refers to is not saved: the stand-in refers to the annotation. */
function holdPlace(wasm: Wasm, page: Pointer, annotation: Pointer): void {
  const standIn = wasm.fn.EPDFPage_CreateAnnot(page, POPUP);
  if (standIn === 0 || wasm.fn.EPDFAnnot_SetLinkedAnnot(standIn, wasm.name("Parent"), annotation) === 0) {
    throw new PdfError("failed", "an annotation could not be kept");
  }
  wasm.fn.FPDFPage_CloseAnnot(standIn);
}
