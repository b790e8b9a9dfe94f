import type { StructureElement, TextRun } from "@lectern/pdf";
import { expect, test } from "vitest";
import { type Spoken, type SpokenElement, spokenPage } from "./text-structure.ts";

/** Letters of 10 points on a line of its own, 20 points below the one before. */
function run(text: string, line: number): TextRun {
  const edges = Array.from({ length: text.length + 1 }, (_, i) => i * 10);
  return { text, bbox: [0, line * 20, text.length * 10, 12], edges, fontSize: 12, angle: 0, lineEnd: true };
}

const runs = ["A long", "paragraph", "Head", "Cell"].map(run);
const spoken = (...structure: readonly StructureElement[]): readonly Spoken[] => spokenPage({ runs, structure })!;
const cell = (type: string, more: Partial<StructureElement> = {}): StructureElement => ({ type, children: [[3, 0, 4]], ...more });
const roles = (of: Spoken): unknown => ("text" in of ? of.text : [of.role, ...of.children.map(roles)]);

test("a page without a structure says nothing", () => {
  expect(spokenPage({ runs })).toBeNull();
});

test("lines of an element are one text, in the box around them", () => {
  const [paragraph] = spoken({
    type: "P",
    language: "de",
    children: [
      [0, 0, 6],
      [1, 0, 9],
    ],
  });
  expect(paragraph).toEqual({
    role: "paragraph",
    language: "de",
    rect: [0, 0, 90, 32],
    children: [{ text: "A long paragraph", rect: [0, 0, 90, 32] }],
  });
});

test("a word that is tagged in pieces stays a word", () => {
  const pieces = [
    [1, 0, 4],
    [1, 4, 9],
  ] as const;
  expect(spoken({ type: "Span", children: pieces }).map(roles)).toEqual([[null, "paragraph"]]);
});

test("headings have their level, of H by the sections around it", () => {
  const head = (type: string): StructureElement => ({ type, children: [[2, 0, 4]] });
  const levels = spoken(head("H3"), head("Title"), { type: "Sect", children: [head("H"), { type: "Sect", children: [head("H")] }] });
  const all = (of: Spoken): (number | undefined)[] => ("text" in of ? [] : [of.level, ...of.children.flatMap(all)]);
  expect(levels.flatMap(all).filter((level) => level !== undefined)).toEqual([3, 1, 1, 2]);
});

test("tables have rows, headers with their direction, and cells with their spans", () => {
  const row: StructureElement = { type: "TR", children: [cell("TH", { scope: "row" }), cell("TH"), cell("TD", { columnSpan: 2 })] };
  const [table] = spoken({ type: "Table", children: [{ type: "TBody", children: [row] }] });
  expect(roles(table!)).toEqual(["table", ["rowgroup", ["row", ["rowheader", "Cell"], ["columnheader", "Cell"], ["cell", "Cell"]]]]);
  const cells = ((table as SpokenElement).children[0] as SpokenElement).children[0] as SpokenElement;
  expect(cells.children[2]).toMatchObject({ columnSpan: 2 });
});

test("what has lost its list or table says its text only", () => {
  expect(spoken(cell("LI"), cell("TR"), cell("TD")).map(roles)).toEqual([
    [null, "Cell"],
    [null, "Cell"],
    [null, "Cell"],
  ]);
});

test("a list keeps its items, also through what stands between", () => {
  const [list] = spoken({ type: "L", children: [{ type: "Div", children: [cell("LI")] }] });
  expect(roles(list!)).toEqual(["list", [null, ["listitem", "Cell"]]]);
});

test("a picture says what it shows, where it is; another text stands for what is drawn", () => {
  expect(spoken({ type: "Figure", alt: "A tree", bbox: [1, 2, 3, 4], children: [[3, 0, 4]] }, cell("P", { actualText: "More" }))).toEqual([
    { role: "img", label: "A tree", rect: [1, 2, 3, 4], children: [] },
    { role: "paragraph", rect: [0, 60, 40, 12], children: [{ text: "More", rect: [0, 60, 40, 12] }] },
  ]);
});

test("parts that are not there, and roles of nobody, do no harm", () => {
  expect(
    spoken({
      type: "toString",
      children: [
        [9, 0, 4],
        [3, 0, 4],
      ],
    }).map(roles),
  ).toEqual([[null, "Cell"]]);
});
