/** One annotation as the file draws it, on nothing: how what records cannot say is shown. */
import type { Rect } from "@lectern/protocol";
import type { Bitmap, FileAnnotation } from "../engine.ts";
import type { Pointer, Wasm } from "./memory.ts";
import type { PageGeometry } from "./page.ts";

const NORMAL = 0;
const FORMAT_BGRA = 4;
/** Bits of rendering: RGBA instead of BGRA. */
const REVERSE_BYTES = 0x10;
/** 200 dots per inch, as far as that makes a picture of at most so many pixels. */
const PIXELS_PER_POINT = 200 / 72;
const MOST_PIXELS = 4_000_000;
const LONGEST = 8192;

/** Not turned with the page. Null when it has no appearance, or covers nothing. */
export function renderAppearance(
  wasm: Wasm,
  page: Pointer,
  geometry: PageGeometry,
  { ordinal, rect }: Pick<FileAnnotation, "ordinal" | "rect">,
): Bitmap | null {
  const [, , across, down] = rect;
  if (page === 0 || across <= 0 || down <= 0) return null;
  const scale = Math.min(PIXELS_PER_POINT, Math.sqrt(MOST_PIXELS / (across * down)), LONGEST / across, LONGEST / down);
  const [width, height] = [Math.max(1, Math.round(across * scale)), Math.max(1, Math.round(down * scale))];
  const { fn } = wasm;
  const annotation = fn.FPDFPage_GetAnnot(page, ordinal);
  if (annotation === 0) return null;
  const bytes = width * height * 4;
  const buffer = wasm.malloc(bytes);
  try {
    wasm.bytes.fill(0, buffer, buffer + bytes);
    const bitmap = fn.FPDFBitmap_CreateEx(width, height, FORMAT_BGRA, buffer, width * 4);
    if (bitmap === 0) return null;
    const done = wasm.frame((alloc) => {
      const matrix = alloc(24);
      wasm.f32s(matrix, 6).set(fromShown(geometry, rect, [width / across, height / down]));
      return fn.EPDF_RenderAnnotBitmap(bitmap, page, annotation, NORMAL, matrix, REVERSE_BYTES);
    });
    fn.FPDFBitmap_Destroy(bitmap);
    return done === 0 ? null : { width, height, data: wasm.bytes.slice(buffer, buffer + bytes) };
  } finally {
    wasm.free(buffer);
    fn.FPDFPage_CloseAnnot(annotation);
  }
}

/** PDFium comes from the page as it is shown, turned: `[a, b, c, d, e, f]` to pixels of the rectangle, which is not. */
function fromShown(
  { rotation, width, height }: PageGeometry,
  [x, y]: Rect,
  [sx, sy]: readonly [number, number],
): [number, number, number, number, number, number] {
  switch (rotation) {
    case 0:
      return [sx, 0, 0, sy, -sx * x, -sy * y];
    case 90:
      return [0, -sy, sx, 0, -sx * x, sy * (height - y)];
    case 180:
      return [-sx, 0, 0, -sy, sx * (width - x), sy * (height - y)];
    case 270:
      return [0, sy, -sx, 0, sx * (width - x), -sy * y];
  }
}
