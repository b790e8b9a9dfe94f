import { describe, expect, it } from "vitest";
import { fitScale, layoutPages, stepScale } from "./layout.ts";
import { MAX_ELEMENT_HEIGHT, spaceAt, spaceScrolled } from "./scroll-space.ts";

const letter = { width: 612, height: 792 };

describe("layout", () => {
  it("puts pages below each other with a gap that does not grow with the zoom", () => {
    const layout = layoutPages([letter, letter, letter], 16, 24);
    expect([layout.top(0, 2), layout.top(1, 2), layout.height(2)]).toEqual([24, 24 + 1584 + 16, 24 + 3 * 1584 + 2 * 16 + 24]);
  });

  it("finds the page at a height among ten thousand of mixed sizes", () => {
    const sizes = Array.from({ length: 10_000 }, (_, i) => ({ width: 500, height: 500 + (i % 7) * 100 }));
    const layout = layoutPages(sizes);
    for (const index of [0, 1, 4999, 9998, 9999]) {
      const top = layout.top(index, 1.3);
      expect(layout.at(top, 1.3)).toBe(index);
      expect(layout.at(top + sizes[index]!.height * 1.3 - 1, 1.3)).toBe(index);
      if (index > 0) expect(layout.at(top - 1, 1.3)).toBe(index - 1);
    }
  });

  it("answers the first and the last page for heights outside of the document", () => {
    const layout = layoutPages([letter, letter]);
    expect(layout.range(-500, 1e9, 1)).toEqual([0, 1]);
  });

  it("has a height without pages", () => {
    expect(layoutPages([], 16, 24).height(1)).toBe(48);
  });

  it("keeps a page readable on a wide screen unless asked to fill it", () => {
    const screen = { width: 1600, height: 900 };
    expect(fitScale("auto", letter, screen)).toBe(1.5);
    expect(fitScale("fit-width", letter, screen)).toBeCloseTo((1600 - 48) / 612);
    expect(fitScale("fit-page", letter, screen)).toBeCloseTo((900 - 48) / 792);
    expect(fitScale("auto", letter, { width: 390, height: 800 })).toBeCloseTo((390 - 16) / 612);
  });

  it("steps to the next round zoom and stops at the ends", () => {
    expect([stepScale(1, 1), stepScale(1, -1), stepScale(1.07, 1), stepScale(8, 1), stepScale(0.1, -1)]).toEqual([1.1, 0.9, 1.1, 8, 0.1]);
  });
});

describe("scroll space", () => {
  const windowHeight = 800;
  const tall = 50_000_000;

  it("is the document itself while that is short enough", () => {
    expect(spaceAt(1234, 100_000, windowHeight)).toEqual({ elementHeight: 100_000, top: 1234, offset: 0 });
  });

  it("never needs a taller element than browsers draw, and reaches both ends", () => {
    expect(spaceAt(0, tall, windowHeight)).toMatchObject({ elementHeight: MAX_ELEMENT_HEIGHT, top: 0, offset: 0 });
    const end = spaceAt(1e12, tall, windowHeight);
    expect(end.top).toBe(tall - windowHeight);
    expect(end.top - end.offset).toBeCloseTo(MAX_ELEMENT_HEIGHT - windowHeight);
  });

  it("moves pixel by pixel for small scrolls", () => {
    const space = spaceAt(20_000_000, tall, windowHeight);
    const scrolled = spaceScrolled(space, space.top - space.offset + 100, tall, windowHeight);
    expect(scrolled.top).toBeCloseTo(20_000_100);
  });

  it("moves by proportion for a drag of the scroll bar", () => {
    const space = spaceAt(0, tall, windowHeight);
    const scrolled = spaceScrolled(space, (MAX_ELEMENT_HEIGHT - windowHeight) / 2, tall, windowHeight);
    expect(scrolled.top).toBeCloseTo((tall - windowHeight) / 2);
  });

  it("takes new room when small scrolls come to the end of the element before that of the document", () => {
    let space = spaceAt(100_000, tall, windowHeight);
    let seen = space.top;
    for (let i = 0; i < 400 && space.top > 0; i++) {
      space = spaceScrolled(space, Math.max(0, space.top - space.offset - 500), tall, windowHeight);
      expect(seen - space.top).toBeLessThanOrEqual(501);
      seen = space.top;
    }
    expect(space.top).toBeCloseTo(0);
  });
});
