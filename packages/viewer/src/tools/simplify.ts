/** Strokes with fewer points: Ramer–Douglas–Peucker over flat coordinate lists `x0, y0, x1, y1, …`. */
import { distanceToSegment, round } from "../annotations/geometry.ts";

/** No point of the stroke ends up farther than `tolerance` points from the result; coordinates get two decimals. */
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
  const result: number[] = [];
  for (let i = 0; i < count; i++) if (keep[i] === 1) result.push(round(line[2 * i]!), round(line[2 * i + 1]!));
  return result;
}
