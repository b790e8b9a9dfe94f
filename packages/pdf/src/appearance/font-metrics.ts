/**
 * Widths of the standard fonts that every PDF reader has, so that lines break alike on screen and on paper without a font file.
 * One table of advance widths a font, in thousandths of the font size, for the characters 32…255 of WinAnsiEncoding
 * (ISO 32000-2, annex D); the slanted faces of Helvetica share those of the upright ones, and Courier has one width.
 */
import { WIN_ANSI_REPLACEMENT, winAnsiCode } from "./win-ansi.ts";

const HELVETICA =
  "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 584 584 584 556 1015 667 667 722 722 " +
  "667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 " +
  "222 500 222 833 556 556 556 556 333 500 278 556 500 722 500 500 500 334 260 334 584 350 556 350 222 556 333 1000 556 556 333 1000 667 333 1000 350 " +
  "611 350 350 222 222 333 333 350 556 1000 333 1000 500 333 944 350 500 667 278 333 556 556 556 556 260 556 333 737 370 556 584 333 737 333 400 584 333 " +
  "333 333 556 537 278 333 333 365 556 834 834 834 611 667 667 667 667 667 667 1000 722 667 667 667 667 278 278 278 278 722 722 778 778 778 778 778 584 " +
  "778 722 722 722 722 667 667 611 556 556 556 556 556 556 889 500 556 556 556 556 278 278 278 278 556 556 556 556 556 556 556 584 611 556 556 556 556 " +
  "500 556 500";
const HELVETICA_BOLD =
  "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 584 584 584 611 975 722 722 722 722 " +
  "667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 " +
  "278 556 278 889 611 611 611 611 389 556 333 611 556 778 556 556 500 389 280 389 584 350 556 350 278 556 500 1000 556 556 333 1000 667 333 1000 350 " +
  "611 350 350 278 278 500 500 350 556 1000 333 1000 556 333 944 350 500 667 278 333 556 556 556 556 280 556 333 737 370 556 584 333 737 333 400 584 333 " +
  "333 333 611 556 278 333 333 365 556 834 834 834 611 722 722 722 722 722 722 1000 722 667 667 667 667 278 278 278 278 722 722 778 778 778 778 778 584 " +
  "778 722 722 722 722 667 667 611 556 556 556 556 556 556 889 556 556 556 556 556 278 278 278 278 611 611 611 611 611 611 611 584 611 611 611 611 611 " +
  "556 611 556";
const TIMES =
  "250 333 408 500 500 833 778 180 333 333 500 564 250 333 250 278 500 500 500 500 500 500 500 500 500 500 278 278 564 564 564 444 921 722 667 667 722 " +
  "611 556 722 722 333 389 722 611 889 722 722 556 722 667 556 611 722 722 944 722 722 611 333 278 333 469 500 333 444 500 444 500 444 333 500 500 278 " +
  "278 500 278 778 500 500 500 500 333 389 278 500 500 722 500 500 444 480 200 480 541 350 500 350 333 500 444 1000 500 500 333 1000 556 333 889 350 611 " +
  "350 350 333 333 444 444 350 500 1000 333 980 389 333 722 350 444 722 250 333 500 500 500 500 200 500 333 760 276 500 564 333 760 333 400 564 300 300 " +
  "333 500 453 250 333 300 310 500 750 750 750 444 722 722 722 722 722 722 889 667 611 611 611 611 333 333 333 333 722 722 722 722 722 722 722 564 722 " +
  "722 722 722 722 722 556 500 444 444 444 444 444 444 667 444 444 444 444 444 278 278 278 278 500 500 500 500 500 500 500 564 500 500 500 500 500 500 " +
  "500 500";
const TIMES_BOLD =
  "250 333 555 500 500 1000 833 278 333 333 500 570 250 333 250 278 500 500 500 500 500 500 500 500 500 500 333 333 570 570 570 500 930 722 667 722 722 " +
  "667 611 778 778 389 500 778 667 944 722 778 611 778 722 556 667 722 722 1000 722 722 667 333 278 333 581 500 333 500 556 444 556 444 333 500 556 278 " +
  "333 556 278 833 556 500 556 556 444 389 333 556 500 722 500 500 444 394 220 394 520 350 500 350 333 500 500 1000 500 500 333 1000 556 333 1000 350 " +
  "667 350 350 333 333 500 500 350 500 1000 333 1000 389 333 722 350 444 722 250 333 500 500 500 500 220 500 333 747 300 500 570 333 747 333 400 570 300 " +
  "300 333 556 540 250 333 300 330 500 750 750 750 500 722 722 722 722 722 722 1000 722 667 667 667 667 389 389 389 389 722 722 778 778 778 778 778 570 " +
  "778 722 722 722 722 722 611 556 500 500 500 500 500 500 722 444 444 444 444 444 278 278 278 278 500 556 500 500 500 500 500 570 500 556 556 556 556 " +
  "500 556 500";
const TIMES_ITALIC =
  "250 333 420 500 500 833 778 214 333 333 500 675 250 333 250 278 500 500 500 500 500 500 500 500 500 500 333 333 675 675 675 500 920 611 611 667 722 " +
  "611 611 722 722 333 444 667 556 833 667 722 611 722 611 500 556 722 611 833 611 556 556 389 278 389 422 500 333 500 500 444 500 444 278 500 500 278 " +
  "278 444 278 722 500 500 500 500 389 389 278 500 444 667 444 444 389 400 275 400 541 350 500 350 333 500 556 889 500 500 333 1000 500 333 944 350 556 " +
  "350 350 333 333 556 556 350 500 889 333 980 389 333 667 350 389 556 250 389 500 500 500 500 275 500 333 760 276 500 675 333 760 333 400 675 300 300 " +
  "333 500 523 250 333 300 310 500 750 750 750 500 611 611 611 611 611 611 889 667 611 611 611 611 333 333 333 333 722 667 722 722 722 722 722 675 722 " +
  "722 722 722 722 556 611 500 500 500 500 500 500 500 667 444 444 444 444 444 278 278 278 278 500 500 500 500 500 500 500 675 500 500 500 500 500 444 " +
  "500 444";
const TIMES_BOLD_ITALIC =
  "250 389 555 500 500 833 778 278 333 333 500 570 250 333 250 278 500 500 500 500 500 500 500 500 500 500 333 333 570 570 570 500 832 667 667 667 722 " +
  "667 667 722 778 389 500 667 611 889 722 722 611 722 667 556 611 722 667 889 667 611 611 333 278 333 570 500 333 500 500 444 500 444 333 500 556 278 " +
  "278 500 278 778 556 500 500 500 389 389 278 556 444 667 500 444 389 348 220 348 570 350 500 350 333 500 500 1000 500 500 333 1000 556 333 944 350 611 " +
  "350 350 333 333 500 500 350 500 1000 333 1000 389 333 722 350 389 611 250 389 500 500 500 500 220 500 333 747 266 500 606 333 747 333 400 570 300 300 " +
  "333 576 500 250 333 300 300 500 750 750 750 500 667 667 667 667 667 667 944 667 667 667 667 667 389 389 389 389 722 722 722 722 722 722 722 570 722 " +
  "722 722 722 722 611 611 500 500 500 500 500 500 500 722 444 444 444 444 444 278 278 278 278 500 556 500 500 500 500 500 570 500 556 556 556 556 444 " +
  "500 444";

/** The standard fonts by their PDF names. */
export const FONT_NAMES = [
  "Helvetica",
  "Helvetica-Bold",
  "Helvetica-Oblique",
  "Helvetica-BoldOblique",
  "Times-Roman",
  "Times-Bold",
  "Times-Italic",
  "Times-BoldItalic",
  "Courier",
  "Courier-Bold",
  "Courier-Oblique",
  "Courier-BoldOblique",
] as const;
export type FontName = (typeof FONT_NAMES)[number];

const COURIER = 600;

const parse = (table: string): Uint16Array => Uint16Array.from(table.split(" "), Number);

const SANS = parse(HELVETICA);
const SANS_BOLD = parse(HELVETICA_BOLD);
const WIDTHS: Readonly<Record<FontName, Uint16Array | null>> = {
  Helvetica: SANS,
  "Helvetica-Bold": SANS_BOLD,
  "Helvetica-Oblique": SANS,
  "Helvetica-BoldOblique": SANS_BOLD,
  "Times-Roman": parse(TIMES),
  "Times-Bold": parse(TIMES_BOLD),
  "Times-Italic": parse(TIMES_ITALIC),
  "Times-BoldItalic": parse(TIMES_BOLD_ITALIC),
  Courier: null,
  "Courier-Bold": null,
  "Courier-Oblique": null,
  "Courier-BoldOblique": null,
};

/** Height of the line above and below the baseline, in parts of the font size; the same for all faces of a family. */
export function verticalMetrics(font: FontName): { readonly ascent: number; readonly descent: number } {
  if (font.startsWith("Times")) return { ascent: 0.898, descent: 0.218 };
  if (font.startsWith("Courier")) return { ascent: 0.805, descent: 0.25 };
  return { ascent: 0.931, descent: 0.225 };
}

/** Advance width of a text in points. Characters that the font lacks count by a guess: a full square for ideographs and the like, else as `?`. */
export function textWidth(font: FontName, size: number, text: string): number {
  const widths = WIDTHS[font];
  let sum = 0;
  for (const character of text) {
    const code = winAnsiCode(character);
    if (code === null && isWide(character)) sum += 1000;
    else sum += widths === null ? COURIER : widths[(code ?? WIN_ANSI_REPLACEMENT) - 32]!;
  }
  return (sum * size) / 1000;
}

function isWide(character: string): boolean {
  return (character.codePointAt(0) ?? 0) >= 0x2e80;
}

/** The standard face for a font family as a user names it (Arial, Georgia, monospace, …) and its style. */
export function standardFont(family: string | undefined, style: readonly string[] = []): FontName {
  const name = (family ?? "").toLowerCase();
  const bold = style.includes("bold");
  const italic = style.includes("italic");
  if (/courier|mono|consolas|menlo/.test(name)) return pick("Courier", "Courier-Bold", "Courier-Oblique", "Courier-BoldOblique");
  if (/times|georgia|garamond|palatino|cambria|serif/.test(name) && !name.includes("sans")) {
    return pick("Times-Roman", "Times-Bold", "Times-Italic", "Times-BoldItalic");
  }
  return pick("Helvetica", "Helvetica-Bold", "Helvetica-Oblique", "Helvetica-BoldOblique");

  function pick(...faces: readonly [FontName, FontName, FontName, FontName]): FontName {
    return faces[(bold ? 1 : 0) + (italic ? 2 : 0)]!;
  }
}
