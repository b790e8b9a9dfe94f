/** Puts annotations into the list of a page, in place of others or at its end, and takes others out of it. */
import type { FileAnnotation } from "../engine.ts";
import { PdfError } from "../engine.ts";
import { type AnnotationToWrite, createAnnotation, writeRect } from "./annotations.ts";
import type { PdfiumHandle } from "./document.ts";
import type { Pointer, Wasm } from "./memory.ts";
import { pageGeometry } from "./page.ts";
import { subtypeOf } from "../subtypes.ts";

export interface Edit {
  /** Ordinal of the annotation that goes away. */
  readonly replaces: number | null;
  /** What takes its place, or comes at the end. */
  readonly write: AnnotationToWrite | null;
  /** It only gets the appearance of what is written: it is about to become content of the page. */
  readonly onlyAppearance?: boolean;
}

export interface PageEdits {
  readonly edits: readonly Edit[];
  /** The page's annotations before the edits. */
  readonly found: readonly FileAnnotation[];
  /** `FPDF_DOCUMENT` whose pages, from `first`, are the appearances of what is written, in that order. */
  readonly appearances: { readonly document: Pointer; readonly first: number };
}

/** Object numbers of the annotations written, in the order of the edits. */
export function editPage(handle: PdfiumHandle, index: number, { edits, found, appearances }: PageEdits): number[] {
  if (edits.length === 0) return [];
  const { module: wasm, docPtr } = handle;
  const { fn } = wasm;
  return handle.withPage(index, (page) => {
    const geometry = pageGeometry(wasm, docPtr, index);
    const links = readLinks(wasm, page, found);
    const count = fn.FPDFPage_GetAnnotCount(page);
    /** The page's list as it changes: ordinals of what was there, `-1 - n` for the nth that is written. */
    const list = Array.from({ length: count }, (_, ordinal) => ordinal);
    const numbers: number[] = [];
    const gone = new Set<number>();
    const setAppearance = (annotation: Pointer): void => {
      if (fn.EPDFAnnot_SetAppearanceFromPage(annotation, appearances.document, appearances.first + numbers.length) === 0) {
        throw new PdfError("failed", "an appearance could not be written");
      }
      numbers.push(fn.EPDFAnnot_GetObjectNumber(annotation));
    };

    for (const { replaces, write, onlyAppearance } of edits) {
      if (write !== null && replaces !== null && onlyAppearance === true) {
        const annotation = fn.FPDFPage_GetAnnot(page, list.indexOf(replaces));
        writeRect({ wasm, pointer: annotation, geometry }, write.rect);
        setAppearance(annotation);
        fn.FPDFPage_CloseAnnot(annotation);
        continue;
      }
      if (write !== null) {
        const annotation = createAnnotation(wasm, page, geometry, write);
        const token = -1 - numbers.length;
        list.push(token);
        setAppearance(annotation);
        if (replaces !== null) {
          relink(wasm, page, { annotation, old: replaces, links, list });
          move(wasm, page, list, list.indexOf(token), list.indexOf(replaces));
        }
        fn.FPDFPage_CloseAnnot(annotation);
      } else if (replaces !== null) for (const ordinal of followers(replaces, links)) gone.add(ordinal);
      if (replaces !== null) gone.add(replaces);
    }
    for (let at = list.length - 1; at >= 0; at--) {
      if (gone.has(list[at]!) && fn.EPDFPage_RemoveAnnot(page, at) === 0)
        throw new PdfError("failed", "an annotation could not be removed");
    }
    return numbers;
  });
}

/** Ordinals of the annotations that have no appearance of their own. */
export function withoutAppearance(handle: PdfiumHandle, index: number): ReadonlySet<number> {
  const { module: wasm, docPtr } = handle;
  const ordinals = new Set<number>();
  for (let ordinal = 0; ordinal < wasm.fn.EPDFPage_GetAnnotCountRaw(docPtr, index); ordinal++) {
    const annotation = wasm.fn.EPDFPage_GetAnnotRaw(docPtr, index, ordinal);
    if (annotation === 0) continue;
    if (wasm.fn.EPDFAnnot_HasAppearanceStream(annotation, NORMAL) === 0) ordinals.add(ordinal);
    wasm.fn.FPDFPage_CloseAnnot(annotation);
  }
  return ordinals;
}

export interface FlattenedPage {
  /** Object number of the page. */
  readonly page: number;
  /** Object numbers of the annotations that stay, to be written into the page's list when the file is finished. */
  readonly kept: readonly number[];
}

/**
 * Draws every visible mark into the page's content. Links, form fields and what is hidden stay; null when nothing is drawn.
 * PDFium's flattening adds to the content without rewriting it, which its other ways do, but it takes away the whole list of
 * annotations. So those that stay are hidden meanwhile, and each is held by a stand-in on the new list, for
 * `finishFile` to put it back there.
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
      const isDrawn =
        !goes &&
        subtype !== "Link" &&
        subtype !== "Widget" &&
        (flags & NOT_SEEN) === 0 &&
        fn.EPDFAnnot_HasAppearanceStream(annotation, NORMAL) !== 0;
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

/** For popups and replies: the ordinal, the key by which it hangs on another annotation, and that one's ordinal. */
interface Link {
  readonly ordinal: number;
  readonly key: "Parent" | "IRT";
  readonly target: number;
}

function readLinks(wasm: Wasm, page: Pointer, found: readonly FileAnnotation[]): Link[] {
  const { fn } = wasm;
  const ordinals = new Map(found.map(({ objectNumber, ordinal }) => [objectNumber, ordinal]));
  return found.flatMap(({ ordinal, subtype, isReply }): Link[] => {
    if (subtype !== "Popup" && !isReply) return [];
    const key = isReply ? "IRT" : "Parent";
    const annotation = fn.FPDFPage_GetAnnot(page, ordinal);
    const linked = fn.FPDFAnnot_GetLinkedAnnot(annotation, wasm.name(key));
    const target = linked === 0 ? undefined : ordinals.get(fn.EPDFAnnot_GetObjectNumber(linked));
    if (linked !== 0) fn.FPDFPage_CloseAnnot(linked);
    fn.FPDFPage_CloseAnnot(annotation);
    return target === undefined || target === ordinal ? [] : [{ ordinal, key, target }];
  });
}

interface Relinking {
  readonly annotation: Pointer;
  readonly old: number;
  readonly links: readonly Link[];
  readonly list: readonly number[];
}

/** What hangs on the old one hangs on the new one. */
function relink(wasm: Wasm, page: Pointer, { annotation, old, links, list }: Relinking): void {
  for (const { ordinal, key, target } of links) {
    if (target !== old) continue;
    const follower = wasm.fn.FPDFPage_GetAnnot(page, list.indexOf(ordinal));
    wasm.fn.EPDFAnnot_SetLinkedAnnot(follower, wasm.name(key), annotation);
    if (key === "Parent") wasm.fn.EPDFAnnot_SetLinkedAnnot(annotation, wasm.name("Popup"), follower);
    wasm.fn.FPDFPage_CloseAnnot(follower);
  }
}

/** The popup of an annotation, the replies to it, and theirs. */
function followers(ordinal: number, links: readonly Link[]): number[] {
  const found = [ordinal];
  for (const each of found)
    found.push(...links.filter(({ target, ordinal: own }) => target === each && !found.includes(own)).map((link) => link.ordinal));
  return found.slice(1);
}

function move(wasm: Wasm, page: Pointer, list: number[], from: number, to: number): void {
  wasm.frame((alloc) => {
    const indexes = alloc(4);
    wasm.setI32(indexes, from);
    if (wasm.fn.EPDFPage_MoveAnnots(page, indexes, 1, to) === 0) throw new PdfError("failed", "an annotation could not be moved");
  });
  list.splice(to, 0, ...list.splice(from, 1));
}
