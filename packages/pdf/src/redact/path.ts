/** The current path of a content stream, and what of its painting is left when marks are cut out of it. */
import { numberText } from "../objects/values.ts";
import { apply, aroundBox, type Box, flattenCurve, inverse, type Matrix, outside, scaleOf, within, type XY } from "./geometry.ts";

interface Subpath {
  readonly points: XY[];
  closed: boolean;
}

export interface Painting {
  readonly ctm: Matrix;
  readonly lineWidth: number;
  /** The fill is a pattern, which may hold anything. */
  readonly patterned: boolean;
}

export class PathPen {
  readonly #boxes: readonly Box[];
  #subpaths: Subpath[] = [];
  /** In the space of the path's operators. */
  #current: XY = [0, 0];

  constructor(boxes: readonly Box[]) {
    this.#boxes = boxes;
  }

  /** In the space of the page. */
  get points(): XY[] {
    return this.#subpaths.flatMap(({ points }) => points);
  }

  clear(): void {
    this.#subpaths = [];
  }

  segment(op: string, o: readonly number[], ctm: Matrix): void {
    const at = (index: number): XY => apply(ctm, o[index] ?? 0, o[index + 1] ?? 0);
    switch (op) {
      case "m":
        this.#start(at(0));
        break;
      case "l":
        this.#open().points.push(at(0));
        break;
      case "c":
        this.#curve(at(0), at(2), at(4));
        break;
      case "v":
        this.#curve(apply(ctm, ...this.#current), at(0), at(2));
        break;
      case "y":
        this.#curve(at(0), at(2), at(2));
        break;
      case "h": {
        const last = this.#subpaths.at(-1);
        if (last !== undefined) last.closed = true;
        return;
      }
      case "re": {
        const [x = 0, y = 0, width = 0, height = 0] = o;
        const corners = [
          [x, y],
          [x + width, y],
          [x + width, y + height],
          [x, y + height],
        ] as const;
        this.#subpaths.push({ points: corners.map(([cx, cy]) => apply(ctm, cx, cy)), closed: true });
        this.#current = [x, y];
        return;
      }
    }
    this.#current = [o.at(-2) ?? 0, o.at(-1) ?? 0];
  }

  /** Operators that paint what is left; null: all of it is. */
  finish(op: string, { ctm, lineWidth, patterned }: Painting): string | null {
    if (op === "n" || this.#subpaths.length === 0) return null;
    const closes = op === "s" || op === "b" || op === "b*";
    const fills = !/^[Ss]$/.test(op);
    const strokes = /^[SsBb]/.test(op);
    const half = (Math.max(lineWidth, 0) * scaleOf(ctm)) / 2;
    const wide = this.#boxes.map(([left, bottom, right, top]): Box => [left - half, bottom - half, right + half, top + half]);
    const lines = this.#subpaths.map(({ points, closed }) => (closed || closes ? [...points, points[0]!] : points));
    const rims = this.#subpaths.map(({ points }) => [...points, points[0]!]);
    const fillHit = fills && this.#boxes.some((box) => touches(rims, box) || (patterned && holds(rims, box)));
    const strokeHit = strokes && wide.some((box) => touches(lines, box));
    if (!fillHit && !strokeHit) return null;
    const back = inverse(ctm);
    if (back === null) return "";
    const draw = (points: readonly XY[]): string =>
      points
        .map(
          (point, index) =>
            `${apply(back, ...point)
              .map(numberText)
              .join(" ")} ${index === 0 ? "m" : "l"}`,
        )
        .join(" ");
    const out: string[] = [];
    if (fills && !(fillHit && patterned)) {
      const rule = op.endsWith("*") ? "f*" : "f";
      let groups: XY[][][] = [this.#subpaths.map(({ points }) => points)];
      for (const box of this.#boxes)
        groups = groups.flatMap((group) =>
          touches(
            group.map((polygon) => [...polygon, polygon[0]!]),
            box,
          )
            ? aroundBox(group, box)
            : [group],
        );
      for (const group of groups) out.push(`${group.map((polygon) => `${draw(polygon)} h`).join("\n")}\n${rule}`);
    }
    if (strokes) {
      const pieces = wide.reduce<XY[][]>(
        (left, box) => left.flatMap((line) => cutLine(line, box)),
        lines.map((line) => [...line]),
      );
      if (pieces.length > 0) out.push(`${pieces.map(draw).join("\n")}\nS`);
    }
    return out.join("\n");
  }

  #start(point: XY): void {
    this.#subpaths.push({ points: [point], closed: false });
  }

  #open(): Subpath {
    const last = this.#subpaths.at(-1);
    if (last !== undefined && !last.closed) return last;
    const next: Subpath = { points: last === undefined ? [] : [last.points[0]!], closed: false };
    this.#subpaths.push(next);
    return next;
  }

  #curve(b: XY, c: XY, d: XY): void {
    const subpath = this.#open();
    const a = subpath.points.at(-1) ?? b;
    subpath.points.push(...flattenCurve(a, b, c, d));
  }
}

/** Does any of the lines enter the box? A shape around it, without an edge in it, tells nothing of what is there. */
function touches(lines: readonly (readonly XY[])[], box: Box): boolean {
  return lines.some((line) =>
    line.length === 1
      ? within(line, box)
      : line.some((point, index) => {
          const next = line[index + 1];
          if (next === undefined) return false;
          const pieces = outside(point, next, box);
          return !(pieces.length === 1 && pieces[0]![0] === point && pieces[0]![1] === next);
        }),
  );
}

/** Might the shape cover some of the box? */
function holds(lines: readonly (readonly XY[])[], [left, bottom, right, top]: Box): boolean {
  const xs = lines.flatMap((line) => line.map(([x]) => x));
  const ys = lines.flatMap((line) => line.map(([, y]) => y));
  return Math.min(...xs) < right && Math.max(...xs) > left && Math.min(...ys) < top && Math.max(...ys) > bottom;
}

function cutLine(line: readonly XY[], box: Box): XY[][] {
  const pieces: XY[][] = [];
  let current: XY[] = [];
  const end = (): void => {
    if (current.length > 1) pieces.push(current);
    current = [];
  };
  for (let at = 0; at + 1 < line.length; at++) {
    for (const [from, to] of outside(line[at]!, line[at + 1]!, box)) {
      const last = current.at(-1);
      if (last === undefined || last[0] !== from[0] || last[1] !== from[1]) {
        end();
        current = [from];
      }
      current.push(to);
    }
    const last = current.at(-1);
    if (last !== undefined && (last[0] !== line[at + 1]![0] || last[1] !== line[at + 1]![1])) end();
  }
  end();
  return pieces;
}
