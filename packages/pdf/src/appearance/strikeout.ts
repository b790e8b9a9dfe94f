/** Strikeout: a line through the middle of each marked line of text. */
import type { Strikeout } from "@lectern/protocol";
import { type DrawCommand, rectPath } from "./commands.ts";
import { lines, markupBox, ruleWidth } from "./markup-lines.ts";
import { blendMode, color, opacity } from "./sanitize.ts";

export function draw(strikeout: Strikeout): DrawCommand[] {
  const { appearance } = strikeout;
  const path = lines(strikeout).flatMap(([left, top, width, height]) => {
    const thickness = Math.min(ruleWidth(height), height);
    return rectPath([left, top + height / 2 - thickness / 2, width, thickness]);
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
