/** Squiggly: a wave along the lower edge of each marked line of text. */
import type { Squiggly } from "@lectern/protocol";
import type { DrawCommand, PathSegment } from "./commands.ts";
import { lines, markupBox, ruleWidth } from "./markup-lines.ts";
import { blendMode, color, opacity } from "./sanitize.ts";

/** Waves of one line at most; beyond that they become longer. */
const MOST_WAVES = 500;

export function draw(squiggly: Squiggly): DrawCommand[] {
  const { appearance } = squiggly;
  return lines(squiggly).flatMap(([left, top, width, height]): DrawCommand[] => {
    const thickness = Math.min(ruleWidth(height), height);
    const rise = Math.min(thickness * 2, Math.max(0, height - thickness));
    const count = Math.max(1, Math.min(MOST_WAVES, Math.round(width / Math.max(1, rise * 3))));
    const step = width / count / 2;
    const middle = top + height - thickness / 2 - rise / 2;
    const path: PathSegment[] = [["M", left, middle]];
    // The curve reaches half as far as its control point.
    for (let i = 0; i < count * 2; i++)
      path.push(["Q", left + (i + 0.5) * step, middle + (i % 2 === 0 ? rise : -rise), left + (i + 1) * step, middle]);
    return [
      {
        kind: "path",
        path,
        stroke: { color: color(appearance.color, "#000000"), width: thickness, join: "round" },
        opacity: opacity(appearance.opacity),
        blendMode: blendMode(appearance.blendMode, "normal"),
      },
    ];
  });
}

export const bbox = markupBox;
