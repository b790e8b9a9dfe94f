/**
 * Two spaces: records speak points of the source page (y down from the top-left of its crop box, unrotated); the published formats speak
 * the page as shown (cropped and rotated). Pure, exact inverses of each other.
 */
import type { Point, Rect, Rotation } from "./annotation/common.ts";

/** How a page is shown. `width` and `height`: points of the source page before rotation; `crop`: the visible part of it, null for all. */
export interface PageShown {
  readonly width: number;
  readonly height: number;
  /** Clockwise: the file's own and the record's together. */
  readonly rotation: Rotation;
  readonly crop: Rect | null;
}

export interface PageSpace {
  /** Size of the page as shown. */
  readonly width: number;
  readonly height: number;
  readonly toShown: (point: Point) => Point;
  readonly toSource: (point: Point) => Point;
  readonly rectToShown: (rect: Rect) => Rect;
  readonly rectToSource: (rect: Rect) => Rect;
}

export function pageSpace(page: PageShown): PageSpace {
  const [left, top, width, height] = page.crop ?? [0, 0, page.width, page.height];
  const sideways = page.rotation === 90 || page.rotation === 270;
  const toShown = ([px, py]: Point): Point => {
    const x = px - left;
    const y = py - top;
    switch (page.rotation) {
      case 0:
        return [x, y];
      case 90:
        return [height - y, x];
      case 180:
        return [width - x, height - y];
      case 270:
        return [y, width - x];
    }
  };
  const toSource = ([x, y]: Point): Point => {
    switch (page.rotation) {
      case 0:
        return [x + left, y + top];
      case 90:
        return [y + left, height - x + top];
      case 180:
        return [width - x + left, height - y + top];
      case 270:
        return [width - y + left, x + top];
    }
  };
  return {
    width: sideways ? height : width,
    height: sideways ? width : height,
    toShown,
    toSource,
    rectToShown: (rect) => mapRect(rect, toShown),
    rectToSource: (rect) => mapRect(rect, toSource),
  };
}

function mapRect([left, top, width, height]: Rect, map: (point: Point) => Point): Rect {
  const [ax, ay] = map([left, top]);
  const [bx, by] = map([left + width, top + height]);
  return [Math.min(ax, bx), Math.min(ay, by), Math.abs(bx - ax), Math.abs(by - ay)];
}
