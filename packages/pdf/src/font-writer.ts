/**
 * Fonts that a file brings along (ISO 32000-2, 9.7): each with the glyphs that are drawn and no others, and a table that says which characters
 * they stand for, so that what is shown can be found and copied.
 */
import type { HostFont, HostGlyph } from "./appearance/embedded-text.ts";
import { pdfHex, type PdfObjects, pdfName, type PdfRef } from "./pdf-writer.ts";

export interface FontWriter {
  ref(font: HostFont): PdfRef;
  /** The string that draws these glyphs, in hexadecimal digits. */
  show(font: HostFont, glyphs: readonly HostGlyph[]): string;
  /** Writes the fonts; nothing can be shown any more. */
  finish(): void;
}

interface Used {
  readonly ref: PdfRef;
  /** By the glyph's number in the whole font, in the order of their numbers in ours, from 1. */
  readonly glyphs: Map<number, HostGlyph>;
  readonly codes: Map<number, number>;
}

export function fontWriter(objects: PdfObjects): FontWriter {
  const used = new Map<HostFont, Used>();
  const of = (font: HostFont): Used => {
    let known = used.get(font);
    if (known === undefined) used.set(font, (known = { ref: objects.reserve(), glyphs: new Map(), codes: new Map() }));
    return known;
  };
  return {
    ref: (font) => of(font).ref,
    show(font, glyphs) {
      const { glyphs: all, codes } = of(font);
      let bytes = "";
      for (const glyph of glyphs) {
        if (glyph.id !== 0 && !codes.has(glyph.id)) {
          codes.set(glyph.id, codes.size + 1);
          all.set(glyph.id, glyph);
        }
        const code = codes.get(glyph.id) ?? 0;
        bytes += String.fromCharCode(code >> 8, code & 0xff);
      }
      return pdfHex(bytes);
    },
    finish() {
      for (const [font, { ref, glyphs }] of used) writeFont(objects, ref, font, [...glyphs.values()]);
    },
  };
}

/** Symbolic: its characters are told by their numbers alone. */
const FLAGS = 4;

function writeFont(objects: PdfObjects, ref: PdfRef, font: HostFont, glyphs: readonly HostGlyph[]): void {
  const { data, filter, size } = font.subset(glyphs.map(({ id }) => id));
  const baseFont = pdfName(`${tag(glyphs)}+${font.name}`);
  const file = objects.stream(
    {
      ...(font.isCff ? { Subtype: pdfName("CIDFontType0C") } : { Length1: size }),
      ...(filter === null ? {} : { Filter: pdfName(filter) }),
    },
    data,
  );
  const descriptor = objects.add({
    Type: pdfName("FontDescriptor"),
    FontName: baseFont,
    Flags: FLAGS,
    FontBBox: [...font.bbox],
    ItalicAngle: font.italicAngle,
    Ascent: font.ascent,
    Descent: font.descent,
    CapHeight: font.capHeight,
    StemV: 80,
    [font.isCff ? "FontFile3" : "FontFile2"]: file,
  });
  const descendant = objects.add({
    Type: pdfName("Font"),
    Subtype: pdfName(font.isCff ? "CIDFontType0" : "CIDFontType2"),
    BaseFont: baseFont,
    CIDSystemInfo: { Registry: "Adobe", Ordering: "Identity", Supplement: 0 },
    FontDescriptor: descriptor,
    DW: 1000,
    W: [1, glyphs.map(({ advance }) => Math.round(advance * 1000))],
    ...(font.isCff ? {} : { CIDToGIDMap: pdfName("Identity") }),
  });
  objects.set(ref, {
    Type: pdfName("Font"),
    Subtype: pdfName("Type0"),
    BaseFont: baseFont,
    Encoding: pdfName("Identity-H"),
    DescendantFonts: [descendant],
    ToUnicode: objects.stream({}, toUnicode(glyphs)),
  });
}

const MAPPINGS_AT_ONCE = 100;

function toUnicode(glyphs: readonly HostGlyph[]): string {
  const lines = glyphs.flatMap(({ text }, index) => (text === "" ? [] : [`<${hex(index + 1)}> <${utf16(text)}>`]));
  const blocks: string[] = [];
  for (let at = 0; at < lines.length; at += MAPPINGS_AT_ONCE) {
    const some = lines.slice(at, at + MAPPINGS_AT_ONCE);
    blocks.push(`${some.length} beginbfchar\n${some.join("\n")}\nendbfchar`);
  }
  return `/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
${blocks.join("\n")}
endcmap
CMapName currentdict /CMap defineresource pop
end
end`;
}

function utf16(text: string): string {
  return Array.from({ length: text.length }, (_, at) => hex(text.charCodeAt(at))).join("");
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(4, "0");
}

/** Six letters that differ with the glyphs, as 9.9.2 asks for. */
function tag(glyphs: readonly HostGlyph[]): string {
  let hash = 0x811c9dc5;
  for (const { id } of glyphs) hash = Math.imul(hash ^ id, 0x01000193) >>> 0;
  let letters = "";
  for (let at = 0; at < 6; at++, hash = Math.floor(hash / 26)) letters += String.fromCharCode(65 + (hash % 26));
  return letters;
}
