/**
 * Directions of text, as far as a paragraph that is set here needs them: what is written from right to left, what stands within it from left to
 * right (letters and numbers), and how a line of both is ordered for the eye. Two levels of UAX #9; marks that embed or override are left out.
 */

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const LEFT_TO_RIGHT = /[\p{L}\p{Nd}]/u;
const LETTER = /\p{L}/u;
/** Combining marks go with what they stand on; digits of Arabic are numbers. */
const ARABIC_DIGIT = /[\u0660-\u0669\u06f0-\u06f9]/;

export interface DirectedText {
  /** Of each paragraph (up to the end of its line): by its first letter. By UTF-16 index. */
  readonly base: readonly boolean[];
  /** True: from right to left. By UTF-16 index. */
  readonly own: readonly boolean[];
}

/** Null: all of it is from left to right. */
export function directions(text: string): DirectedText | null {
  if (!RIGHT_TO_LEFT.test(text)) return null;
  const base: boolean[] = [];
  const own: boolean[] = [];
  for (const line of text.split(/(?<=\n)/)) {
    const characters = Array.from(line);
    const first = characters.find((character) => LETTER.test(character));
    const isRightToLeft = first !== undefined && RIGHT_TO_LEFT.test(first);
    const strong = characters.map(strongOf);
    const before: (boolean | null)[] = [];
    let last: boolean | null = null;
    for (const each of strong) before.push((last = each ?? last));
    let next: boolean | null = null;
    const resolved: boolean[] = [];
    for (let at = characters.length - 1; at >= 0; at--) {
      next = strong[at] ?? next;
      // What has no direction goes with its neighbours where they agree, else with the line.
      const [left, right] = [before[at] ?? isRightToLeft, next ?? isRightToLeft];
      resolved[at] = left === right ? left : isRightToLeft;
    }
    for (const [at, character] of characters.entries())
      for (let unit = 0; unit < character.length; unit++) {
        base.push(isRightToLeft);
        own.push(resolved[at]!);
      }
  }
  return { base, own };
}

/** Is anything in it written from right to left, whatever stands around it? */
export function hasDirection(text: string): boolean {
  return RIGHT_TO_LEFT.test(text);
}

function strongOf(character: string): boolean | null {
  if (ARABIC_DIGIT.test(character)) return false;
  if (RIGHT_TO_LEFT.test(character)) return true;
  return LEFT_TO_RIGHT.test(character) ? false : null;
}

export interface DirectedPiece {
  readonly isRightToLeft: boolean;
}

/** Pieces of a line as they stand from left to right. */
export function visualOrder<T extends DirectedPiece>(pieces: readonly T[], lineIsRightToLeft: boolean): T[] {
  const runs: T[][] = [];
  for (const piece of pieces) {
    const last = runs.at(-1);
    if (last?.[0]!.isRightToLeft === piece.isRightToLeft) last!.push(piece);
    else runs.push([piece]);
  }
  const shown = runs.map((run) => (run[0]!.isRightToLeft ? run.toReversed() : run));
  return (lineIsRightToLeft ? shown.toReversed() : shown).flat();
}

const MIRRORED: Readonly<Record<string, string>> = {
  "(": ")",
  ")": "(",
  "[": "]",
  "]": "[",
  "{": "}",
  "}": "{",
  "<": ">",
  ">": "<",
  "«": "»",
  "»": "«",
  "‹": "›",
  "›": "‹",
};

/** Brackets of text from right to left are drawn as their mirror image. */
export function mirrored(text: string): string {
  return text.replace(/[()[\]{}<>«»‹›]/g, (character) => MIRRORED[character]!);
}
