/** Strokes with fewer points, over flat coordinate lists `x0, y0, x1, y1, …`: Ramer–Douglas–Peucker, for lines that are drawn as curves. */
import { distanceToSegment, round } from "../annotations/geometry.ts";

/**
 * No point of the stroke ends up farther than `tolerance` points from the result; coordinates get two decimals. A stroke is drawn as curves
 * whose controls are its points, so where few points would round a corner off, its neighbours are kept too and it stays as sharp as it was.
 */
export function simplify(line: readonly number[], tolerance: number): number[] {
  const count = line.length >> 1;
  const keep = new Uint8Array(count);
  keep[0] = 1;
  keep[count - 1] = 1;
  const ranges: [number, number][] = [[0, count - 1]];
  for (let range = ranges.pop(); range !== undefined; range = ranges.pop()) {
    const [from, to] = range;
    let farthest = 0;
    let at = -1;
    for (let i = from + 1; i < to; i++) {
      const distance = distanceToSegment(
        line[2 * i]!,
        line[2 * i + 1]!,
        line[2 * from]!,
        line[2 * from + 1]!,
        line[2 * to]!,
        line[2 * to + 1]!,
      );
      if (distance > farthest) [farthest, at] = [distance, i];
    }
    if (farthest <= tolerance) continue;
    keep[at] = 1;
    ranges.push([from, at], [at, to]);
  }
  keepCorners(line, keep, tolerance);
  const result: number[] = [];
  for (let i = 0; i < count; i++) if (keep[i] === 1) result.push(round(line[2 * i]!), round(line[2 * i + 1]!));
  return result;
}

function keepCorners(line: readonly number[], keep: Uint8Array, tolerance: number): void {
  const kept = [...keep.keys()].filter((i) => keep[i] === 1);
  const last = kept.length - 1;
  for (let k = 1; k < last; k++) {
    const at = kept[k]!;
    const [x, y] = [line[2 * at]!, line[2 * at + 1]!];
    // The curve goes from the middle of one side to the middle of the other (or from and to the ends), and half-way to the corner between.
    const via = (other: number, isEnd: boolean): [number, number] =>
      isEnd ? [line[2 * other]!, line[2 * other + 1]!] : [(line[2 * other]! + x) / 2, (line[2 * other + 1]! + y) / 2];
    const cut = distanceToSegment(x, y, ...via(kept[k - 1]!, k === 1), ...via(kept[k + 1]!, k + 1 === last)) / 2;
    if (cut <= tolerance) continue;
    keep[at - 1] = 1;
    keep[at + 1] = 1;
  }
}
