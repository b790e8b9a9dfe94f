import type { Rect, Rotation } from "@lectern/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  boundsOf,
  boxOfLines,
  carry,
  centre,
  contains,
  distanceToSegment,
  type Frame,
  type Handle,
  HANDLES,
  intoFrame,
  moveWithin,
  opposite,
  rectBetween,
  resizeFrame,
  resizeRect,
  round,
  turnBy,
  union,
} from "./geometry.ts";

const rect = fc.tuple(
  fc.integer({ min: 0, max: 500 }),
  fc.integer({ min: 0, max: 500 }),
  fc.integer({ min: 10, max: 300 }),
  fc.integer({ min: 10, max: 300 }),
);
const handle = fc.constantFrom<Handle>(...HANDLES);
const distance = fc.integer({ min: -400, max: 400 });

describe("resizing a rectangle", () => {
  test("a corner follows the pointer and the opposite corner stays", () => {
    expect(resizeRect([10, 20, 100, 50], [1, 1], 30, -10, { minimum: 8, keepAspect: false })).toEqual([10, 20, 130, 40]);
    expect(resizeRect([10, 20, 100, 50], [-1, -1], 30, -10, { minimum: 8, keepAspect: false })).toEqual([40, 10, 70, 60]);
  });

  test("a side handle changes one dimension only", () => {
    expect(resizeRect([10, 20, 100, 50], [0, 1], 300, 15, { minimum: 8, keepAspect: false })).toEqual([10, 20, 100, 65]);
  });

  test("keeping the aspect scales both sides alike, whichever handle is dragged", () => {
    expect(resizeRect([0, 0, 100, 50], [1, 1], 100, 0, { minimum: 8, keepAspect: true })).toEqual([0, 0, 200, 100]);
    expect(resizeRect([0, 0, 100, 50], [1, 0], 100, 0, { minimum: 8, keepAspect: true })).toEqual([0, -25, 200, 100]);
  });

  test("no handle makes a side shorter than the minimum, turns the rectangle over or moves the opposite edge", () => {
    fc.assert(
      fc.property(rect, handle, distance, distance, fc.boolean(), (before, [hx, hy], dx, dy, keepAspect) => {
        const after = resizeRect(before as Rect, [hx, hy], dx, dy, { minimum: 8, keepAspect });
        expect(after[2]).toBeGreaterThanOrEqual(8);
        expect(after[3]).toBeGreaterThanOrEqual(8);
        if (hx > 0) expect(after[0]).toBeCloseTo(before[0], 1);
        if (hx < 0) expect(after[0] + after[2]).toBeCloseTo(before[0] + before[2], 1);
        if (hy > 0) expect(after[1]).toBeCloseTo(before[1], 1);
        if (hy < 0) expect(after[1] + after[3]).toBeCloseTo(before[1] + before[3], 1);
        if (keepAspect) expect(after[2] / after[3]).toBeCloseTo(before[2] / before[3], 1);
      }),
    );
  });

  test("what is inside the page stays inside", () => {
    const page: Rect = [0, 0, 800, 800];
    fc.assert(
      fc.property(rect, handle, distance, distance, fc.boolean(), (before, at, dx, dy, keepAspect) => {
        const after = resizeRect(before as Rect, at, dx, dy, { minimum: 8, keepAspect, within: page });
        expect(after[0]).toBeGreaterThanOrEqual(-0.01);
        expect(after[1]).toBeGreaterThanOrEqual(-0.01);
        expect(after[0] + after[2]).toBeLessThanOrEqual(800.01);
        expect(after[1] + after[3]).toBeLessThanOrEqual(800.01);
      }),
    );
  });
});

test("a move stops at the page's edge, and one that starts outside is free", () => {
  expect(moveWithin([10, 10, 50, 50], -30, 1000, [0, 0, 200, 200])).toEqual([-10, 140]);
  expect(moveWithin([-20, 10, 50, 50], -30, 5, [0, 0, 200, 200])).toEqual([-30, 5]);
});

test("turning there and back changes nothing", () => {
  for (const rotation of [0, 90, 180, 270] as Rotation[]) expect(turnBy(...turnBy(3, 4, rotation), opposite(rotation))).toEqual([3, 4]);
  expect(turnBy(1, 0, 90)).toEqual([0, 1]);
});

describe("a turned rectangle", () => {
  const frame: Frame = { rect: [100, 100, 80, 20], rotation: 90 };

  test("is hit where it is shown", () => {
    expect(contains(frame.rect, intoFrame(frame, [140, 75]))).toBe(true);
    expect(contains(frame.rect, intoFrame(frame, [175, 110]))).toBe(false);
    expect(boundsOf(frame)).toEqual([130, 70, 20, 80]);
  });

  test("is resized with its opposite corner in place, at any angle", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 359 }),
        handle,
        fc.integer({ min: -40, max: 200 }),
        fc.integer({ min: -40, max: 200 }),
        (rotation, [hx, hy], dx, dy) => {
          const corner = (rect: Rect) => {
            const [x, y] = centre(rect);
            const [cx, cy] = turnBy((-hx * rect[2]) / 2, (-hy * rect[3]) / 2, rotation);
            return [x + cx, y + cy] as const;
          };
          const before: Rect = [100, 100, 80, 60];
          const after = resizeFrame({ rect: before, rotation }, [hx, hy], dx, dy, { minimum: 8, keepAspect: false });
          expect(corner(after)[0]).toBeCloseTo(corner(before)[0], 1);
          expect(corner(after)[1]).toBeCloseTo(corner(before)[1], 1);
        },
      ),
    );
  });

  test("grows along its own side when that side is dragged outwards", () => {
    expect(resizeFrame(frame, [1, 0], 0, 10, { minimum: 8, keepAspect: false })).toEqual([95, 105, 90, 20]);
  });
});

test("points are carried with their rectangle, and a flat one keeps its thickness", () => {
  expect(carry([0, 0, 10, 10], [100, 100, 20, 5])(5, 10)).toEqual([110, 105]);
  expect(carry([0, 50, 10, 0], [0, 80, 20, 10])(5, 50)).toEqual([10, 80]);
});

test("boxes hold what they are made of", () => {
  expect(
    boxOfLines([
      [1, 2, 5, -3],
      [0, 9],
    ]),
  ).toEqual([0, -3, 5, 12]);
  expect(
    union([
      [0, 0, 1, 1],
      [5, 5, 2, 2],
    ]),
  ).toEqual([0, 0, 7, 7]);
  expect(rectBetween([10, 2], [4, 8])).toEqual([4, 2, 6, 6]);
});

test("the distance to a segment is to its nearest point, also beyond its ends", () => {
  expect(distanceToSegment(5, 3, 0, 0, 10, 0)).toBe(3);
  expect(distanceToSegment(13, 4, 0, 0, 10, 0)).toBe(5);
  expect(distanceToSegment(1, 1, 1, 1, 1, 1)).toBe(0);
});

test("coordinates keep two decimals", () => {
  expect(round(1.23456)).toBe(1.23);
});
