import { expect, test } from "vitest";
import { wordsUnder } from "./words-under.ts";

const line = (text: string, top: number, angle = 0) => ({
  text,
  bbox: [0, top, text.length * 10, 12] as [number, number, number, number],
  edges: Array.from({ length: text.length + 1 }, (_, at) => at * 10),
  fontSize: 12,
  angle,
  lineEnd: true,
});

test("of each line the characters whose middle is under one of the rectangles", () => {
  const page = { runs: [line("secret plan", 0), line("more of it", 20), line("upright", 0, 90)] };
  expect(wordsUnder(page, [[70, 0, 40, 12]])).toBe("plan");
  expect(
    wordsUnder(page, [
      [70, 0, 40, 12],
      [0, 20, 41, 12],
    ]),
  ).toBe("plan more");
  expect(wordsUnder(page, [[0, 100, 500, 50]])).toBe("");
});
