/** Highlight: the marked lines, filled once and multiplied with what is below, so that text stays readable. */
import type { Highlight } from "@lectern/protocol";
import { type DrawCommand, rectPath } from "./commands.ts";
import { lines, markupBox } from "./markup-lines.ts";
import { blendMode, color, opacity } from "./sanitize.ts";

export function draw(highlight: Highlight): DrawCommand[] {
  const { appearance } = highlight;
  return [
    {
      kind: "path",
      path: lines(highlight).flatMap(rectPath),
      fill: color(appearance.color, "#ffe066"),
      opacity: opacity(appearance.opacity),
      blendMode: blendMode(appearance.blendMode, "multiply"),
    },
  ];
}

export const bbox = markupBox;
