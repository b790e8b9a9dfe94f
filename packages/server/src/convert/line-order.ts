/**
 * pdfmake sets words from left to right, whatever they say: here it learns to order each line by the directions that its pieces were given
 * (`Directed`, which it carries from a text's runs to the pieces of its lines). Glyphs within a piece are the font's business, which shapes Arabic.
 */
import ElementWriterModule from "pdfmake/js/ElementWriter.js";
import { hasDirection, visualOrder } from "./direction.ts";

/** Members of a run of text. */
export interface Directed {
  readonly isRightToLeft?: boolean;
  /** Of the paragraph that it is in. */
  readonly inRightToLeft?: boolean;
}

interface Inline extends Directed {
  x: number;
  text: string;
  readonly width: number;
  /** Of the blanks at its end. */
  readonly trailingCut?: number;
}

interface Line {
  inlines: Inline[];
  readonly leadingCut: number;
  readonly trailingCut: number;
}

interface Piece {
  readonly isRightToLeft: boolean;
  readonly width: number;
  /** Null: the blanks behind one. */
  readonly inline: Inline | null;
}

/** Once in the process that converts. */
export function orderLines(): void {
  const { prototype } = "default" in ElementWriterModule ? ElementWriterModule.default : ElementWriterModule;
  if (Object.hasOwn(prototype, ORDERED)) return;
  const before = Reflect.get(prototype, "alignLine") as (line: Line) => void;
  Object.defineProperty(prototype, ORDERED, { value: true });
  prototype.alignLine = function (line: Line) {
    if (line.inlines.some(({ isRightToLeft, inRightToLeft }) => isRightToLeft === true || inRightToLeft === true)) order(line);
    before.call(this, line);
  };
}

const ORDERED = Symbol("lines are ordered by direction");

function order(line: Line): void {
  const isRightToLeft = line.inlines.some(({ inRightToLeft }) => inRightToLeft === true);
  const pieces = line.inlines.flatMap((inline, at): Piece[] => {
    const own = inline.isRightToLeft === true;
    // A font turns what it knows to be written from right to left; signs alone say nothing to it.
    if (own && !hasDirection(inline.text)) inline.text = Array.from(inline.text).toReversed().join("");
    const blanks = Math.min(inline.trailingCut ?? 0, inline.width);
    const next = line.inlines[at + 1];
    // Those at the end of a line take no room.
    const width = next === undefined ? Math.max(0, blanks - line.trailingCut) : blanks;
    const between = next !== undefined && (next.isRightToLeft === true) === own ? own : isRightToLeft;
    return [
      { isRightToLeft: own, width: inline.width - blanks, inline },
      { isRightToLeft: between, width, inline: null },
    ];
  });
  let x = -line.leadingCut;
  for (const { inline, width } of visualOrder(pieces, isRightToLeft)) {
    // A font draws the blanks behind a word where its direction puts them.
    if (inline !== null) inline.x = inline.isRightToLeft === true ? x - (inline.width - width) : x;
    x += width;
  }
  line.inlines = line.inlines.toSorted((a, b) => a.x - b.x);
}
