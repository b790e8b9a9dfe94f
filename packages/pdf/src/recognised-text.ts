/**
 * Words that were recognised in the image of a page, as text that is not seen but can be selected, searched and copied. What the page shows
 * stays as it is. Each word is stretched to the box it was seen in; its font has no outlines, and its codes are UTF-16.
 */
import type { Rotation } from "@lectern/protocol";
import { glyphlessFont } from "./glyphless-font.ts";
import { latinBytes, ObjectFile } from "./objects/file.ts";
import type { Codec } from "./objects/filters.ts";
import { flatPages, pageBox } from "./objects/page-tree.ts";
import { nameOf, numberText, type PdfDict, type PdfObject, refTo } from "./objects/values.ts";
import { turned } from "./pages.ts";
import { drawOver } from "./watermark.ts";

/** Points, y down, from the top left of the page as it is shown. */
export interface RecognisedWord {
  /** In the order in which it is read. */
  readonly text: string;
  readonly left: number;
  readonly width: number;
}

export interface RecognisedLine {
  readonly top: number;
  readonly height: number;
  readonly words: readonly RecognisedWord[];
}

export interface RecognisedPage {
  /** Place in the file. */
  readonly index: number;
  /** Clockwise, on top of what the file says: how the page was shown when it was read. */
  readonly rotation: Rotation;
  readonly lines: readonly RecognisedLine[];
}

/** `bytes`: as `ObjectFile` reads them. `id`: 32 hexadecimal digits that name the outcome. */
export function addRecognisedText(
  bytes: Uint8Array,
  pages: readonly RecognisedPage[],
  { codec, id }: { readonly codec: Codec; readonly id: string },
): Uint8Array {
  const file = new ObjectFile(bytes);
  const leaves = flatPages(file);
  let font: PdfObject = null;
  for (const { index, rotation, lines } of pages) {
    const number = leaves[index];
    if (number === undefined) continue;
    const page = file.dict(refTo(number));
    const box = pageBox(file, page);
    const shown = turned(file.number(page.get("Rotate"), 0) + rotation) as Rotation;
    const content = contentOf(lines, shownHeight(box, shown));
    if (content === "") continue;
    font ??= addFont(file, codec);
    const dict: PdfDict = new Map<string, PdfObject>([
      ["Type", nameOf("XObject")],
      ["Subtype", nameOf("Form")],
      ["BBox", [...box]],
      ["Resources", new Map([["Font", new Map([["LecternText", font]])]])],
    ]);
    const text = `q ${matrixOf(box, shown).map(numberText).join(" ")} cm BT 3 Tr\n${content}ET Q`;
    dict.set("Filter", nameOf("FlateDecode"));
    drawOver(file, page, file.add({ kind: "stream", dict, data: codec.deflate(latinBytes(text)) }));
  }
  return file.write(id);
}

type Box = readonly [left: number, bottom: number, right: number, top: number];

function shownHeight([left, bottom, right, top]: Box, rotation: Rotation): number {
  return rotation % 180 === 0 ? top - bottom : right - left;
}

/** From points of the page as shown, y up, to those of the file. */
function matrixOf([left, bottom, right, top]: Box, rotation: Rotation): readonly number[] {
  return {
    0: [1, 0, 0, 1, left, bottom],
    90: [0, 1, -1, 0, right, bottom],
    180: [-1, 0, 0, -1, right, top],
    270: [0, -1, 1, 0, left, top],
  }[rotation];
}

/** Of every glyph, in parts of the font size. */
const ADVANCE = 0.5;

function contentOf(lines: readonly RecognisedLine[], pageHeight: number): string {
  let content = "";
  for (const { top, height, words } of lines) {
    const shown = words.filter(({ text, width }) => text.trim() !== "" && width > 0).toSorted((a, b) => a.left - b.left);
    if (shown.length === 0 || height <= 0) continue;
    content += `/LecternText ${numberText(height)} Tf\n`;
    for (const [at, { text, left, width }] of shown.entries()) {
      const codes = codesOf(text);
      const next = shown[at + 1];
      const gap = next === undefined ? 0 : Math.max(next.left - left - width, 0.01);
      const stretch = (size: number, count: number): string => `${numberText((size / (count * ADVANCE * height)) * 100)} Tz`;
      content += `1 0 0 1 ${numberText(left)} ${numberText(pageHeight - top - height)} Tm ${stretch(width, codes.length / 4)} <${codes}> Tj\n`;
      if (next !== undefined) content += `${stretch(gap, 1)} <0020> Tj\n`;
    }
  }
  return content;
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** Four hexadecimal digits for each code unit. Content runs from left to right, whatever it says. */
function codesOf(text: string): string {
  const word = text.trim().normalize("NFC");
  const shown = RIGHT_TO_LEFT.test(word) ? Array.from(word).toReversed().join("") : word;
  return Array.from({ length: shown.length }, (_, at) => shown.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0")).join("");
}

const TO_UNICODE = `/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
1 beginbfrange
<0000> <FFFF> <0000>
endbfrange
endcmap
CMapName currentdict /CMap defineresource pop
end
end`;

function addFont(file: ObjectFile, codec: Codec): PdfObject {
  const name = nameOf("LecternGlyphless");
  const stream = (data: Uint8Array, entries: readonly (readonly [string, PdfObject])[] = []): PdfObject =>
    file.add({ kind: "stream", dict: new Map(entries), data });
  const program = glyphlessFont(ADVANCE);
  const descriptor = file.add(
    new Map<string, PdfObject>([
      ["Type", nameOf("FontDescriptor")],
      ["FontName", name],
      // Fixed pitch, symbolic.
      ["Flags", 5],
      ["FontBBox", [0, 0, ADVANCE * 1000, 1000]],
      ["ItalicAngle", 0],
      ["Ascent", 1000],
      ["Descent", 0],
      ["CapHeight", 1000],
      ["StemV", 80],
      ["FontFile2", stream(program, [["Length1", program.length]])],
    ]),
  );
  // Every code is glyph 1.
  const glyphs = new Uint8Array(65_536 * 2);
  for (let code = 0; code < 65_536; code++) glyphs[code * 2 + 1] = 1;
  const descendant = file.add(
    new Map<string, PdfObject>([
      ["Type", nameOf("Font")],
      ["Subtype", nameOf("CIDFontType2")],
      ["BaseFont", name],
      [
        "CIDSystemInfo",
        new Map<string, PdfObject>([
          ["Registry", { kind: "string", value: "Adobe" }],
          ["Ordering", { kind: "string", value: "Identity" }],
          ["Supplement", 0],
        ]),
      ],
      ["FontDescriptor", descriptor],
      ["DW", ADVANCE * 1000],
      ["CIDToGIDMap", stream(codec.deflate(glyphs), [["Filter", nameOf("FlateDecode")]])],
    ]),
  );
  return file.add(
    new Map<string, PdfObject>([
      ["Type", nameOf("Font")],
      ["Subtype", nameOf("Type0")],
      ["BaseFont", name],
      ["Encoding", nameOf("Identity-H")],
      ["DescendantFonts", [descendant]],
      ["ToUnicode", stream(latinBytes(TO_UNICODE))],
    ]),
  );
}
