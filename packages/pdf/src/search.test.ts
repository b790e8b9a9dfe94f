import { expect, test } from "vitest";
import type { PageText, TextRun } from "./engine.ts";
import { runRect, search, type SearchHit, type SearchOptions, searchText } from "./search.ts";
import { turnedBox } from "./text.ts";

/** Each text is a line of characters of 10 points' width, 20 points below the one before; `|` divides runs of one line. */
function page(...lines: string[]): PageText {
  const runs: TextRun[] = [];
  for (const [number, line] of lines.entries()) {
    let x = 0;
    const parts = line.split("|");
    for (const [index, text] of parts.entries()) {
      const edges = Array.from({ length: text.length + 1 }, (_, i) => x + i * 10);
      runs.push({ text, bbox: [x, number * 20, text.length * 10, 12], edges, fontSize: 12, angle: 0, lineEnd: index === parts.length - 1 });
      x += text.length * 10;
    }
  }
  return { runs };
}

const find = (text: PageText, query: string, options?: SearchOptions): SearchHit[] => search(searchText(text), query, options);
const found = (hit: SearchHit): string => hit.preview.slice(...hit.range);

test("case, accents, ligatures, quotes and dashes make no difference", () => {
  const text = page("Crème BRÛLÉE, the ﬁnest “pâté” – Straße");
  for (const query of ["creme brulee", "CRÈME", "finest", '"pate"', "- strasse", "STRASSE"])
    expect(find(text, query), query).toHaveLength(1);
  expect(found(find(text, "finest")[0]!)).toBe("ﬁnest");
});

test("accents count in the query as little as in the text, also when they stand apart", () => {
  expect(find(page("re\u0301sume\u0301"), "résumé")).toHaveLength(1);
  expect(find(page("resume"), "résumé")).toHaveLength(1);
  expect(find(page("한국어"), "한국")).toHaveLength(1);
  expect(find(page("がき"), "かき")).toHaveLength(0);
});

test("case counts when asked for", () => {
  const text = page("Page page PAGE");
  expect(find(text, "Page")).toHaveLength(3);
  expect(find(text, "Page", { caseSensitive: true }).map(found)).toEqual(["Page"]);
});

test("whole words only when asked for", () => {
  const text = page("art start arts art, état");
  expect(find(text, "art")).toHaveLength(4);
  expect(find(text, "art", { wholeWord: true }).map(({ rects }) => rects[0]![0])).toEqual([0, 150]);
  expect(find(text, "tat", { wholeWord: true })).toEqual([]);
});

test("a hit goes on over runs and lines, with one box a line", () => {
  const [hit, ...more] = find(page("the quick |brown", "fox  jumps"), "quick brown fox jumps");
  expect(more).toEqual([]);
  expect(hit!.rects).toEqual([
    [40, 0, 110, 12],
    [0, 20, 100, 12],
  ]);
  expect(found(hit!)).toBe("quick brown fox jumps");
});

test("a word that a line end divides is found whole, and so is one whose hyphen is its own", () => {
  const text = page("a minimal acquain-", "tance with well-", "known Jean-", "Paul");
  expect(find(text, "acquaintance")[0]!.rects).toEqual([
    [100, 0, 80, 12],
    [0, 20, 50, 12],
  ]);
  expect(find(text, "wellknown")).toHaveLength(1);
  expect(find(text, "well-known")).toHaveLength(1);
  expect(find(text, "acquain-")).toHaveLength(1);
  expect(find(text, "jean- paul")).toHaveLength(1);
});

test("hits come in reading order, each once, and no more than wanted", () => {
  const text = page("x-y x-", "y x-y");
  expect(find(text, "x-y").map(({ rects }) => rects[0]!.slice(0, 2))).toEqual([
    [0, 0],
    [40, 0],
    [20, 20],
  ]);
  expect(find(text, "x-y", { limit: 2 })).toHaveLength(2);
});

test("the preview shows the words around, on one line, and says where the hit is", () => {
  const text = page("It was the best of times, it was the worst of times,", "it was the age of wisdom, it was the age of foolishness");
  const [hit] = find(text, "age of wisdom");
  expect(found(hit!)).toBe("age of wisdom");
  expect(hit!.preview).toBe("it was the worst of times, it was the age of wisdom, it was the age of foolishness");
});

test("nothing is found for an empty query, or in an empty page", () => {
  expect(find(page("abc"), "  ")).toEqual([]);
  expect(find(page("abc"), "\u0301")).toEqual([]);
  expect(find(page(), "abc")).toEqual([]);
});

test("characters beyond the basic plane are found whole", () => {
  const [hit] = find(page("a 😀 b"), "😀");
  expect(found(hit!)).toBe("😀");
  expect(hit!.rects).toEqual([[20, 0, 20, 12]]);
});

test("the box of a part of a turned line lies within the line's", () => {
  for (const angle of [30, 90, 180, 200, 270, 330]) {
    const run: TextRun = {
      text: "ab",
      bbox: turnedBox(angle, 100, 140, -10, 10),
      edges: [100, 120, 140],
      fontSize: 20,
      angle,
      lineEnd: true,
    };
    const expected = turnedBox(angle, 120, 140, -10, 10);
    for (const [i, value] of runRect(run, 1, 2)!.entries()) expect(value, `angle ${angle}`).toBeCloseTo(expected[i]!, 1);
  }
});
