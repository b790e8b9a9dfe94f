/** WinAnsiEncoding: what the standard fonts can say (ISO 32000-2, annex D). */

/** 0x80…0x9F; unused codes are spaces here. */
const HIGH = "€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ";

/** Drawn in place of a character that the encoding lacks: `?`. */
export const WIN_ANSI_REPLACEMENT = 0x3f;

/** The code of a character, or null when the encoding lacks it. Control characters have none. */
export function winAnsiCode(character: string): number | null {
  const point = character.codePointAt(0) ?? 0;
  if ((point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff)) return point;
  // Typographic spaces and the minus and non-breaking hyphen have a close relative.
  if (point >= 0x2000 && point <= 0x200a) return 0x20;
  if (point === 0x202f) return 0xa0;
  if (point === 0x2010 || point === 0x2011 || point === 0x2212) return 0x2d;
  if (point < 0x100) return null;
  const at = HIGH.indexOf(character);
  return at < 0 ? null : 0x80 + at;
}

/** One byte a character, as a string of code units below 256; characters that the encoding lacks come out as `?`. */
export function winAnsi(text: string): string {
  let out = "";
  for (const character of text) out += String.fromCharCode(winAnsiCode(character) ?? WIN_ANSI_REPLACEMENT);
  return out;
}

/** Can the standard fonts show all of it? */
export function isWinAnsi(text: string): boolean {
  for (const character of text) if (winAnsiCode(character) === null) return false;
  return true;
}
