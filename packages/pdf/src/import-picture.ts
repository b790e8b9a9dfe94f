/**
 * Annotations that records cannot say: stamps with looks of their own become images, other kinds stay what they are and are shown by a picture of
 * their appearance. A host that keeps no pictures leaves them to the images of pages.
 */
import type { Image, Raw } from "@lectern/protocol";
import type { Bitmap, FileAnnotation, PdfDocument } from "./engine.ts";
import { annotationData, common, isComment, noteOf, opacityOf, recordBox } from "./import-annotation.ts";
import type { Inflater } from "./objects/filters.ts";
import type { FieldType } from "./forms/read-form.ts";
import { readPrivateData, withPrivateData } from "./private-data.ts";
import { isRecordSubtype, NOT_MARKS, type Subtype } from "./subtypes.ts";

/** Keeps a picture, and says where. */
export interface KeepPicture {
  readonly codec: Inflater;
  readonly drawn: (picture: Bitmap) => { readonly blob: string; readonly mediaType: string };
  /** The file of a picture as it was; null when it is none that is known here, or is not that blob. */
  readonly file: (bytes: Uint8Array, blob: string) => { readonly blob: string; readonly mediaType: string } | null;
}

/** Those whose kind is one of ours are pictured by their appearance when they have one; PDFium makes one up for the others. */
export function isPictured(annotation: FileAnnotation): boolean {
  const { subtype, hasAppearance } = annotation;
  if (NOT_MARKS.has(subtype) || isComment(annotation)) return false;
  return hasAppearance || !isRecordSubtype(subtype as Subtype);
}

/** Null when it is left to the images of pages. */
export function picturedData(
  document: PdfDocument,
  annotation: FileAnnotation,
  { page, pageIndex, keep }: { readonly page: string; readonly pageIndex: number; readonly keep: KeepPicture },
): Image | Raw | null {
  if (!isPictured(annotation)) return null;
  const own = ownImage(document, annotation, { page, keep });
  if (own !== null) return own;
  const picture = annotation.hasAppearance ? document.appearance(pageIndex, annotation) : null;
  const attachment = picture === null ? {} : { attachment: keep.drawn(picture) };
  const base = { ...common(annotation, page), ...noteOf(annotation), geometry: { bbox: recordBox(annotation.rect) } };
  const raw: Raw = { type: "raw", subtype: annotation.subtype.slice(0, 64), ...base, appearance: {} };
  const data = annotation.subtype === "Stamp" && picture !== null ? imageOf(annotation, base) : raw;
  return { ...data, ...attachment };
}

/** An image of our own export that nobody has drawn anew since: it is what it was, with its picture. */
function ownImage(
  document: PdfDocument,
  annotation: FileAnnotation,
  { page, keep }: { readonly page: string; readonly keep: KeepPicture },
): Image | null {
  if (annotation.subtype !== "Stamp" || !annotation.hasAppearance) return null;
  const kept = readPrivateData(annotation.privateData);
  if (kept.type !== "image") return null;
  const base = { ...common(annotation, page), ...noteOf(annotation), geometry: { bbox: recordBox(annotation.rect) } };
  const data = withPrivateData({ type: "image", ...base, appearance: opacityOf(annotation) }, kept, "image") as Image;
  const blob = data.attachment?.blob;
  const bytes = blob === undefined ? null : document.pictureFile(annotation, blob, keep.codec);
  const found = bytes === null ? null : keep.file(bytes, blob!);
  return found === null ? null : { ...data, attachment: { ...data.attachment, ...found } };
}

/** The picture is turned already, and is not the one that it may have been made of. */
function imageOf(annotation: FileAnnotation, base: Omit<Image, "type" | "appearance">): Image {
  const { members } = readPrivateData(annotation.privateData);
  const { attachment: _attachment, geometry: _geometry, ...kept } = members;
  return withPrivateData({ type: "image", ...base, appearance: opacityOf(annotation) }, { type: "image", members: kept }, "image") as Image;
}

/** Is it drawn into images of `"others"`? Not what is a record, nor a word of a conversation, which has no place on the page (ISO 32000-2, 12.5.6.2). */
export function isDrawnWithOthers(annotation: FileAnnotation, fieldType: FieldType | null = null): boolean {
  // Of the fields, which are records all, only buttons and signatures have their looks in the file alone.
  if (annotation.subtype === "Widget") return fieldType === null || fieldType === "button" || fieldType === "signature";
  if (annotation.subtype === "Popup" || isComment(annotation)) return false;
  return annotationData(annotation, "") === null && !isPictured(annotation);
}
