/** Where the characters of a run stand, and which one is meant by a point. Pure; points of the page, before rotation. */
import type { TextRun } from "@lectern/pdf";
import type { Point, Rect } from "@lectern/protocol";

/** Between two characters: index of the run, and UTF-16 code units before it. */
export interface Caret {
  readonly run: number;
  readonly offset: number;
}

/** The line's own axes: `along` its direction and `down` across it. */
interface Axes {
  readonly along: Point;
  readonly down: Point;
}

function axesOf({ angle }: TextRun): Axes {
  const radians = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  return { along: [cos, sin], down: [-sin, cos] };
}

const dot = ([ax, ay]: Point, [bx, by]: Point): number => ax * bx + ay * by;

/** How thick the line is across, and where along it begins and ends. */
export function extentOf(run: TextRun): { readonly start: number; readonly end: number; readonly thickness: number } {
  const first = run.edges[0] ?? 0;
  const last = run.edges.at(-1) ?? 0;
  const [, , width, height] = run.bbox;
  const thickness = run.angle % 180 === 0 ? height : run.angle % 90 === 0 ? width : run.fontSize * 1.2;
  return { start: Math.min(first, last), end: Math.max(first, last), thickness };
}

/** Upper left corner of the run in its own direction. */
export function originOf(run: TextRun): Point {
  const { along, down } = axesOf(run);
  const { start, end, thickness } = extentOf(run);
  const [left, top, width, height] = run.bbox;
  const middle: Point = [left + width / 2, top + height / 2];
  // The box's middle tells where the line lies across, its edges where along.
  const across = dot(middle, down) - thickness / 2;
  const at = (start + end) / 2 - (end - start) / 2;
  return [along[0] * at + down[0] * across, along[1] * at + down[1] * across];
}

/** The box of a part of a run: exact for lines along an axis, the box around it for others. */
export function rectOf(run: TextRun, from: number, to: number): Rect {
  const { along, down } = axesOf(run);
  const { thickness } = extentOf(run);
  const [left, top, width, height] = run.bbox;
  const across = dot([left + width / 2, top + height / 2], down);
  const ends = [run.edges[from] ?? 0, run.edges[to] ?? 0];
  const corners = ends.flatMap((at) =>
    [across - thickness / 2, across + thickness / 2].map((over): Point => [along[0] * at + down[0] * over, along[1] * at + down[1] * over]),
  );
  const xs = corners.map(([x]) => x);
  const ys = corners.map(([, y]) => y);
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return [x, y, Math.max(...xs) - x, Math.max(...ys) - y];
}

/** The place between two characters that is nearest to a point; null on a page without text. Lines above and below count as farther. */
export function caretAt(runs: readonly TextRun[], point: Point): Caret | null {
  let nearest = -1;
  let least = Infinity;
  for (const [index, run] of runs.entries()) {
    const [left, top, width, height] = run.bbox;
    const dx = Math.max(left - point[0], 0, point[0] - left - width);
    const dy = Math.max(top - point[1], 0, point[1] - top - height);
    const distance = dx * dx + 6 * dy * dy;
    if (distance < least) [nearest, least] = [index, distance];
  }
  const run = runs[nearest];
  if (run === undefined) return null;
  const at = dot(point, axesOf(run).along);
  let offset = 0;
  for (const [index, edge] of run.edges.entries()) if (Math.abs(edge - at) < Math.abs((run.edges[offset] ?? 0) - at)) offset = index;
  return { run: nearest, offset };
}

/** The parts of runs between two carets, in order. */
export function partsBetween(
  runs: readonly TextRun[],
  from: Caret,
  to: Caret,
): { readonly run: TextRun; readonly start: number; readonly end: number }[] {
  const parts = [];
  for (let index = from.run; index <= to.run; index++) {
    const run = runs[index];
    if (run === undefined) break;
    const start = index === from.run ? from.offset : 0;
    const end = index === to.run ? to.offset : run.text.length;
    if (end > start) parts.push({ run, start, end });
  }
  return parts;
}

/** The text of these parts as a person would type it: a line break where a line ends, one space where a gap is. */
export function textOf(parts: readonly { readonly run: TextRun; readonly start: number; readonly end: number }[]): string {
  let text = "";
  for (const [index, { run, start, end }] of parts.entries()) {
    const piece = run.text.slice(start, end);
    const before = parts[index - 1];
    if (before !== undefined && !/\s$/.test(text) && !/^\s/.test(piece)) text += before.run.lineEnd ? "\n" : " ";
    text += piece;
    if (run.lineEnd && index < parts.length - 1) text = `${text.trimEnd()}\n`;
  }
  return text;
}
