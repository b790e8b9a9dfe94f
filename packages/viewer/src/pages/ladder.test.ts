import { expect, it } from "vitest";
import { nextWidth } from "./ladder.ts";

const seen = { cssWidth: 918, devicePixelRatio: 2, shown: 0, visible: true, fast: false, settled: false };

it("asks first for the smallest image that fills the page at one pixel a pixel", () => {
  expect(nextWidth(seen)).toBe(960);
});

it("asks for the sharp one when the page has come to rest", () => {
  expect(nextWidth({ ...seen, shown: 960 })).toBe(null);
  expect(nextWidth({ ...seen, shown: 960, settled: true })).toBe(1920);
  expect(nextWidth({ ...seen, shown: 1920, settled: true })).toBe(null);
});

it("asks for the smallest image while somebody scrolls fast, and for no more", () => {
  expect(nextWidth({ ...seen, fast: true })).toBe(160);
  expect(nextWidth({ ...seen, fast: true, shown: 160 })).toBe(null);
});

it("goes from a small image to the sharp one in one step", () => {
  expect(nextWidth({ ...seen, shown: 160, settled: true })).toBe(1920);
});

it("does not sharpen pages that are only near", () => {
  expect(nextWidth({ ...seen, shown: 960, settled: true, visible: false })).toBe(null);
});

it("stays with the largest rung above it", () => {
  expect(nextWidth({ ...seen, cssWidth: 5000, shown: 3840, settled: true })).toBe(null);
});

it("takes an image that is a few pixels short", () => {
  expect(nextWidth({ ...seen, cssWidth: 1300, devicePixelRatio: 1 })).toBe(1280);
});
