/**
 * Where pages stand: one column, continuous. Pure geometry. Sizes are points, results CSS pixels for a scale (CSS pixels a point);
 * gaps and margins are CSS pixels at every scale, so a zoom costs nothing and a look-up is a binary search.
 */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  readonly count: number;
  /** Of the widest page, points. */
  readonly maxWidth: number;
  /** Of everything, margins included. */
  height(scale: number): number;
  /** Upper edge of a page; of `count`: where one more page would start. */
  top(index: number, scale: number): number;
  /** The page at this height; the gap below a page belongs to it. */
  at(y: number, scale: number): number;
  /** First and last page that touch this span. */
  range(from: number, to: number, scale: number): readonly [first: number, last: number];
}

export const PAGE_GAP = 16;
export const PAGE_MARGIN = 24;

export function layoutPages(sizes: readonly Size[], gap = PAGE_GAP, margin = PAGE_MARGIN): Layout {
  const count = sizes.length;
  const tops = new Float64Array(count + 1);
  let maxWidth = 0;
  for (const [i, size] of sizes.entries()) {
    tops[i + 1] = tops[i]! + size.height;
    maxWidth = Math.max(maxWidth, size.width);
  }
  const top = (index: number, scale: number): number => margin + tops[index]! * scale + gap * index;
  const at = (y: number, scale: number): number => {
    let low = 0;
    let high = Math.max(0, count - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (top(middle, scale) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    count,
    maxWidth,
    height: (scale) => (count === 0 ? 2 * margin : top(count, scale) - gap + margin),
    top,
    at,
    range: (from, to, scale) => [at(from, scale), at(to, scale)],
  };
}

/** The scale that shows a page of this size in a window of that size. */
export function fitScale(mode: "auto" | "fit-width" | "fit-page", page: Size, window: Size, margin = PAGE_MARGIN): number {
  const side = window.width < 600 ? 8 : margin;
  const width = Math.max(1, window.width - 2 * side) / page.width;
  const height = Math.max(1, window.height - 2 * margin) / page.height;
  const scale = mode === "fit-page" ? Math.min(width, height) : mode === "auto" ? Math.min(width, COMFORTABLE_SCALE) : width;
  return clampScale(scale);
}

/** Wider than this a page of text is tiring to read. */
const COMFORTABLE_SCALE = 1.5;
export const MIN_SCALE = 0.1;
export const MAX_SCALE = 8;

export function clampScale(scale: number): number {
  return Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
}

const STEPS = [0.1, 0.25, 0.33, 0.5, 0.67, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4, 5, 6, 8] as const;

/** The next round factor above (`by` 1) or below (-1). */
export function stepScale(scale: number, by: 1 | -1): number {
  const next = by === 1 ? STEPS.find((step) => step > scale * 1.01) : STEPS.findLast((step) => step < scale * 0.99);
  return next ?? (by === 1 ? MAX_SCALE : MIN_SCALE);
}
