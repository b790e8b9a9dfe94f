/** A picture from this device onto the page in sight: chosen, uploaded, placed in the middle and selected. */
import type { Image, Rotation } from "@lectern/protocol";
import { opposite, roundRect } from "../annotations/geometry.ts";
import type { ToolPage } from "./tool.ts";

export const IMAGE_TYPES = "image/png,image/jpeg,image/gif,image/webp";
/** Of the page's shorter side. */
const SHARE = 0.4;

/** Null when nothing is chosen. `root`: where the chooser may stand for as long as it is open. */
export function chooseFile(root: ShadowRoot): Promise<File | null> {
  const input = document.createElement("input");
  input.type = "file";
  input.accept = IMAGE_TYPES;
  input.hidden = true;
  root.append(input);
  return new Promise<File | null>((resolve) => {
    input.addEventListener("change", () => resolve(input.files?.[0] ?? null), { once: true });
    input.addEventListener("cancel", () => resolve(null), { once: true });
    input.click();
  }).finally(() => input.remove());
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Throws when the browser cannot read it. */
export async function pictureSize(file: Blob): Promise<PictureSize> {
  const bitmap = await createImageBitmap(file);
  const { width, height } = bitmap;
  bitmap.close();
  return { width, height };
}

/** In the middle of the page, upright for the reader, as large as it is at 96 dots an inch but not larger than a part of the page. */
export function imageOn(page: ToolPage, size: PictureSize, attachment: NonNullable<Image["attachment"]>): Image {
  const rotation: Rotation = opposite(page.rotation);
  const most = Math.min(page.width, page.height) * SHARE;
  const scale = Math.min(0.75, most / size.width, most / size.height);
  const shown = [size.width * scale, size.height * scale] as const;
  const [width, height] = rotation % 180 === 0 ? shown : [shown[1], shown[0]];
  return {
    type: "image",
    page: page.pageId,
    geometry: {
      bbox: roundRect([(page.width - width) / 2, (page.height - height) / 2, width, height]),
      ...(rotation === 0 ? {} : { rotation }),
    },
    appearance: {},
    attachment,
  };
}
