/** Draws annotations into the content of their page. */
import { PdfError } from "../engine.ts";
import { subtypeOf } from "../subtypes.ts";
import type { PdfiumHandle } from "./document.ts";
import { type Pointer, readUtf16, type Wasm } from "./memory.ts";

export interface FlattenedPage {
  /** Object number of the page. */
  readonly page: number;
  /** Object numbers of the annotations that stay, to be written into the page's list when the file is finished. */
  readonly kept: readonly number[];
  /** Of those that are gone, for nothing to refer to them any more. */
  readonly gone: ReadonlySet<number>;
}

/** What has a name or a number to be chosen by; see `FlattenScope`. */
export interface FlattenCandidate {
  readonly subtype: string;
  readonly objectNumber: number;
  /** /NM */
  readonly name: () => string;
}

interface Mark {
  readonly annotation: Pointer;
  readonly flags: number;
  readonly number: number;
  readonly isDrawn: boolean;
  /** Object number of what it is a window or a word about; 0 for none that is known, null for a mark of its own. */
  readonly hangsOn: number | null;
}

/**
 * Draws visible marks and form fields into the page's content, those that `isWanted`. Links and what is hidden stay; null when nothing is drawn.
 * PDFium's flattening adds to the content without rewriting it, which its other ways do, but it takes away the whole list of
 * annotations. So those that stay are hidden meanwhile, and each is held by a stand-in on the new list, for
 * export to put it back there.
 */
export function flattenPage(handle: PdfiumHandle, index: number, isWanted?: (mark: FlattenCandidate) => boolean): FlattenedPage | null {
  const { module: wasm, docPtr } = handle;
  const { fn } = wasm;
  if (fn.EPDFPage_GetAnnotCountRaw(docPtr, index) === 0) return null;
  return handle.withPage(index, (page) => {
    const marks: Mark[] = [];
    for (let at = 0; at < fn.FPDFPage_GetAnnotCount(page); at++) {
      const annotation = fn.FPDFPage_GetAnnot(page, at);
      if (annotation !== 0) marks.push(readMark(wasm, annotation, isWanted));
    }
    const drawn = new Set(marks.filter(({ isDrawn }) => isDrawn));
    const gone = goneWith(marks, drawn, isWanted === undefined);
    const staying = marks.filter((mark) => !drawn.has(mark) && !gone.has(mark) && mark.number > 0);
    for (const mark of marks) if (!drawn.has(mark)) fn.FPDFAnnot_SetFlags(mark.annotation, mark.flags | HIDDEN);
    if (drawn.size > 0 && fn.FPDFPage_Flatten(page, FOR_THE_SCREEN) === FLATTEN_FAILED)
      throw new PdfError("failed", "a page could not be flattened");
    for (const { annotation, flags } of staying) {
      fn.FPDFAnnot_SetFlags(annotation, flags);
      if (drawn.size > 0) holdPlace(wasm, page, annotation);
    }
    for (const { annotation } of marks) fn.FPDFPage_CloseAnnot(annotation);
    if (drawn.size === 0) return null;
    return {
      page: fn.EPDFPage_GetObjectNumber(page),
      kept: staying.map(({ number }) => number),
      gone: new Set([...drawn, ...gone].flatMap(({ number }) => (number > 0 ? [number] : []))),
    };
  });
}

function readMark(wasm: Wasm, annotation: Pointer, isWanted?: (mark: FlattenCandidate) => boolean): Mark {
  const { fn } = wasm;
  const subtype = subtypeOf(fn.FPDFAnnot_GetSubtype(annotation));
  const flags = fn.FPDFAnnot_GetFlags(annotation);
  const number = fn.EPDFAnnot_GetObjectNumber(annotation);
  // What is grouped with another is a mark like that.
  const isReply = fn.FPDFAnnot_HasKey(annotation, wasm.name("IRT")) !== 0 && fn.EPDFAnnot_GetReplyType(annotation) !== GROUP;
  const hangsOn = subtype === "Popup" ? linkedNumber(wasm, annotation, "Parent") : isReply ? linkedNumber(wasm, annotation, "IRT") : null;
  const name = (): string => readUtf16(wasm, (buffer, bytes) => fn.FPDFAnnot_GetStringValue(annotation, wasm.name("NM"), buffer, bytes));
  const isDrawn =
    hangsOn === null &&
    subtype !== "Link" &&
    (flags & NOT_SEEN) === 0 &&
    fn.EPDFAnnot_HasAppearanceStream(annotation, NORMAL) !== 0 &&
    (isWanted === undefined || isWanted({ subtype, objectNumber: number, name }));
  return { annotation, flags, number, isDrawn, hangsOn };
}

function linkedNumber(wasm: Wasm, annotation: Pointer, key: string): number {
  const linked = wasm.fn.FPDFAnnot_GetLinkedAnnot(annotation, wasm.name(key));
  if (linked === 0) return 0;
  const number = wasm.fn.EPDFAnnot_GetObjectNumber(linked);
  wasm.fn.FPDFPage_CloseAnnot(linked);
  return number;
}

/** Windows of and words about what is drawn. `all`: with nothing left to hang on, those of others too. */
function goneWith(marks: readonly Mark[], drawn: ReadonlySet<Mark>, all: boolean): ReadonlySet<Mark> {
  if (all) return new Set(marks.filter(({ hangsOn }) => hangsOn !== null));
  const gone = new Set<Mark>();
  const numbers = new Set([...drawn].map(({ number }) => number));
  for (let before = -1; before !== gone.size;) {
    before = gone.size;
    for (const mark of marks) {
      if (mark.hangsOn === null || mark.hangsOn === 0 || !numbers.has(mark.hangsOn)) continue;
      gone.add(mark);
      if (mark.number > 0) numbers.add(mark.number);
    }
  }
  return gone;
}

const GROUP = 2;
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
