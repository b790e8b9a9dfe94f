/**
 * The characters of a page with their boxes. Only what may be needed is asked of a character: a crossing between JavaScript and wasm costs as much
 * as PDFium's own work.
 */
import { type Characters, type Place, UNMARKED } from "../text.ts";
import type { Pointer, Wasm } from "./memory.ts";
import { type PageGeometry, toPage } from "./page.ts";

/** Running heads, page numbers and the like: on the page, but no part of what it says. */
export const ARTIFACT = -2;
const NAME_BYTES = 64;

/** A page may claim any number; nobody reads more. */
const MAX_CHARACTERS = 1_000_000;
const RECT_BYTES = 16;
/** Radians under which a line counts as level. */
const LEVEL = 0.01;

export interface ReadOptions {
  /** What the content marks each of them as, too (see `markReader`). */
  readonly marks?: boolean;
  readonly into: Characters;
}

export function readCharacters(wasm: Wasm, page: Pointer, geometry: PageGeometry, { marks = false, into }: ReadOptions): Characters {
  const { fn } = wasm;
  const text = fn.FPDFText_LoadPage(page);
  const count = text === 0 ? 0 : Math.min(Math.max(0, fn.FPDFText_CountChars(text)), MAX_CHARACTERS);
  into.begin(count, { marks });
  if (text === 0) return into;
  wasm.frame((alloc) => {
    const box = alloc(RECT_BYTES);
    let sides = wasm.f32s(box, 4);
    const turned = turnedReader(wasm, text, geometry, alloc(72));
    const markOf = marks ? markReader(wasm, text, alloc(NAME_BYTES + 8)) : null;
    for (let i = 0; i < count; i++) {
      if (markOf !== null) into.marks![i] = markOf(i);
      const code = fn.FPDFText_GetUnicode(text, i) >>> 0;
      into.codes[i] = code;
      if (code <= 32 && fn.FPDFText_IsGenerated(text, i) === 1) continue;
      const angle = fn.FPDFText_GetCharAngle(text, i);
      if (angle > LEVEL && angle < 2 * Math.PI - LEVEL) {
        const place = turned(i, angle);
        if (place !== null) into.put(i, place);
      } else if (fn.FPDFText_GetLooseCharBox(text, i, box) === 1) {
        // The memory has grown meanwhile, into another place.
        if (sides.length === 0) sides = wasm.f32s(box, 4);
        putLevel(into, i, { geometry, sides });
      }
    }
  });
  fn.FPDFText_ClosePage(text);
  return into;
}

/** As `toPage` and `put` would, without an object in between: this is done for every character. */
function putLevel(
  into: Characters,
  i: number,
  { geometry, sides }: { readonly geometry: PageGeometry; readonly sides: Float32Array },
): void {
  const left = sides[0]! - geometry.box[0];
  const right = sides[2]! - geometry.box[0];
  const top = geometry.box[3] - sides[1]!;
  const bottom = geometry.box[3] - sides[3]!;
  if (!Number.isFinite(left + top + right + bottom)) return;
  into.angles[i] = 0;
  into.starts[i] = Math.min(left, right);
  into.ends[i] = Math.max(left, right);
  into.overs[i] = Math.min(top, bottom);
  into.unders[i] = Math.max(top, bottom);
}

/** PDFium gives useful boxes for level text only; other characters are placed by their origin, matrix and tight box. */
function turnedReader(wasm: Wasm, text: Pointer, geometry: PageGeometry, memory: Pointer): (i: number, angle: number) => Place | null {
  const { fn } = wasm;
  const [origin, box, matrix] = [memory, memory + 16, memory + 48];
  return (i, angle) => {
    if (fn.FPDFText_GetCharOrigin(text, i, origin, origin + 8) === 0) return null;
    if (fn.FPDFText_GetCharBox(text, i, box, box + 8, box + 16, box + 24) === 0) return null;
    if (fn.FPDFText_GetMatrix(text, i, matrix) === 0) return null;
    const [c = 0, d = 0] = wasm.f32s(matrix + 8, 2);
    const size = Math.abs(fn.FPDFText_GetFontSize(text, i)) * Math.hypot(c, d);
    const [x, y] = toPage(geometry, ...(wasm.f64s(origin, 2) as unknown as [number, number]));
    const [left, right, bottom, top] = wasm.f64s(box, 4) as unknown as [number, number, number, number];
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    const start = x * cos + y * sin;
    const baseline = y * cos - x * sin;
    // The middle of the tight box lies in the middle of the glyph, whatever the angle.
    const [middleX, middleY] = toPage(geometry, (left + right) / 2, (bottom + top) / 2);
    const end = start + 2 * Math.max(0, middleX * cos + middleY * sin - start);
    if (!Number.isFinite(start + end + baseline + size)) return null;
    return { angle: (angle * 180) / Math.PI, start, end, over: baseline - 0.8 * size, under: baseline + 0.2 * size };
  };
}

/** The number by which the structure tree names a character's piece of content; ARTIFACT or UNMARKED when there is none. */
function markReader(wasm: Wasm, text: Pointer, memory: Pointer): (i: number) => number {
  const { fn } = wasm;
  const known = new Map<Pointer, number>();
  const isArtifact = (object: Pointer): boolean => {
    for (let i = Math.min(fn.FPDFPageObj_CountMarks(object), 32) - 1; i >= 0; i--) {
      const mark = fn.FPDFPageObj_GetMark(object, i);
      if (mark === 0 || fn.FPDFPageObjMark_GetName(mark, memory, NAME_BYTES, memory + NAME_BYTES) === 0) continue;
      const bytes = Math.min(NAME_BYTES, wasm.i32(memory + NAME_BYTES));
      if (String.fromCharCode(...new Uint16Array(wasm.bytes.buffer, memory, bytes >> 1)).startsWith("Artifact\0")) return true;
    }
    return false;
  };
  let last = UNMARKED;
  return (i) => {
    const object = fn.FPDFText_GetTextObject(text, i);
    // A space that only a gap tells of belongs to what is before it.
    if (object === 0) return last;
    let mark = known.get(object);
    if (mark === undefined) {
      const id = fn.FPDFPageObj_GetMarkedContentID(object);
      mark = id >= 0 ? id : isArtifact(object) ? ARTIFACT : UNMARKED;
      known.set(object, mark);
    }
    return (last = mark);
  };
}
