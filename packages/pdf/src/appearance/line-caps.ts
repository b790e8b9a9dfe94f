/** What stands at the ends of lines (ISO 32000-2, table 179), and how far the line itself reaches into it. */
import type { LineCaps, Point } from "@lectern/protocol";
import { circlePath, type DrawCommand, type PathSegment, type Stroke } from "./commands.ts";

type Cap = NonNullable<LineCaps["start"]>;

/** Half the size of a cap for a stroke of this width, in points. */
export function capReach(width: number): number {
  return 3 * Math.max(1, width);
}

/** How far beyond its end a line with this cap may be painted. */
export function capExtent(cap: Cap | undefined, width: number): number {
  return cap === undefined ? width / 2 : capReach(width) * 2 + width;
}

/** How much shorter the line is, so that it does not show through the cap. */
export function capDepth(cap: Cap | undefined, width: number): number {
  if (cap === "square" || cap === "circle" || cap === "diamond") return capReach(width);
  return cap === "closedArrow" ? capReach(width) * 2 * COS : 0;
}

/** Arrows open by 60°. */
const [COS, SIN] = [Math.cos(Math.PI / 6), 0.5];

/** The cap at `end` of a line that comes from `from`. */
export function drawCap(cap: Cap | undefined, end: Point, from: Point, stroke: Stroke, fill: string | undefined): DrawCommand[] {
  const length = Math.hypot(end[0] - from[0], end[1] - from[1]);
  if (cap === undefined || length === 0) return [];
  const [ux, uy] = [(end[0] - from[0]) / length, (end[1] - from[1]) / length];
  const reach = capReach(stroke.width);
  /** `along` towards the end and beyond, `across` to its side. */
  const at = (along: number, across: number): [number, number] => [end[0] + ux * along - uy * across, end[1] + uy * along + ux * across];
  const { dash: _, ...solid } = stroke;
  const open = (...corners: [number, number][]): DrawCommand[] => [
    { kind: "path", path: through(corners), stroke: { ...solid, join: "miter" } },
  ];
  const closed = (path: readonly PathSegment[]): DrawCommand[] => [
    { kind: "path", path, ...(fill === undefined ? {} : { fill }), stroke: { ...solid, join: "miter" } },
  ];
  const side = 2 * reach;
  switch (cap) {
    case "square":
      return closed([...through([at(-reach, -reach), at(reach, -reach), at(reach, reach), at(-reach, reach)]), ["Z"]]);
    case "circle":
      return closed(circlePath(end[0], end[1], reach));
    case "diamond":
      return closed([...through([at(-reach, 0), at(0, -reach), at(reach, 0), at(0, reach)]), ["Z"]]);
    case "openArrow":
      return open(at(-side * COS, -side * SIN), at(0, 0), at(-side * COS, side * SIN));
    case "closedArrow":
      return closed([...through([at(-side * COS, -side * SIN), at(0, 0), at(-side * COS, side * SIN)]), ["Z"]]);
    case "reverseOpenArrow":
      return open(at(side * COS, -side * SIN), at(0, 0), at(side * COS, side * SIN));
    case "reverseClosedArrow":
      return closed([...through([at(side * COS, -side * SIN), at(0, 0), at(side * COS, side * SIN)]), ["Z"]]);
    case "butt":
      return open(at(0, -reach), at(0, reach));
    case "slash":
      return open(at(-reach * SIN, -reach * COS), at(reach * SIN, reach * COS));
  }
}

function through(corners: readonly [number, number][]): PathSegment[] {
  return corners.map(([x, y], at): PathSegment => [at === 0 ? "M" : "L", x, y]);
}
