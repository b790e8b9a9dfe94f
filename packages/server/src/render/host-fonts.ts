/** Fonts of this machine to embed into exported files, for characters that the standard fonts of PDF lack. */
import { deflateSync } from "node:zlib";
import type { FontFor, FontName, HostFont } from "@lectern/pdf";
import { fontFiles } from "@lectern/pdf/node";
import { type Font, openSync } from "fontkit";

/** Enough for all scripts; a machine may have thousands. */
const MAX_OPENED = 300;
const FAMILIES = {
  sans: /liberationsans-|arial|arimo|dejavusans[-.]|notosans[-.]/i,
  serif: /liberationserif|times|tinos|dejavuserif|notoserif[-.]/i,
  mono: /mono|courier|cousine/i,
} as const;
/** As wide as the standard fonts, letter by letter. */
const AS_WIDE = /liberation|arial|arimo|times|tinos|courier|cousine/i;
/** Asked last, whatever else is alike: of letters they have few, or odd ones. */
const PICTOGRAPHS = /(emoji|symbol|math)[^/\\]*$/i;
/** Glyphs in colours, which PDF has no word for. */
const COLOURED = ["COLR", "CBDT", "sbix", "SVG "];

/** Fonts are opened when a character needs one. `files` in any order: the same ones give the same choice. */
export function hostFonts(files: readonly string[] = fontFiles()): FontFor {
  const usable = files.filter((path) => !/(light|thin|black|condensed|narrow)[^/\\]*$/i.test(path)).toSorted(byName);
  const opened = new Map<string, readonly HostFont[]>();
  const orders = new Map<FontName, readonly string[]>();
  const known = new Map<string, HostFont | null>();

  const facesOf = (path: string): readonly HostFont[] => {
    let faces = opened.get(path);
    if (faces === undefined) opened.set(path, (faces = opened.size >= MAX_OPENED ? [] : openFaces(path)));
    return faces;
  };
  const orderFor = (like: FontName): readonly string[] => {
    let order = orders.get(like);
    if (order === undefined) orders.set(like, (order = usable.toSorted((a, b) => likeness(b, like) - likeness(a, like) || byName(a, b))));
    return order;
  };

  return (codePoint, like) => {
    const key = `${like} ${codePoint}`;
    let found = known.get(key);
    if (found === undefined) {
      found = null;
      for (const path of orderFor(like)) {
        found = facesOf(path).find((face) => face.has(codePoint)) ?? null;
        if (found !== null) break;
      }
      known.set(key, found);
    }
    return found;
  };
}

function byName(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The family counts most, then weight, slant and widths. */
function likeness(path: string, like: FontName): number {
  const file = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  const family = like.startsWith("Times") ? "serif" : like.startsWith("Courier") ? "mono" : "sans";
  const isBold = /bold/i.test(file) === like.includes("Bold");
  const isSlanted = /italic|oblique/i.test(file) === /Oblique|Italic/.test(like);
  if (PICTOGRAPHS.test(file)) return -1;
  return (FAMILIES[family].test(file) ? 8 : 0) + (isBold ? 4 : 0) + (isSlanted ? 2 : 0) + (AS_WIDE.test(file) ? 1 : 0);
}

/** None when it cannot be read, or forbids to be embedded: another one will do. */
function openFaces(path: string): readonly HostFont[] {
  try {
    const font = openSync(path);
    return ("fonts" in font ? font.fonts : [font]).filter(isEmbeddable).map(hostFont);
  } catch {
    return [];
  }
}

function isEmbeddable(font: Font): boolean {
  const { noEmbedding = false, noSubsetting = false, bitmapOnly = false } = font["OS/2"]?.fsType ?? {};
  return (
    !noEmbedding &&
    !noSubsetting &&
    !bitmapOnly &&
    !COLOURED.some((tag) => hasTable(font, tag)) &&
    (hasTable(font, "glyf") || hasTable(font, "CFF "))
  );
}

function hasTable(font: Font, tag: string): boolean {
  return Object.hasOwn(font.directory.tables, tag);
}

function hostFont(font: Font): HostFont {
  const thousandths = (value: number): number => Math.round((value * 1000) / font.unitsPerEm);
  const { minX, minY, maxX, maxY } = font.bbox;
  return {
    name: font.postscriptName.replace(/[^A-Za-z0-9._-]/g, "") || "Font",
    isCff: hasTable(font, "CFF "),
    ascent: thousandths(font.ascent),
    descent: thousandths(font.descent),
    capHeight: thousandths(font.capHeight ?? font.ascent * 0.75),
    italicAngle: font.italicAngle,
    bbox: [thousandths(minX), thousandths(minY), thousandths(maxX), thousandths(maxY)],
    has: (codePoint) => font.hasGlyphForCodePoint(codePoint),
    shape: (text, isRightToLeft) =>
      font.layout(text, undefined, undefined, undefined, isRightToLeft ? "rtl" : "ltr").glyphs.map((glyph) => ({
        id: glyph.id,
        advance: glyph.advanceWidth / font.unitsPerEm,
        text: String.fromCodePoint(...glyph.codePoints),
      })),
    subset(ids) {
      const subset = font.createSubset();
      for (const id of ids) subset.includeGlyph(id);
      const bytes = subset.encode();
      return { data: deflateSync(bytes), filter: "FlateDecode", size: bytes.length };
    },
  };
}
