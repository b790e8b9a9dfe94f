/** Which font has a character: the one that text is set in, else the first of those installed that has it. */
import { openSync as openFont } from "fontkit";
import type { Font } from "fontkit";
import { fontFiles } from "@lectern/pdf/node";

export interface Fallbacks {
  /** The text in pieces of one font each; null: the font that it is set in. `mono` has the characters of Windows-1252 only. */
  split(text: string, set: "base" | "mono"): readonly { readonly text: string; readonly font: string | null }[];
  /** Fonts beside the one that text is set in, as pdfmake takes them. */
  used(): Readonly<Record<string, FontFiles>>;
  /** Was there a character that no font has? */
  missing(): boolean;
}

type FontFile = string | readonly [path: string, postscriptName: string];
interface FontFiles {
  readonly normal: FontFile;
  readonly bold: FontFile;
  readonly italics: FontFile;
  readonly bolditalics: FontFile;
}

/** Enough for all scripts; a machine may have thousands. */
const MAX_OPENED = 300;
const WINDOWS_1252 =
  /^[\t\n\x20-\x7e\u00a0-\u00ff\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]*$/;

export function fallbackFonts(basePath: string): Fallbacks {
  const base = openFont(basePath) as Font;
  const files = fontFiles().filter(
    (path) => !/(bold|italic|oblique|light|thin|black|condensed|coloremoji|color-emoji)[^/\\]*$/i.test(path),
  );
  const opened: { readonly font: Font; readonly file: FontFile }[] = [];
  let next = 0;
  /** Name of the font with the character; null: the base font has it or nobody. */
  const known = new Map<number, string | null>();
  const named = new Map<FontFile, string>();
  let missing = false;

  function* fonts(): Generator<{ readonly font: Font; readonly file: FontFile }> {
    yield* opened;
    while (next < files.length && next < MAX_OPENED) {
      const path = files[next++]!;
      for (const one of facesOf(path)) {
        opened.push(one);
        yield one;
      }
    }
  }

  function fontFor(code: number): string | null {
    const found = known.get(code);
    if (found !== undefined) return found;
    const name = base.hasGlyphForCodePoint(code) ? null : fallbackFor(code);
    known.set(code, name);
    return name;
  }

  function fallbackFor(code: number): string | null {
    for (const { font, file } of fonts()) {
      if (!font.hasGlyphForCodePoint(code)) continue;
      const name = named.get(file) ?? `fallback${named.size}`;
      named.set(file, name);
      return name;
    }
    missing = true;
    return null;
  }

  return {
    split(text, set) {
      if (set === "mono" ? WINDOWS_1252.test(text) : /^[\t\n\x20-\x7e]*$/.test(text)) return [{ text, font: null }];
      const runs: { text: string; font: string | null }[] = [];
      for (const character of text) {
        const code = character.codePointAt(0)!;
        const isBlank = /\s/.test(character);
        const font = isBlank
          ? (runs.at(-1)?.font ?? null)
          : set === "mono" && WINDOWS_1252.test(character)
            ? null
            : (fontFor(code) ?? (set === "mono" ? "Roboto" : null));
        const last = runs.at(-1);
        if (last !== undefined && last.font === font) last.text += character;
        else runs.push({ text: character, font });
      }
      return runs;
    },
    used: () =>
      Object.fromEntries([...named].map(([file, name]) => [name, { normal: file, bold: file, italics: file, bolditalics: file }])),
    missing: () => missing,
  };
}

/** The faces of a file; none when it cannot be read: a broken font is none of the reader's business. */
function facesOf(path: string): readonly { readonly font: Font; readonly file: FontFile }[] {
  try {
    const opened = openFont(path);
    return "fonts" in opened
      ? opened.fonts.map((font) => ({ font, file: [path, font.postscriptName] as const }))
      : [{ font: opened, file: path }];
  } catch {
    return [];
  }
}
