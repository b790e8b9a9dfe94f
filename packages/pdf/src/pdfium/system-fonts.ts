/**
 * Fonts for text whose font is not in the file: PDFium has its own for Latin text and none for the scripts of `Script`, which it would leave
 * blank. It asks here (`FPDF_SYSFONTINFO`), and only for these scripts is it answered, so that everything else looks the same everywhere.
 */
import { type Pointer, utf8Bytes, utf8Text, type Wasm } from "./memory.ts";

export type Script = "japanese" | "korean" | "simplifiedChinese" | "traditionalChinese" | "hebrew" | "arabic" | "thai";

export interface FontRequest {
  readonly script: Script;
  /** As the file calls it. */
  readonly face: string;
  /** 100…900 */
  readonly weight: number;
  readonly italic: boolean;
  readonly fixedPitch: boolean;
  readonly serif: boolean;
}

export interface SystemFont {
  readonly face: string;
  /** Bytes of the font's file. */
  readonly size: number;
  /** Where the font begins in a file of several; null when the file is one font. */
  readonly offset: number | null;
  read(): Uint8Array;
}

/** The best font for it, or null: the text stays blank. Must not throw. */
export type FindFont = (request: FontRequest) => SystemFont | null;

/** FX_Charset, as in the operating system where it comes from. */
const SCRIPTS: Readonly<Record<number, Script>> = {
  128: "japanese",
  129: "korean",
  134: "simplifiedChinese",
  136: "traditionalChinese",
  177: "hebrew",
  178: "arabic",
  222: "thai",
};
const FIXED_PITCH = 1;
const SERIF = 16;
/** `ttcf`: the whole of a file of several fonts. 0 is the font, from where it begins to the end of the file. */
const COLLECTION = 0x74746366;
const LONGEST_FACE = 256;

export function useSystemFonts(wasm: Wasm, find: FindFont): void {
  const handles = new Map<number, { readonly font: SystemFont; readonly charset: number; bytes: Uint8Array | null }>();
  let next = 1;

  const mapFont = (weight: number, italic: number, charset: number, pitch: number, face: Pointer): number => {
    const script = SCRIPTS[charset];
    if (script === undefined) return 0;
    const fixedPitch = (pitch & FIXED_PITCH) !== 0;
    const serif = (pitch & SERIF) !== 0;
    const font = find({ script, face: readFace(wasm, face), weight, italic: italic !== 0, fixedPitch, serif });
    if (font === null) return 0;
    handles.set(next, { font, charset, bytes: null });
    return next++;
  };

  const fontData = (handle: number, table: number, buffer: Pointer, room: number): number => {
    const known = handles.get(handle);
    if (known === undefined || (table !== 0 && table !== COLLECTION)) return 0;
    const { size, offset } = known.font;
    if (table === COLLECTION && offset === null) return 0;
    const start = table === COLLECTION ? 0 : (offset ?? 0);
    if (buffer !== 0 && room >= size - start) {
      known.bytes ??= known.font.read();
      wasm.bytes.set(known.bytes.subarray(start, size), buffer);
    }
    return size - start;
  };

  const faceName = (handle: number, buffer: Pointer, room: number): number => {
    const name = utf8Bytes(handles.get(handle)?.font.face ?? "");
    if (buffer !== 0 && room > name.length) wasm.bytes.set([...name, 0], buffer);
    return name.length + 1;
  };

  // One function for each, as a function is made callable with one signature only.
  const callbacks = [
    wasm.addFunction(() => 0, "vi"),
    wasm.addFunction(() => 0, "vii"),
    wasm.addFunction((_this, weight, italic, charset, pitch, face) => mapFont(weight!, italic!, charset!, pitch!, face! >>> 0), "iiiiiiii"),
    wasm.addFunction(() => 0, "iii"),
    wasm.addFunction((_this, handle, table, buffer, room) => fontData(handle!, table! >>> 0, buffer! >>> 0, room! >>> 0), "iiiiii"),
    wasm.addFunction((_this, handle, buffer, room) => faceName(handle!, buffer! >>> 0, room! >>> 0), "iiiii"),
    wasm.addFunction((_this, handle) => handles.get(handle!)?.charset ?? 0, "iii"),
    wasm.addFunction((_this, handle) => Number(handles.delete(handle!)), "vii"),
  ];
  // Stays for as long as the instance.
  const info = wasm.malloc((callbacks.length + 1) * 4);
  wasm.i32s(info, callbacks.length + 1).set([1, ...callbacks]);
  wasm.fn.FPDF_SetSystemFontInfo(info);
}

function readFace(wasm: Wasm, pointer: Pointer): string {
  if (pointer === 0) return "";
  const bytes = wasm.bytes.subarray(pointer, pointer + LONGEST_FACE);
  const end = bytes.indexOf(0);
  return utf8Text(end < 0 ? bytes : bytes.subarray(0, end));
}
