import * as fc from "fast-check";
import { expect, test } from "vitest";
import { distanceToSegment } from "../annotations/geometry.ts";
import { simplify } from "./simplify.ts";

test("points on a straight line are dropped, corners are kept with what makes them sharp", () => {
  expect(simplify([0, 0, 1, 0, 2, 0.1, 3, 0, 5, 0, 8, 0], 0.25)).toEqual([0, 0, 8, 0]);
  expect(simplify([0, 0, 30, 0, 60, 0, 98, 0, 100, 0, 100, 2, 100, 50, 100, 100], 0.25)).toEqual([0, 0, 98, 0, 100, 0, 100, 2, 100, 100]);
});

test("the curve that is drawn stays where it was while the pen was down", () => {
  // Points of a quadratic curve through the middles of the sides, as the appearance draws it.
  const curve = (line: readonly number[]): [number, number][] => {
    const at = (i: number): [number, number] => [line[2 * i]!, line[2 * i + 1]!];
    const count = line.length / 2;
    if (count < 3) return count === 2 ? Array.from({ length: 101 }, (_, i) => mix(at(0), at(1), i / 100)) : [at(0)];
    let from = at(0);
    const points: [number, number][] = [];
    for (let i = 1; i + 1 < count; i++) {
      const to = i + 2 === count ? at(i + 1) : mix(at(i), at(i + 1), 0.5);
      for (let t = 0; t <= 1.0001; t += 0.05) points.push(mix(mix(from, at(i), t), mix(at(i), to, t), t));
      from = to;
    }
    return points;
  };
  const mix = (a: [number, number], b: [number, number], t: number): [number, number] => [
    a[0] + (b[0] - a[0]) * t,
    a[1] + (b[1] - a[1]) * t,
  ];
  // A hand: steps of a few points that turn a little, and now and then sharply.
  const stroke = fc.array(
    fc.record({
      turn: fc.oneof(fc.double({ min: -0.3, max: 0.3, noNaN: true }), fc.double({ min: -2, max: 2, noNaN: true })),
      step: fc.double({ min: 0.5, max: 4, noNaN: true }),
    }),
    {
      minLength: 2,
      maxLength: 80,
    },
  );
  fc.assert(
    fc.property(stroke, (steps) => {
      let [x, y, angle] = [100, 100, 0];
      const line = [x, y];
      for (const { turn, step } of steps) {
        angle += turn;
        x += Math.cos(angle) * step;
        y += Math.sin(angle) * step;
        line.push(x, y);
      }
      const drawn = curve(simplify(line, 0.25));
      for (const [px, py] of curve(line)) {
        let nearest = Infinity;
        for (let i = 0; i < drawn.length; i++) {
          const [ax, ay] = drawn[Math.max(0, i - 1)]!;
          nearest = Math.min(nearest, distanceToSegment(px, py, ax, ay, drawn[i]![0], drawn[i]![1]));
        }
        expect(nearest).toBeLessThan(1);
      }
    }),
    { numRuns: 40 },
  );
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
