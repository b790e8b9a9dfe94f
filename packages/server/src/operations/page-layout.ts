/** What a build says of the pages that are made of a file: their size and margins, in points. */
import type { PageLayout } from "@lectern/protocol";
import type { FileKind } from "../convert/kinds.ts";
import type { Sheet } from "../ports.ts";
import { unprocessable } from "./page-operations.ts";

/** Points. */
const SIZES = {
  A0: [2384, 3370],
  A1: [1684, 2384],
  A2: [1191, 1684],
  A3: [842, 1191],
  A4: [595, 842],
  A5: [420, 595],
  A6: [298, 420],
  A7: [210, 298],
  A8: [147, 210],
  Letter: [612, 792],
  Legal: [612, 1008],
} as const;
/** The unit of sizes and margins that are given as numbers. */
const POINTS_A_MM = 72 / 25.4;
/** Less than an inch holds no text. */
const LEAST_FOR_TEXT = 72;

/** The size of a new page. Throws ApiError `unprocessable`. */
export function blankSize(layout: PageLayout, path: string): readonly [width: number, height: number] {
  if (Object.values(layout.margin ?? {}).some((side) => side > 0))
    throw unprocessable(`${path}.layout.margin`, "a new page is blank: there is nothing that margins could keep from its edges");
  return sizeOf(layout);
}

/** How a file of this kind is put on pages; null: as it would be without a layout. Throws ApiError `unprocessable`. */
export function sheetOf(layout: PageLayout | undefined, kind: FileKind, path: string): Sheet | null {
  if (layout === undefined || Object.keys(layout).length === 0) return null;
  if (kind === "pdf") throw unprocessable(`${path}.layout`, "a PDF has pages of its own: a layout is for what becomes pages here");
  if (kind === "office") throw unprocessable(`${path}.layout`, "an Office document says itself how large its pages are");
  const { left = 0, top = 0, right = 0, bottom = 0 } = layout.margin ?? {};
  const margin =
    layout.margin === undefined ? null : ([left, top, right, bottom].map((side) => side * POINTS_A_MM) as unknown as Sheet["margin"]);
  // An image alone says how large its page is; text needs a page.
  const isFree = kind === "image" && layout.size === undefined && layout.orientation === undefined;
  const size = isFree ? null : sizeOf(layout);
  if (size !== null) {
    const least = kind === "image" ? 1 : LEAST_FOR_TEXT;
    const [across, down] = margin === null ? [0, 0] : [margin[0] + margin[2], margin[1] + margin[3]];
    if (size[0] - across < least || size[1] - down < least)
      throw unprocessable(`${path}.layout`, "the page leaves no room for what is on it");
  }
  return { size, margin };
}

function sizeOf({ size = "A4", orientation }: PageLayout): readonly [width: number, height: number] {
  const [width, height] =
    typeof size === "string"
      ? SIZES[size]
      : [
          size.width === undefined ? SIZES.A4[0] : size.width * POINTS_A_MM,
          size.height === undefined ? SIZES.A4[1] : size.height * POINTS_A_MM,
        ];
  if (orientation === undefined) return [width, height];
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  return orientation === "landscape" ? [long, short] : [short, long];
}
