/** Which width of image a page wants next. Pure. */
import { IMAGE_WIDTHS, imageWidth } from "@lectern/protocol/plain";

export interface PageSeen {
  /** CSS pixels that the image covers. */
  readonly cssWidth: number;
  readonly devicePixelRatio: number;
  /** Width of the image shown now; 0: none. */
  readonly shown: number;
  readonly visible: boolean;
  /** Scrolling too fast to read. */
  readonly fast: boolean;
  /** Nothing has moved for a moment. */
  readonly settled: boolean;
}

/** An image may be stretched by this much before a larger one is worth fetching. */
const STRETCH = 1.06;

/** null: what is shown is good enough. */
export function nextWidth(page: PageSeen): number | null {
  const { cssWidth, devicePixelRatio, shown, visible, fast, settled } = page;
  const coarse = imageWidth(cssWidth / STRETCH);
  const sharp = imageWidth((cssWidth * devicePixelRatio) / STRETCH);
  if (shown === 0) return fast ? Math.min(coarse, IMAGE_WIDTHS[0]) : coarse;
  if (fast) return null;
  if (shown < coarse) return visible && settled ? sharp : coarse;
  return visible && settled && shown < sharp ? sharp : null;
}
