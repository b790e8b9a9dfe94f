/** Image: the picture that is the record's attachment, filling its box. */
import type { Image, Rect } from "@lectern/protocol";
import type { DrawCommand } from "./commands.ts";
import { cleanRect } from "./markup-lines.ts";
import { opacity } from "./sanitize.ts";
import { degreesOf, turn, unturnedBox } from "./turned.ts";

export function draw(image: Image): DrawCommand[] {
  const { attachment, appearance, geometry } = image;
  if (attachment === undefined) return [];
  const rotation = degreesOf(geometry.rotation);
  const rect = unturnedBox(bbox(image), rotation);
  return [
    {
      kind: "group",
      commands: [{ kind: "image", blob: attachment.blob, rect }],
      opacity: opacity(appearance.opacity),
      ...(rotation === 0 ? {} : { transform: turn(rect, rotation) }),
    },
  ];
}

export function bbox({ geometry }: Image): Rect {
  return cleanRect(geometry.bbox);
}
