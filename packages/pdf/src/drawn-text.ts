/** Lines of text for content that is written into a file: in a standard font as far as that goes, beyond it in fonts that the file gets with it. */
import { type FontFor, piecesWidth, textPieces } from "./appearance/embedded-text.ts";
import { FONT_NAMES, type FontName, textWidth } from "./appearance/font-metrics.ts";
import { isWinAnsi, winAnsi } from "./appearance/win-ansi.ts";
import { fontWriter } from "./font-writer.ts";
import type { ObjectFile } from "./objects/file.ts";
import { nameOf, numberText, objectText, type PdfDict, type PdfObject, refTo } from "./objects/values.ts";
import { objectsOf } from "./objects/written.ts";

export interface TextDrawer {
  /** Advance of the line in parts of the font size. */
  width(text: string, font: FontName): number;
  /** Operators within a text object that show the line; `fonts` names what they need. */
  show(text: string, font: FontName, size: number): string;
  /** For the resources of all content that was drawn. */
  readonly fonts: PdfDict;
  /** Writes the fonts; nothing can be drawn any more. */
  finish(): void;
}

/** Without `fontFor` characters beyond the standard fonts are drawn as `?`. */
export function textDrawer(file: ObjectFile, fontFor: FontFor | undefined): TextDrawer {
  const writer = fontWriter(objectsOf(file));
  const fonts: PdfDict = new Map<string, PdfObject>();
  const named = (name: string, make: () => PdfObject): string => {
    if (!fonts.has(name)) fonts.set(name, make());
    return objectText(nameOf(name));
  };
  const standard = (text: string, font: FontName, size: number): string => {
    const name = named(`F${FONT_NAMES.indexOf(font)}`, () => file.add(standardFont(font)));
    return `${name} ${numberText(size)} Tf ${objectText({ kind: "string", value: winAnsi(text) })} Tj`;
  };
  return {
    fonts,
    width: (text, font) =>
      fontFor === undefined || isWinAnsi(text) ? textWidth(font, 1, text) : piecesWidth(textPieces(text, font, fontFor), font),
    show(text, font, size) {
      if (fontFor === undefined || isWinAnsi(text)) return standard(text, font, size);
      return textPieces(text, font, fontFor)
        .map((piece) => {
          if (piece.kind === "standard") return standard(piece.text, font, size);
          const { number } = writer.ref(piece.font);
          return `${named(`E${number}`, () => refTo(number))} ${numberText(size)} Tf ${writer.show(piece.font, piece.glyphs)} Tj`;
        })
        .join(" ");
    },
    finish: () => writer.finish(),
  };
}

function standardFont(font: FontName): PdfDict {
  return new Map<string, PdfObject>([
    ["Type", nameOf("Font")],
    ["Subtype", nameOf("Type1")],
    ["BaseFont", nameOf(font)],
    ["Encoding", nameOf("WinAnsiEncoding")],
  ]);
}
