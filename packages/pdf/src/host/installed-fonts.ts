/**
 * The fonts installed on this machine, for text whose font is not in its file. They are looked for when the first such text is met, and only
 * the tables that say what a font is are read: `OS/2`, `name`, and `cmap`, whether it has a character of the script (OpenType 1.9).
 */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { FindFont, FontRequest, Script, SystemFont } from "../pdfium/system-fonts.ts";

/** Where systems keep them. */
export const FONT_FOLDERS: readonly string[] = [
  "/usr/share/fonts",
  "/usr/local/share/fonts",
  "/System/Library/Fonts",
  "/Library/Fonts",
  "C:\\Windows\\Fonts",
];

const MAX_DEPTH = 6;
const MAX_FILES = 5000;
/** A larger one would take too much of a worker's memory. */
const MAX_BYTES = 64_000_000;
const MAX_TABLE = 1_000_000;

/** A character that fonts of the script have, and the marks of regions in the names of fonts that have several. */
const SCRIPTS: Readonly<Record<Script, { readonly sample: number; readonly region: RegExp }>> = {
  japanese: { sample: 0x3042, region: /\b(JP|Japan\w*)\b/i },
  simplifiedChinese: { sample: 0x56fd, region: /\b(SC|GB|CN)\b/i },
  korean: { sample: 0xd55c, region: /\b(KR|Korean?)\b/i },
  traditionalChinese: { sample: 0x570b, region: /\b(TC|TW|HK)\b/i },
  hebrew: { sample: 0x05d0, region: /\bHebrew\b/i },
  arabic: { sample: 0x0627, region: /\bArabic\b/i },
  thai: { sample: 0x0e01, region: /\bThai\b/i },
};

interface InstalledFont extends SystemFont {
  /** Family and style. */
  readonly fullName: string;
  readonly scripts: ReadonlySet<string>;
  readonly weight: number;
  readonly italic: boolean;
  readonly fixedPitch: boolean;
  readonly serif: boolean;
}

/** Nothing is read before the first request. */
export function installedFonts(folders: readonly string[] = FONT_FOLDERS): FindFont {
  let fonts: readonly InstalledFont[] | null = null;
  return (request) => {
    fonts ??= fontFiles(folders).flatMap((path) => readFonts(path));
    const fitting = fonts.filter(({ scripts }) => scripts.has(request.script));
    return fitting.reduce<InstalledFont | null>(
      (best, font) => (best === null || score(font, request) > score(best, request) ? font : best),
      null,
    );
  };
}

/** The name counts most, then the region; of what is left, the likeness. */
function score(font: InstalledFont, request: FontRequest): number {
  return (
    (plain(font.face) === plain(request.face) ? 1000 : 0) +
    (SCRIPTS[request.script].region.test(font.face) ? 100 : 0) +
    (font.fixedPitch === request.fixedPitch ? 20 : 0) +
    (font.serif === request.serif ? 10 : 0) +
    (font.italic === request.italic ? 5 : 0) -
    Math.abs(font.weight - request.weight) / 100
  );
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");
}

/** Paths of the files that hold fonts, in order, so that the choice does not depend on the disk. */
export function fontFiles(folders: readonly string[] = FONT_FOLDERS): readonly string[] {
  const found: string[] = [];
  const look = (folder: string, depth: number): void => {
    for (const entry of entriesOf(folder)) {
      if (found.length >= MAX_FILES) return;
      const path = join(folder, entry.name);
      if (entry.isDirectory() && depth < MAX_DEPTH) look(path, depth + 1);
      else if (/\.(ttf|otf|ttc|otc)$/i.test(entry.name)) found.push(path);
    }
  };
  for (const folder of folders) look(folder, 0);
  return found;
}

function entriesOf(folder: string): readonly { readonly name: string; isDirectory(): boolean }[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // not on this system, or not ours to read
  }
}

/** Full names of the fonts in a file, in their order; none when it is no font that can be read. */
export function fontNames(path: string): readonly string[] {
  return readFonts(path).map(({ fullName }) => fullName);
}

/** The fonts of a file; none when it is no font that can be read. */
function readFonts(path: string): readonly InstalledFont[] {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return []; // a broken link, or not ours to read
  }
  try {
    const { size } = fstatSync(file);
    const read = (offset: number, length: number): DataView => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      readSync(file, bytes, 0, bytes.length, offset);
      return new DataView(bytes.buffer);
    };
    if (size > MAX_BYTES) return [];
    const head = read(0, 12);
    if (tag(head, 0) !== "ttcf") return [readFont(read, 0, { path, size, offset: null })];
    const count = Math.min(head.getUint32(8), 64);
    const offsets = read(12, 4 * count);
    return Array.from({ length: count }, (_, n) => offsets.getUint32(4 * n)).map((offset) =>
      readFont(read, offset, { path, size, offset }),
    );
  } catch (error) {
    if (error instanceof RangeError) return []; // cut off, or no font in spite of its name
    throw error;
  } finally {
    closeSync(file);
  }
}

type Read = (offset: number, length: number) => DataView;

function readFont(
  read: Read,
  at: number,
  place: { readonly path: string; readonly size: number; readonly offset: number | null },
): InstalledFont {
  const count = Math.min(read(at, 12).getUint16(4), 200);
  const directory = read(at + 12, count * 16);
  const table = (name: string): DataView => {
    for (let n = 0; n < count; n++)
      if (tag(directory, n * 16) === name)
        return read(directory.getUint32(n * 16 + 8), Math.min(directory.getUint32(n * 16 + 12), MAX_TABLE));
    throw new RangeError(`no table ${name}`);
  };
  const os2 = table("OS/2");
  const characters = table("cmap");
  const selection = os2.getUint16(62);
  const names = table("name");
  return {
    face: nameIn(names, FAMILY),
    fullName: nameIn(names, FULL_NAME),
    size: place.size,
    offset: place.offset,
    read: () => new Uint8Array(readFileSync(place.path)),
    scripts: new Set(Object.entries(SCRIPTS).flatMap(([script, { sample }]) => (hasCharacter(characters, sample) ? [script] : []))),
    weight: os2.getUint16(4),
    italic: (selection & 1) !== 0,
    // PANOSE of Latin text: kind of serif 2…10, proportion 9 for one width.
    serif: os2.getUint8(33) >= 2 && os2.getUint8(33) <= 10,
    fixedPitch: os2.getUint8(35) === 9,
  };
}

/** Looks into the subtables for Unicode, of format 4 (the first 65,536 characters) or 12. */
function hasCharacter(cmap: DataView, code: number): boolean {
  for (let n = 0; n < cmap.getUint16(2); n++) {
    const [platform, at] = [cmap.getUint16(4 + n * 8), cmap.getUint32(8 + n * 8)];
    if (platform !== WINDOWS && platform !== UNICODE) continue;
    const format = cmap.getUint16(at);
    if (format === 4 && inSegments(cmap, at, code)) return true;
    if (format === 12 && inGroups(cmap, at, code)) return true;
  }
  return false;
}

function inSegments(cmap: DataView, at: number, code: number): boolean {
  const bytes = cmap.getUint16(at + 6);
  for (let n = 0; n < bytes; n += 2) {
    if (cmap.getUint16(at + 14 + n) < code) continue;
    const start = cmap.getUint16(at + 16 + bytes + n);
    if (start > code) return false;
    const range = at + 16 + 3 * bytes + n;
    const offset = cmap.getUint16(range);
    return offset === 0 ? true : cmap.getUint16(range + offset + 2 * (code - start)) !== 0;
  }
  return false;
}

function inGroups(cmap: DataView, at: number, code: number): boolean {
  for (let n = 0; n < cmap.getUint32(at + 12); n++) {
    const group = at + 16 + n * 12;
    if (cmap.getUint32(group + 4) >= code) return cmap.getUint32(group) <= code;
  }
  return false;
}

const UNICODE = 0;
const FAMILY = 1;
const FULL_NAME = 4;
const WINDOWS = 3;
const ENGLISH = 0x0409;

function nameIn(names: DataView, wanted: number): string {
  const strings = names.getUint16(4);
  for (let n = 0; n < names.getUint16(2); n++) {
    const [platform, , language, name, length, offset] = [0, 2, 4, 6, 8, 10].map((field) => names.getUint16(6 + n * 12 + field)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    if (platform !== WINDOWS || language !== ENGLISH || name !== wanted) continue;
    let text = "";
    for (let at = 0; at + 1 < length; at += 2) text += String.fromCharCode(names.getUint16(strings + offset + at));
    return text;
  }
  return "";
}

function tag(view: DataView, at: number): string {
  return String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2), view.getUint8(at + 3));
}
