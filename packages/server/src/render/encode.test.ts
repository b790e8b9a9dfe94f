import sharp from "sharp";
import type { Bitmap } from "@lectern/pdf";
import { describe, expect, it } from "vitest";
import { encode, isSmooth } from "./encode.ts";

function bitmap(width: number, height: number, pixel: (x: number, y: number) => readonly [number, number, number]): Bitmap {
  const data = new Uint8Array(width * height * 4).fill(255);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(pixel(x, y), (y * width + x) * 4);
  return { width, height, data };
}

/** Strokes two pixels wide with soft edges, as letters have. */
const letters = bitmap(300, 400, (x, y) => {
  const value = y % 14 > 9 || x % 7 > 3 ? 255 : [90, 0, 10, 170][x % 7]!;
  return [value, value, value];
});
const gradient = bitmap(300, 400, (_x, y) => [Math.round((y * 255) / 400), 80, 200]);

async function pixels(encoded: Uint8Array): Promise<Buffer> {
  return sharp(encoded).removeAlpha().raw().toBuffer();
}

describe("encoding", () => {
  it("keeps text sharp: no pixel moves by more than half of a sixteenth", async () => {
    expect(isSmooth(letters)).toBe(false);
    const shown = await pixels(await encode(letters, { format: "webp", encoding: "fast" }));
    for (let i = 0; i < 300 * 400; i++) expect(Math.abs(shown[i * 3]! - letters.data[i * 4]!)).toBeLessThanOrEqual(8);
  });

  it("gives the same pixels of text whether it is quick or small", async () => {
    const [fast, small] = [
      await encode(letters, { format: "webp", encoding: "fast" }),
      await encode(letters, { format: "webp", encoding: "small" }),
    ];
    expect((await pixels(fast)).equals(await pixels(small))).toBe(true);
  });

  it("keeps the colours of flat areas exactly", async () => {
    const cream = bitmap(300, 400, (x, y) => (x < 200 ? [247, 242, 232] : [18 + (y % 2), 33, 66]));
    const shown = await pixels(await encode(cream, { format: "webp", encoding: "fast" }));
    expect([...shown.subarray(0, 3)]).toEqual([247, 242, 232]);
    expect([...shown.subarray(250 * 3, 250 * 3 + 3)]).toEqual([18, 33, 66]);
  });

  it("does not make bands of a gradient", async () => {
    expect(isSmooth(gradient)).toBe(true);
    const shown = await pixels(await encode(gradient, { format: "webp", encoding: "fast" }));
    const reds = new Set(Array.from({ length: 400 }, (_, y) => shown[(y * 300 + 150) * 3]));
    expect(reds.size).toBeGreaterThan(100);
  });

  it("makes up for a rounded height", async () => {
    expect(await sharp(await encode(letters, { format: "png", encoding: "fast", height: 401 })).metadata()).toMatchObject({
      width: 300,
      height: 401,
    });
  });
});
