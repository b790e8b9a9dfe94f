import { expect, test } from "vitest";
import type { TextRun } from "./engine.ts";
import { inReadingOrder } from "./reading-order.ts";

const LEFT = [
  "The committee met in spring",
  "of that year and decided to",
  "build the old harbour, which",
  "had been damaged by storms",
  "of the winter before that.",
];
const RIGHT = [
  "was read by few and liked",
  "by fewer. Yet all the work",
  "began in summer, and was",
  "done within eleven months",
  "to everybody's surprise.",
];
const NAMES = [
  "Quantity of what was ordered",
  "Price of one piece in euros",
  "Discount for members of us",
  "Total of the whole order of",
  "Date when it was delivered",
];

/** Rows of a page 20 points apart, their cells at these places across. */
function rows(cells: readonly (readonly (string | null)[])[], xs: readonly number[]): TextRun[] {
  return cells.flatMap((row, n) => {
    const there = row.flatMap((text, column) => (text === null ? [] : [{ text, x: xs[column]! }]));
    return there.map(({ text, x }, at) => ({
      text,
      bbox: [x, n * 20, text.length * 5, 12] as const,
      edges: Array.from({ length: text.length + 1 }, (_, i) => x + i * 5),
      fontSize: 12,
      angle: 0,
      lineEnd: at === there.length - 1,
    })) as unknown as TextRun[];
  });
}
const pairs = (a: readonly (string | null)[], b: readonly (string | null)[]): (string | null)[][] =>
  a.map((text, n) => [text, b[n] ?? null]);
const texts = (runs: readonly TextRun[]): string[] => runs.map(({ text }) => text);

test("two columns written side by side are read one after the other, with the heading above and the line below where they were", () => {
  const page = [
    ...rows([["A heading over both of the columns of this page"]], [0]),
    ...rows([[null, null], ...pairs(LEFT, RIGHT)], [0, 200]),
  ];
  const below = rows([[], [], [], [], [], [], [], ["what follows goes on over the whole width of the page, of course"]], [0]);
  const read = inReadingOrder([...page, ...below]);
  expect(texts(read)).toEqual([texts(page)[0], ...LEFT, ...RIGHT, texts(below)[0]]);
  expect(read.every(({ lineEnd }) => lineEnd)).toBe(true);
});

test("three columns, and one that is shorter than the others", () => {
  const cells = LEFT.map((text, n) => [text, n < 4 ? RIGHT[n]! : null, LEFT[n]!]);
  expect(texts(inReadingOrder(rows(cells, [0, 200, 400])))).toEqual([...LEFT, ...RIGHT.slice(0, 4), ...LEFT]);
});

test.each([
  ["a table, whose cells begin anew", pairs(NAMES, NAMES)],
  ["a table of names and long texts", pairs(NAMES, RIGHT)],
  ["short cells", pairs(["one", "two", "and", "for", "six"], ["a", "b", "c", "d", "e"])],
  ["fewer rows than make columns", pairs(LEFT.slice(0, 3), RIGHT)],
])("%s stay as they were written", (_what, cells) => {
  const page = rows(cells, [0, 200]);
  expect(inReadingOrder(page)).toEqual(page);
});

test("lines without a common gutter stay as they were written", () => {
  const page = LEFT.flatMap((text, n) =>
    rows([...Array.from({ length: n }, () => []), [text, RIGHT[n]!]], n % 2 === 0 ? [0, 150] : [100, 260]),
  );
  expect(inReadingOrder(page)).toEqual(page);
});
