import * as fc from "fast-check";
import { expect, test } from "vitest";
import { TILE_PIXELS } from "@lectern/protocol/plain";
import { tilesOf, tileWidth, turnedBack } from "./tiles.ts";

test("tiles begin where the largest image would have to be stretched, at the next width that is enough", () => {
  expect(tileWidth(3840)).toBeNull();
  expect(tileWidth(4000)).toBeNull();
  expect(tileWidth(4200)).toBe(5120);
  expect(tileWidth(9000)).toBe(10_240);
  expect(tileWidth(1_000_000)).toBe(20_480);
});

test("the tiles of a part cover it, lie on the page, and none is useless", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(share, share, share, share, fc.constantFrom(0.7, 1, 1.414, 3), (a, b, c, d, ratio) => {
      const part = { left: Math.min(a, b), right: Math.max(a, b), top: Math.min(c, d), bottom: Math.max(c, d) };
      fc.pre(part.right - part.left > 0.001 && part.bottom - part.top > 0.001);
      const [width, height] = [5120, Math.round(5120 * ratio)];
      const tiles = tilesOf(part, width, ratio);
      const xs = tiles.map(({ column }) => column);
      const ys = tiles.map(({ row }) => row);
      expect(new Set(tiles.map(({ column, row }) => `${column} ${row}`)).size).toBe(tiles.length);
      expect(tiles).toHaveLength((Math.max(...xs) - Math.min(...xs) + 1) * (Math.max(...ys) - Math.min(...ys) + 1));
      expect(Math.min(...xs) * TILE_PIXELS).toBeLessThanOrEqual(part.left * width);
      expect((Math.max(...xs) + 1) * TILE_PIXELS).toBeGreaterThanOrEqual(part.right * width - 1);
      expect(Math.max(...xs) * TILE_PIXELS).toBeLessThan(width);
      expect(Math.max(...ys) * TILE_PIXELS).toBeLessThan(height);
      expect(Math.max(...ys) * TILE_PIXELS).toBeLessThanOrEqual(part.bottom * height);
    }),
  );
});

test("the middle of what is in sight comes first", () => {
  expect(tilesOf({ left: 0, top: 0, right: 0.5, bottom: 0.5 }, 5120, 1)[0]).toEqual({ width: 5120, column: 2, row: 2 });
});

test("a turned page asks for the tiles that are in sight", () => {
  const topRight = { left: 0.75, top: 0, right: 1, bottom: 0.25 };
  // Turned by a quarter, the top left of the image is at the top right of the page.
  expect(turnedBack(topRight, 90)).toEqual({ left: 0, top: 0, right: 0.25, bottom: 0.25 });
  expect(turnedBack(topRight, 180)).toEqual({ left: 0, top: 0.75, right: 0.25, bottom: 1 });
  expect(turnedBack(topRight, 270)).toEqual({ left: 0.75, top: 0.75, right: 1, bottom: 1 });
});
