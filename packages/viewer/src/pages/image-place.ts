/** Where the image of a page lies in the page's box: turned, and showing its cropped part alone. Pure but for `placeImage`. */
import type { Rotation } from "@lectern/protocol";
import { pageSpace } from "@lectern/protocol/plain";
import type { PageShape } from "./page-list.ts";

/** Shares of the image as its file turns it: 0…1. */
export interface ImagePart {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Size of the whole page as its image shows it, in points. */
export function imageSize({ width, height, sourceRotation }: PageShape): { readonly width: number; readonly height: number } {
  return sourceRotation % 180 === 0 ? { width, height } : { width: height, height: width };
}

/** The part of the image that is seen; null: all of it. */
export function croppedPart(shape: PageShape): ImagePart | null {
  if (shape.crop === null) return null;
  const whole = pageSpace({ ...shape, rotation: shape.sourceRotation, crop: null });
  const [left, top, width, height] = whole.rectToShown(shape.crop);
  return { left: left / whole.width, top: top / whole.height, width: width / whole.width, height: height / whole.height };
}

/** The layer's turn is one around the middle of what is seen. `rotation`: on top of what the image has already. */
export function placeImage(style: CSSStyleDeclaration, shape: PageShape, rotation: Rotation): void {
  const part = croppedPart(shape) ?? { left: 0, top: 0, width: 1, height: 1 };
  const whole = imageSize(shape);
  const seen = { width: whole.width * part.width, height: whole.height * part.height };
  const sideways = rotation % 180 !== 0;
  style.width = percent(whole.width / (sideways ? seen.height : seen.width));
  style.height = percent(whole.height / (sideways ? seen.width : seen.height));
  style.rotate = rotation === 0 ? "" : `${rotation}deg`;
  if (shape.crop === null) {
    // Centred only when turned: half a pixel's shift would blur an upright one.
    style.translate = rotation === 0 ? "" : "-50% -50%";
    style.inset = rotation === 0 ? "0" : "50% auto auto 50%";
    style.clipPath = "";
    return;
  }
  // From the middle of the image to the middle of what is seen, turned with it.
  const x = (part.left + part.width / 2 - 0.5) * whole.width;
  const y = (part.top + part.height / 2 - 0.5) * whole.height;
  const [dx, dy] = rotation === 0 ? [x, y] : rotation === 90 ? [-y, x] : rotation === 180 ? [-x, -y] : [y, -x];
  style.inset = "50% auto auto 50%";
  style.translate = `${percent(-0.5 - dx / whole.width)} ${percent(-0.5 - dy / whole.height)}`;
  style.clipPath = `inset(${[part.top, 1 - part.left - part.width, 1 - part.top - part.height, part.left].map(percent).join(" ")})`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(4))}%`;
}
