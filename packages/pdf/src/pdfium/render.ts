/** Pages to pixels. One buffer in the memory of PDFium is used for all of them; the result is copied out once. */
import { type Bitmap, PdfError, type RenderOptions } from "../engine.ts";
import type { DocumentCopy } from "./copy.ts";
import type { Pointer, Wasm } from "./memory.ts";
import { type IsShown, withOnly } from "./hide.ts";
import type { PageGeometry } from "./page.ts";
import { subtypeOf } from "../subtypes.ts";

/** Without alpha PDFium draws up to twice as fast as with it; a page is opaque anyway. */
const FORMAT_BGRX = 3;
const DRAW_ANNOTATIONS = 0x01;
/** RGBx instead of BGRx: costs PDFium nothing, while turning a page's pixels afterwards takes half as long as drawing it. */
const REVERSE_BYTES = 0x10;
/** A larger buffer is given back after use. */
const KEPT_BYTES = 32 * 1024 * 1024;

export class Canvas {
  readonly #wasm: Wasm;
  readonly maxPixels: number;
  #buffer: Pointer = 0;
  #size = 0;

  constructor(wasm: Wasm, maxPixels: number) {
    this.#wasm = wasm;
    this.maxPixels = maxPixels;
  }

  /** A white bitmap; `draw` gets the `FPDF_BITMAP`. The pixels go into `into` when they have room there. */
  use(width: number, height: number, draw: (bitmap: Pointer) => void, into?: Uint8Array): Bitmap {
    const { fn } = this.#wasm;
    const bytes = width * height * 4;
    if (this.#size < bytes) {
      this.#release();
      this.#buffer = this.#wasm.malloc(bytes);
      this.#size = bytes;
    }
    this.#wasm.bytes.fill(255, this.#buffer, this.#buffer + bytes);
    const bitmap = fn.FPDFBitmap_CreateEx(width, height, FORMAT_BGRX, this.#buffer, width * 4);
    if (bitmap === 0) throw new PdfError("failed", "no bitmap could be made");
    draw(bitmap);
    fn.FPDFBitmap_Destroy(bitmap);
    // The fourth byte is nobody's: it stays as it was filled, which is opaque.
    const pixels = this.#wasm.bytes.subarray(this.#buffer, this.#buffer + bytes);
    const data = into !== undefined && into.length >= bytes ? into.subarray(0, bytes) : new Uint8Array(bytes);
    data.set(pixels);
    if (bytes > KEPT_BYTES) this.#release();
    return { width, height, data };
  }

  close(): void {
    this.#release();
  }

  #release(): void {
    if (this.#buffer !== 0) this.#wasm.free(this.#buffer);
    this.#buffer = 0;
    this.#size = 0;
  }
}

export interface Drawing {
  /** `FPDF_PAGE`; 0 is drawn as a blank page. */
  readonly page: Pointer;
  readonly geometry: PageGeometry;
  /** Null: no annotations and no fields. */
  readonly shown: IsShown | null;
  readonly options: RenderOptions;
  readonly into: Uint8Array | undefined;
}

export function drawPage(wasm: Wasm, canvas: Canvas, copy: DocumentCopy, drawing: Drawing): Bitmap {
  const { page, geometry, shown, options, into } = drawing;
  const turned = (geometry.rotation + (options.rotation ?? 0)) % 180 !== 0;
  const ratio = turned ? geometry.width / geometry.height : geometry.height / geometry.width;
  const width = Math.max(1, Math.round(options.width));
  const height = Math.max(1, Math.round(width * ratio));
  const [left, top, tileWidth, tileHeight] = (options.rect ?? [0, 0, width, height]).map(Math.round) as [number, number, number, number];
  if (!(tileWidth >= 1 && tileHeight >= 1)) throw new PdfError("too_large", "the part to draw is empty");
  if (tileWidth * tileHeight > canvas.maxPixels || width > 0x7fff_ff || height > 0x7fff_ff) {
    throw new PdfError("too_large", `an image of ${tileWidth} × ${tileHeight} pixels is more than can be drawn`);
  }
  const onto = (bitmap: Pointer): void => {
    if (page === 0) return;
    const place = [-left, -top, width, height, (options.rotation ?? 0) / 90] as const;
    const draw = (): void => {
      const flags = REVERSE_BYTES | (shown === null ? 0 : DRAW_ANNOTATIONS);
      wasm.fn.FPDF_RenderPageBitmap(bitmap, page, ...place, flags);
      if (shown !== null && copy.form !== null) wasm.fn.FPDF_FFLDraw(copy.form.environment, bitmap, page, ...place, flags);
    };
    if (shown === null) draw();
    else withOnly(wasm, page, shown, draw);
  };
  return canvas.use(tileWidth, tileHeight, onto, into);
}

/** Nothing but its content would be drawn, so that the copy for drawing is not needed. */
export function isPlainPage(wasm: Wasm, document: Pointer, index: number, shown: IsShown): boolean {
  const { fn } = wasm;
  const count = fn.EPDFPage_GetAnnotCountRaw(document, index);
  for (let i = 0; i < count; i++) {
    const annotation = fn.EPDFPage_GetAnnotRaw(document, index, i);
    if (annotation === 0) continue;
    const subtype = subtypeOf(fn.FPDFAnnot_GetSubtype(annotation));
    fn.FPDFPage_CloseAnnot(annotation);
    if (shown(subtype, i)) return false;
  }
  return true;
}
