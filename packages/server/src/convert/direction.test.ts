import { expect, test } from "vitest";
import { directions, mirrored, visualOrder } from "./direction.ts";

/** R and L for each character; a line that begins from right to left in capitals of its own. */
const shown = (text: string): string =>
  directions(text)
    ?.own.map((isRightToLeft) => (isRightToLeft ? "R" : "L"))
    .join("") ?? "left to right";

test("letters tell their direction, numbers stand from left to right, and signs go with their neighbours, else with the line", () => {
  expect(shown("plain, 12 (x)")).toBe("left to right");
  expect(shown("אב cd")).toBe("RRRLL");
  expect(shown("cd אב")).toBe("LLLRR");
  expect(shown("אב 12-34 גד.")).toBe("RRRLLLLLRRRR");
  expect(shown("مرحبا ١٢")).toBe("RRRRRRLL");
  expect(shown("(אב)")).toBe("RRRR");
});

test("each line of a text has the direction of its first letter", () => {
  const { base } = directions("12 אב c\nab אב\n")!;
  expect(base).toEqual([...Array.from({ length: 8 }, () => true), ...Array.from({ length: 6 }, () => false)]);
});

test("pieces stand as they are seen, and brackets as they are mirrored", () => {
  const pieces = Array.from("ABcdE", (name) => ({ name, isRightToLeft: name === name.toUpperCase() }));
  const seen = (lineIsRightToLeft: boolean): string =>
    visualOrder(pieces, lineIsRightToLeft)
      .map(({ name }) => name)
      .join("");
  expect(seen(true)).toBe("EcdBA");
  expect(seen(false)).toBe("BAcdE");
  expect(mirrored("(a) [b] «c»")).toBe(")a( ]b[ »c«");
});
