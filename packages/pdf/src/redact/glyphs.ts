/** Codes and widths of the glyphs of a font, as its dictionary tells them (ISO 32000-2, 9.6 and 9.7): enough to know where each one stands. */
import { FONT_NAMES, type FontName, textWidth } from "../appearance/font-metrics.ts";
import type { ObjectFile } from "../objects/file.ts";
import { type Codec, decodeStream } from "../objects/filters.ts";
import { isKeyword, Lexer, type Token } from "../objects/lexer.ts";
import { isStream, isString, type PdfDict, type PdfObject } from "../objects/values.ts";

export interface Glyph {
  /** Its bytes in the string. */
  readonly bytes: string;
  /** Advance in parts of the font size; along y for vertical writing. Null: not known. */
  readonly advance: number | null;
  /** A single byte 32, which word spacing widens. */
  readonly isSpace: boolean;
}

export interface GlyphFont {
  readonly vertical: boolean;
  /** Of a glyph's body, in parts of the font size. */
  readonly bottom: number;
  readonly top: number;
  glyphs(bytes: string): Glyph[];
}

/** The part of a line that a glyph surely fills: not all of ascent and descent, so that a mark on one line spares its neighbours. */
const BODY = { bottom: -0.12, top: 0.62 } as const;

export function glyphFont(file: ObjectFile, object: PdfObject | undefined, codec: Codec): GlyphFont {
  const font = file.dict(object);
  const subtype = file.name(font.get("Subtype"));
  if (subtype === "Type0") return compositeFont(file, font, codec);
  const first = file.number(font.get("FirstChar"), 0);
  const widths = file.numbers(font.get("Widths"));
  const missing = file.number(file.dict(font.get("FontDescriptor")).get("MissingWidth"), 0);
  const matrix = file.numbers(font.get("FontMatrix"));
  const unit = subtype === "Type3" ? Math.abs(matrix[0] ?? 0.001) : 0.001;
  const standard = widths.length > 0 ? null : standardName(file.name(font.get("BaseFont")) ?? "");
  const widthOf = (code: number): number | null => {
    if (widths.length > 0) return (widths[code - first] ?? missing) * unit;
    if (standard === null || code < 32 || code > 126) return standard?.startsWith("Courier") === true ? 0.6 : null;
    return textWidth(standard, 1, String.fromCharCode(code));
  };
  return {
    vertical: false,
    ...(subtype === "Type3" ? typeThreeBody(file, font, matrix[3] ?? 0.001) : BODY),
    glyphs: (bytes) => Array.from(bytes, (byte) => ({ bytes: byte, advance: widthOf(byte.charCodeAt(0)), isSpace: byte === " " })),
  };
}

function typeThreeBody(file: ObjectFile, font: PdfDict, scale: number): { readonly bottom: number; readonly top: number } {
  const [, low = 0, , high = 0] = file.numbers(font.get("FontBBox"));
  return low === high
    ? { bottom: Math.min(0, 750 * scale, -120 * scale), top: Math.max(0.62, 750 * Math.abs(scale)) }
    : { bottom: Math.min(low * scale, high * scale), top: Math.max(low * scale, high * scale) };
}

function standardName(base: string): FontName | null {
  const name = base
    .replace(/^[A-Z]{6}\+/, "")
    .replace(/^Arial/, "Helvetica")
    .replace(/^TimesNewRoman(PS)?(MT)?$/, "Times-Roman")
    .replace(",", "-");
  return (FONT_NAMES as readonly string[]).includes(name) ? (name as FontName) : null;
}

function compositeFont(file: ObjectFile, font: PdfDict, codec: Codec): GlyphFont {
  const descendant = file.dict(file.array(font.get("DescendantFonts"))[0]);
  const encoding = file.resolve(font.get("Encoding"));
  const name = file.name(encoding);
  const cmap = isStream(encoding)
    ? readCMap(file, encoding.dict, decodeStream(file, encoding, codec))
    : name?.startsWith("Identity") === true
      ? IDENTITY_MAP
      : null;
  const vertical = name?.endsWith("-V") === true || (isStream(encoding) && file.number(encoding.dict.get("WMode"), 0) === 1);
  const usual = file.number(descendant.get(vertical ? "DW2" : "DW"), 1000);
  const widths = vertical ? new Map<number, number>() : readWidths(file, file.array(descendant.get("W")));
  const advanceOf = (code: number, length: number): number | null => {
    if (vertical) return (file.numbers(descendant.get("DW2"))[1] ?? -1000) / 1000;
    const cid = cmap?.cidOf(code, length) ?? null;
    return cid === null ? null : (widths.get(cid) ?? usual) / 1000;
  };
  return {
    vertical,
    ...BODY,
    glyphs(bytes) {
      const found: Glyph[] = [];
      for (let at = 0; at < bytes.length;) {
        const length = Math.min(cmap?.lengthAt(bytes, at) ?? 2, bytes.length - at);
        let code = 0;
        for (let i = 0; i < length; i++) code = code * 256 + bytes.charCodeAt(at + i);
        found.push({ bytes: bytes.slice(at, at + length), advance: advanceOf(code, length), isSpace: length === 1 && code === 32 });
        at += length;
      }
      return found;
    },
  };
}

interface CMap {
  lengthAt(bytes: string, at: number): number;
  cidOf(code: number, length: number): number | null;
}

const IDENTITY_MAP: CMap = { lengthAt: () => 2, cidOf: (code) => code };

/** Null when it builds on another one. */
function readCMap(file: ObjectFile, dict: PdfDict, bytes: Uint8Array | null): CMap | null {
  if (bytes === null || file.resolve(dict.get("UseCMap")) !== null) return null;
  const spaces: { readonly length: number; readonly low: number; readonly high: number }[] = [];
  const ranges: { readonly low: number; readonly high: number; readonly cid: number }[] = [];
  const lexer = new Lexer(bytes, 0, { references: false });
  let operands: Token[] = [];
  const code = (token: Token | undefined): number => {
    let value = 0;
    if (token !== undefined && !isKeyword(token) && isString(token))
      for (const byte of token.value) value = value * 256 + byte.charCodeAt(0);
    return value;
  };
  for (let token = lexer.next(); token !== undefined; token = lexer.next()) {
    if (!isKeyword(token)) {
      operands.push(token);
      continue;
    }
    if (token.keyword === "usecmap") return null;
    if (token.keyword === "endcodespacerange") {
      for (let i = 0; i + 1 < operands.length; i += 2) {
        const low = operands[i]!;
        if (!isKeyword(low) && isString(low)) spaces.push({ length: low.value.length, low: code(low), high: code(operands[i + 1]) });
      }
    } else if (token.keyword === "endcidrange") {
      for (let i = 0; i + 2 < operands.length; i += 3)
        ranges.push({ low: code(operands[i]), high: code(operands[i + 1]), cid: Number(operands[i + 2]) });
    } else if (token.keyword === "endcidchar") {
      for (let i = 0; i + 1 < operands.length; i += 2)
        ranges.push({ low: code(operands[i]), high: code(operands[i]), cid: Number(operands[i + 1]) });
    }
    operands = [];
  }
  if (spaces.length === 0) return null;
  return {
    lengthAt(text, at) {
      let value = 0;
      for (let length = 1; length <= 4 && at + length <= text.length; length++) {
        value = value * 256 + text.charCodeAt(at + length - 1);
        if (spaces.some((space) => space.length === length && value >= space.low && value <= space.high)) return length;
      }
      return spaces[0]!.length;
    },
    cidOf(value) {
      const range = ranges.find(({ low, high }) => value >= low && value <= high);
      return range === undefined ? 0 : range.cid + value - range.low;
    },
  };
}

function readWidths(file: ObjectFile, list: readonly PdfObject[]): Map<number, number> {
  const widths = new Map<number, number>();
  for (let at = 0; at + 1 < list.length;) {
    const first = file.number(list[at], 0);
    const second = file.resolve(list[at + 1]);
    if (Array.isArray(second)) {
      for (const [index, width] of second.entries()) widths.set(first + index, file.number(width, 1000));
      at += 2;
    } else {
      const width = file.number(list[at + 2], 1000);
      for (let cid = first; cid <= Math.min(file.number(second, first), first + 65535); cid++) widths.set(cid, width);
      at += 3;
    }
  }
  return widths;
}
