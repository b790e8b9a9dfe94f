/** From points of records (y down from the top-left of the page's visible box) to the default user space of PDF (y up), which XFDF speaks, and back. */
import type { Point, Rect } from "../annotation/common.ts";
import type { PageNames } from "../instant-json.ts";
import { number } from "./xml.ts";

/** The left and bottom edge of a page's visible box in the file, and its height; points. */
export interface PageOrigin {
  readonly left: number;
  readonly bottom: number;
  readonly height: number;
}

export interface XfdfPages extends PageNames {
  origin(pageId: string): PageOrigin;
}

export interface UserSpace {
  /** `left,bottom,right,top` */
  readonly rect: (rect: Rect) => string;
  readonly readRect: (text: string | undefined) => Rect | null;
  readonly points: (points: readonly Point[], between?: string) => string;
  readonly readPoints: (text: string | undefined) => Point[] | null;
  readonly quads: (rects: readonly Rect[]) => string;
  readonly readQuads: (text: string | undefined) => Rect[] | null;
}

export function userSpace({ left, bottom, height }: PageOrigin): UserSpace {
  const up = ([x, y]: Point): Point => [left + x, bottom + height - y];
  const down = ([x, y]: Point): Point => [round(x - left), round(bottom + height - y)];
  const around = (points: readonly Point[]): Rect => {
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const [x, y] = [Math.min(...xs), Math.min(...ys)];
    return [x, y, round(Math.max(...xs) - x), round(Math.max(...ys) - y)];
  };
  const write = (points: readonly Point[], between = ";"): string => points.map((point) => up(point).map(number).join(",")).join(between);
  const readPoints = (text: string | undefined): Point[] | null => {
    const flat = numbers(text);
    if (flat === null || flat.length === 0 || flat.length % 2 !== 0) return null;
    return Array.from({ length: flat.length / 2 }, (_, index) => down([flat[index * 2]!, flat[index * 2 + 1]!]));
  };
  return {
    rect: ([x, y, width, height_]) => {
      const [l, t] = up([x, y]);
      const [r, b] = up([x + width, y + height_]);
      return [l, b, r, t].map(number).join(",");
    },
    readRect: (text) => {
      const points = readPoints(text);
      return points?.length === 2 ? around(points) : null;
    },
    points: write,
    readPoints,
    quads: (rects) =>
      write(
        rects.flatMap(([x, y, width, tall]): Point[] => [
          [x, y],
          [x + width, y],
          [x, y + tall],
          [x + width, y + tall],
        ]),
        ",",
      ),
    readQuads: (text) => {
      const points = readPoints(text);
      if (points === null || points.length % 4 !== 0) return null;
      return Array.from({ length: points.length / 4 }, (_, index) => around(points.slice(index * 4, index * 4 + 4)));
    },
  };
}

/** Separated by commas, semicolons or spaces; null when there is anything else. */
export function numbers(text: string | undefined): number[] | null {
  if (text === undefined) return null;
  const parts = text
    .trim()
    .split(/[\s,;]+/)
    .filter((part) => part !== "");
  const found = parts.map(Number);
  return found.every((value) => Number.isFinite(value)) ? found : null;
}

function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
