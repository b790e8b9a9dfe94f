/** The picture that is the record's attachment, filling its box. */
import type { Image, Raw, Rect } from "@lectern/protocol";
import type { DrawCommand } from "./commands.ts";
import { cleanRect } from "./markup-lines.ts";
import { opacity } from "./sanitize.ts";
import { degreesOf, turn, unturnedBox } from "./turned.ts";

export function draw(image: Image | Raw): DrawCommand[] {
  const { attachment } = image;
  if (attachment === undefined) return [];
  const rotation = image.type === "raw" ? 0 : degreesOf(image.geometry.rotation);
  const rect = unturnedBox(bbox(image), rotation);
  return [
    {
      kind: "group",
      commands: [{ kind: "image", blob: attachment.blob, rect }],
      opacity: image.type === "raw" ? 1 : opacity(image.appearance.opacity),
      ...(rotation === 0 ? {} : { transform: turn(rect, rotation) }),
    },
  ];
}

export function bbox({ geometry }: Image | Raw): Rect {
  return cleanRect(geometry.bbox);
}
