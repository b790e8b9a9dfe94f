/** Underline: a line just above the lower edge of each marked line of text. */
import type { Underline } from "@lectern/protocol";
import { type DrawCommand, rectPath } from "./commands.ts";
import { lines, markupBox, ruleWidth } from "./markup-lines.ts";
import { blendMode, color, opacity } from "./sanitize.ts";

export function draw(underline: Underline): DrawCommand[] {
  const { appearance } = underline;
  const path = lines(underline).flatMap(([left, top, width, height]) => {
    const thickness = Math.min(ruleWidth(height), height);
    return rectPath([left, top + height - thickness, width, thickness]);
  });
  return [
    {
      kind: "path",
      path,
      fill: color(appearance.color, "#000000"),
      opacity: opacity(appearance.opacity),
      blendMode: blendMode(appearance.blendMode, "normal"),
    },
  ];
}

export const bbox = markupBox;
