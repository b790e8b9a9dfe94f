import * as fc from "fast-check";
import { expect, test } from "vitest";
import { distanceToSegment } from "../annotations/geometry.ts";
import { simplify } from "./simplify.ts";

test("points on a straight line are dropped, corners are kept", () => {
  expect(simplify([0, 0, 1, 0, 2, 0.1, 3, 0, 10, 0, 10, 5, 10, 10], 0.25)).toEqual([0, 0, 10, 0, 10, 10]);
});

test("a dot and a single segment stay, with two decimals", () => {
  expect(simplify([1.23456, 2], 0.25)).toEqual([1.23, 2]);
  expect(simplify([0, 0, 4, 4.005], 0.25)).toEqual([0, 0, 4, 4.01]);
});

test("a closed stroke keeps its far side", () => {
  expect(simplify([0, 0, 5, 5, 0, 0], 0.25)).toEqual([0, 0, 5, 5, 0, 0]);
});

test("no point of a stroke is farther from the result than the tolerance", () => {
  const stroke = fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 300 })), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(stroke, fc.constantFrom(0.25, 2, 10), (points, tolerance) => {
      const result = simplify(points.flat(), tolerance);
      expect(result.slice(0, 2)).toEqual(points[0]);
      expect(result.slice(-2)).toEqual(points.at(-1));
      for (const [x, y] of points) {
        let nearest = Infinity;
        for (let i = 0; i + 1 < result.length; i += 2) {
          nearest = Math.min(
            nearest,
            distanceToSegment(x, y, result[i - 2] ?? result[i]!, result[i - 1] ?? result[i + 1]!, result[i]!, result[i + 1]!),
          );
        }
        expect(nearest).toBeLessThanOrEqual(tolerance + 0.02);
      }
    }),
  );
});
