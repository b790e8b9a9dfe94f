import { expect, test } from "vitest";
import { Characters, layOut as layOutColumns, type Place, plainText, textLines } from "./text.ts";

interface Character {
  readonly code: number;
  readonly place: Place | null;
}

function layOut(list: readonly Character[]): ReturnType<typeof layOutColumns> {
  const characters = new Characters();
  characters.begin(list.length);
  for (const [i, { code, place }] of list.entries()) {
    characters.codes[i] = code;
    if (place !== null) characters.put(i, place);
  }
  return layOutColumns(characters);
}

/** Characters of 10 points' width from `x` on, their line's top at `y`. Spaces have no place of their own, as generated ones. */
function line(
  text: string,
  x: number,
  y: number,
  options: { readonly size?: number; readonly step?: number; readonly angle?: number } = {},
): Character[] {
  const { size = 12, step = 10, angle = 0 } = options;
  return Array.from(text, (character, i): Character => {
    const start = x + i * step;
    const place: Place = { angle, start, end: start + Math.abs(step), over: y, under: y + size };
    return { code: character.codePointAt(0)!, place: character === " " ? null : place };
  });
}

const newLine: Character[] = [
  { code: 13, place: null },
  { code: 10, place: null },
];

test("a line becomes one run with an edge for every code unit", () => {
  const { runs } = layOut(line("ab cd", 100, 50));
  expect(runs).toEqual([
    { text: "ab cd", bbox: [100, 50, 50, 12], edges: [100, 110, 120, 130, 140, 150], fontSize: 12, angle: 0, lineEnd: true },
  ]);
});

test("a character of two code units has two edges, however the engine gives it", () => {
  const place: Place = { angle: 0, start: 0, end: 10, over: 0, under: 10 };
  const whole = layOut([{ code: 0x1f600, place }]);
  const halves = layOut([
    { code: 0xd83d, place },
    { code: 0xde00, place },
  ]);
  expect(whole.runs[0]).toMatchObject({ text: "😀", edges: [0, 0, 10] });
  expect(halves).toEqual(whole);
});

test("a lone surrogate and control characters leave no trace", () => {
  expect(plainText(layOut([...line("a", 0, 0), { code: 0xd83d, place: null }, { code: 7, place: null }, ...line("b", 10, 0)]))).toBe("ab");
});

test("lines end at line breaks, and spaces around the break are dropped", () => {
  const page = layOut([...line("one ", 0, 0), ...newLine, ...line(" two", 0, 20)]);
  expect(page.runs.map(({ text, lineEnd }) => [text, lineEnd])).toEqual([
    ["one", true],
    ["two", true],
  ]);
  expect(plainText(page)).toBe("one\ntwo");
});

test("a wide gap begins a new run of the same line", () => {
  const page = layOut([...line("left ", 0, 0), ...line("right", 200, 0)]);
  expect(page.runs.map(({ text, lineEnd }) => [text, lineEnd])).toEqual([
    ["left ", false],
    ["right", true],
  ]);
  expect(textLines(page)).toEqual([{ contents: "left right", left: 0, top: 0, width: 250, height: 12 }]);
});

test("text on another line without a break between them ends the line", () => {
  const page = layOut([...line("one", 0, 0), ...line("two", 0, 30)]);
  expect(plainText(page)).toBe("one\ntwo");
});

test("a raised note number belongs to its line", () => {
  const page = layOut([...line("word", 0, 0), ...line("1", 40, -2, { size: 7, step: 4 })]);
  expect(page.runs).toHaveLength(2);
  expect(plainText(page)).toBe("word1");
});

test("a hyphen at a line's end is shown as one, whatever code it has", () => {
  for (const code of [0x02, 0xfffe, 0xad]) {
    const hyphen: Character = { code, place: { angle: 0, start: 30, end: 35, over: 0, under: 12 } };
    expect(layOut([...line("abc", 0, 0), hyphen, ...newLine]).runs[0]).toMatchObject({ text: "abc-", edges: [0, 10, 20, 30, 35] });
  }
});

test("characters of a ligature share its box", () => {
  const place: Place = { angle: 0, start: 10, end: 20, over: 0, under: 12 };
  const { runs } = layOut([...line("o", 0, 0), { code: 0x66, place }, { code: 0x69, place }, ...line("x", 20, 0)]);
  expect(runs[0]).toMatchObject({ text: "ofix", edges: [0, 10, 15, 20, 30] });
});

test("edges never go back, even where boxes overlap or have no width", () => {
  const at = (start: number, end: number): Place => ({ angle: 0, start, end, over: 0, under: 12 });
  const { runs } = layOut([
    { code: 0x61, place: at(0, 10) },
    { code: 0x301, place: at(5, 5) },
    { code: 0x62, place: at(9, 18) },
  ]);
  expect(runs[0]!.edges).toEqual([0, 5, 9, 18]);
});

test("edges of text from right to left fall", () => {
  const { runs } = layOut(line("שלום עולם", 200, 0, { step: -10 }));
  expect(runs).toHaveLength(1);
  expect(runs[0]).toMatchObject({ text: "שלום עולם", bbox: [120, 0, 90, 12] });
  expect(runs[0]!.edges).toEqual([210, 200, 190, 180, 170, 160, 150, 140, 130, 120]);
});

test("a turned line keeps its direction, and its box is level with the page", () => {
  // Downward: along is y, across is -x.
  const [run] = layOut(line("down", 100, -60, { angle: 90 })).runs;
  expect(run).toMatchObject({ text: "down", angle: 90, edges: [100, 110, 120, 130, 140], bbox: [48, 100, 12, 40] });
});

test("a page without text has no runs", () => {
  expect(layOut([])).toEqual({ runs: [] });
  expect(layOut([{ code: 32, place: null }, ...newLine])).toEqual({ runs: [] });
});
