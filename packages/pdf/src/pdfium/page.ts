/** Boxes, size, rotation and label of a page, read without loading its content. */
import type { Rotation } from "@lectern/protocol";
import type { PageInfo, PdfBox } from "../engine.ts";
import { type Pointer, readUtf16, type Wasm } from "./memory.ts";

const BOXES = { media: 0, crop: 1, bleed: 2, trim: 3, art: 4 } as const;
const LETTER: PdfBox = [0, 0, 612, 792];
/** Sides beyond this are nonsense; also the limit of our coordinates. */
const MAX_SIDE = 1_000_000;

export interface PageGeometry {
  /** The part of user space that is the page: what is shown, and the origin of our coordinates. */
  readonly box: PdfBox;
  readonly width: number;
  readonly height: number;
  readonly rotation: Rotation;
  /** PDFium itself would take the page as empty or endless: it must be given `box` before it can draw. */
  readonly repaired: boolean;
}

/** The crop box within the media box; when nothing is left the media box; when that is empty or absurd, US Letter. */
export function pageGeometry(wasm: Wasm, document: Pointer, index: number): PageGeometry {
  const given = sane(readBox(wasm, document, index, BOXES.media));
  const media = given ?? LETTER;
  const crop = given === null ? media : (readBox(wasm, document, index, BOXES.crop) ?? media);
  const visible = sane([
    Math.max(crop[0], media[0]),
    Math.max(crop[1], media[1]),
    Math.min(crop[2], media[2]),
    Math.min(crop[3], media[3]),
  ]);
  const box = visible ?? media;
  const turns = wasm.fn.EPDF_GetPageRotationByIndex(document, index);
  return {
    box,
    width: round(box[2] - box[0]),
    height: round(box[3] - box[1]),
    rotation: ((turns & 3) * 90) as Rotation,
    repaired: given === null || visible === null,
  };
}

export function readPage(wasm: Wasm, document: Pointer, index: number): PageInfo {
  const { width, height, rotation, box } = pageGeometry(wasm, document, index);
  const media = sane(readBox(wasm, document, index, BOXES.media)) ?? LETTER;
  const label = readUtf16(wasm, (buffer, bytes) => wasm.fn.FPDF_GetPageLabel(document, index, buffer, bytes)).slice(0, 256);
  const optional = (kind: number): PdfBox | null => sane(readBox(wasm, document, index, kind));
  return {
    width,
    height,
    rotation,
    label: label === "" ? null : label,
    boxes: {
      media,
      crop: box.every((side, i) => side === media[i]) ? null : box,
      bleed: optional(BOXES.bleed),
      trim: optional(BOXES.trim),
      art: optional(BOXES.art),
    },
  };
}

/** A point of user space as a point of the page, y down from the top-left of its box. */
export function toPage(geometry: PageGeometry, x: number, y: number): [x: number, y: number] {
  return [x - geometry.box[0], geometry.box[3] - y];
}

/** PDFium writes `FS_RECTF`: left, top, right, bottom. */
function readBox(wasm: Wasm, document: Pointer, index: number, kind: number): PdfBox | null {
  return wasm.frame((alloc) => {
    const pointer = alloc(16);
    if (wasm.fn.EPDF_GetPageBoxByIndex(document, index, kind, pointer) === 0) return null;
    const [left, top, right, bottom] = wasm.f32s(pointer, 4) as unknown as [number, number, number, number];
    const box: PdfBox = [
      round(Math.min(left, right)),
      round(Math.min(top, bottom)),
      round(Math.max(left, right)),
      round(Math.max(top, bottom)),
    ];
    return box.every(Number.isFinite) ? box : null;
  });
}

function sane(box: PdfBox | null): PdfBox | null {
  if (box === null || box.some((side) => Math.abs(side) > MAX_SIDE)) return null;
  return box[2] - box[0] > 0 && box[3] - box[1] > 0 ? box : null;
}

/** Floats of 32 bits, without the noise of their conversion. */
function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
