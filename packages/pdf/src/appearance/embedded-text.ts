/**
 * Text beyond the standard fonts: a line as pieces of one font each, in the order in which they stand from left to right, with the glyphs of
 * those that the host has a font for. Directions are told apart on two levels, which is enough for a line of an annotation (UAX #9 has more).
 */
import { type FontName, textWidth } from "./font-metrics.ts";
import { winAnsiCode } from "./win-ansi.ts";

export interface HostGlyph {
  readonly id: number;
  /** In parts of the font size. */
  readonly advance: number;
  /** What it stands for. */
  readonly text: string;
}

/** A font that the host may embed. Sizes are in thousandths of the font size. */
export interface HostFont {
  /** PostScript name. */
  readonly name: string;
  readonly isCff: boolean;
  readonly ascent: number;
  readonly descent: number;
  readonly capHeight: number;
  readonly italicAngle: number;
  readonly bbox: readonly [number, number, number, number];
  has(codePoint: number): boolean;
  /** Of text of one direction, as they are drawn from left to right. */
  shape(text: string, isRightToLeft: boolean): readonly HostGlyph[];
  /** A font program with these glyphs alone, numbered from 1 in this order; the same ones give the same bytes. `size`: before the filter. */
  subset(ids: readonly number[]): { readonly data: Uint8Array; readonly filter: "FlateDecode" | null; readonly size: number };
}

/** Null: the host has no font for this character. */
export type FontFor = (codePoint: number, like: FontName) => HostFont | null;

export type TextPiece =
  | { readonly kind: "standard"; readonly text: string }
  | { readonly kind: "embedded"; readonly font: HostFont; readonly glyphs: readonly HostGlyph[] };

export function textPieces(text: string, like: FontName, fontFor: FontFor): readonly TextPiece[] {
  return visualRuns(text).flatMap(({ text: run, isRightToLeft }) => {
    const pieces = byFont(run, isRightToLeft, like, fontFor);
    return isRightToLeft ? pieces.toReversed() : pieces;
  });
}

/** Advance of all pieces in parts of the font size. */
export function piecesWidth(pieces: readonly TextPiece[], font: FontName): number {
  return pieces.reduce(
    (sum, piece) =>
      sum + (piece.kind === "standard" ? textWidth(font, 1, piece.text) : piece.glyphs.reduce((width, { advance }) => width + advance, 0)),
    0,
  );
}

/** Belongs to the character before it, whatever fonts there are. */
const JOINED = /^[\p{M}\u200c\u200d]$/u;

function byFont(text: string, isRightToLeft: boolean, like: FontName, fontFor: FontFor): TextPiece[] {
  const runs: { font: HostFont | null; text: string }[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    const last = runs.at(-1);
    const stays = last !== undefined && last.font !== null && last.font.has(code) && (isRightToLeft || JOINED.test(character));
    const font = stays ? last.font : winAnsiCode(character) === null ? fontFor(code, like) : null;
    if (last !== undefined && last.font === font) last.text += character;
    else runs.push({ font, text: character });
  }
  return runs.map(({ font, text: run }) =>
    font === null
      ? { kind: "standard", text: isRightToLeft ? Array.from(run).toReversed().join("") : run }
      : { kind: "embedded", font, glyphs: font.shape(run, isRightToLeft) },
  );
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const LEFT_TO_RIGHT = /[\p{L}\p{Nd}]/u;

interface Run {
  readonly text: string;
  readonly isRightToLeft: boolean;
}

/** What has no direction goes with its neighbours where they agree, else with the line. */
function visualRuns(text: string): readonly Run[] {
  if (!RIGHT_TO_LEFT.test(text)) return [{ text, isRightToLeft: false }];
  const characters = Array.from(text);
  const strong = characters.map((character) => (RIGHT_TO_LEFT.test(character) ? true : LEFT_TO_RIGHT.test(character) ? false : null));
  const line = characters.find((character) => RIGHT_TO_LEFT.test(character) || /\p{L}/u.test(character))!;
  const isRightToLeft = RIGHT_TO_LEFT.test(line);
  const directions: boolean[] = [];
  for (let at = 0; at < strong.length; at++) {
    const own = strong[at];
    if (own !== null && own !== undefined) {
      directions.push(own);
      continue;
    }
    const before = strong.slice(0, at).findLast((one) => one !== null) ?? isRightToLeft;
    const after = strong.slice(at).find((one) => one !== null) ?? isRightToLeft;
    directions.push(before === after ? before : isRightToLeft);
  }
  const runs: { text: string; isRightToLeft: boolean }[] = [];
  for (const [at, character] of characters.entries()) {
    const last = runs.at(-1);
    if (last !== undefined && last.isRightToLeft === directions[at]) last.text += character;
    else runs.push({ text: character, isRightToLeft: directions[at]! });
  }
  return isRightToLeft ? runs.toReversed() : runs;
}
