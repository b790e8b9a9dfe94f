/**
 * Columns of prose that a file writes line by line across the page are read one after the other. Content has its own order, which is nearly always the
 * reader's, so this looks for what is certain: several rows with the same gutter between them, whose lines go on in the middle of sentences. A
 * table is read row by row, as it is written. Pure.
 */
import type { TextRun } from "./engine.ts";

const LEAST_ROWS = 4;
/** In multiples of the font size. */
const LEAST_GUTTER = 0.8;
const MOST_LEADING = 2.5;
const LEAST_CHARACTERS = 16;
/** Of the lines that follow another one in their column, those that begin with a small letter. */
const LEAST_CONTINUED = 0.5;

type Row = readonly TextRun[];

export function inReadingOrder(runs: readonly TextRun[]): readonly TextRun[] {
  // Nearly every page: no line has a gap that may be a gutter.
  if (runs.filter(isBeforeGap).length < LEAST_ROWS) return runs;
  const rows = rowsOf(runs);
  const result: TextRun[] = [];
  for (let at = 0; at < rows.length;) {
    const block = blockAt(rows, at);
    if (block === null) result.push(...rows[at++]!);
    else {
      for (const column of block.columns) result.push(...column);
      at += block.rows;
    }
  }
  return result;
}

function isBeforeGap(run: TextRun, at: number, runs: readonly TextRun[]): boolean {
  const next = runs[at + 1];
  return !run.lineEnd && next !== undefined && run.angle === 0 && left(next) - right(run) >= LEAST_GUTTER * run.fontSize;
}

function rowsOf(runs: readonly TextRun[]): Row[] {
  const rows: TextRun[][] = [];
  let isOpen = false;
  for (const run of runs) {
    if (isOpen) rows.at(-1)!.push(run);
    else rows.push([run]);
    isOpen = !run.lineEnd;
  }
  return rows;
}

/** The longest block of columns that begins with this row. */
function blockAt(rows: readonly Row[], from: number): { readonly rows: number; readonly columns: readonly TextRun[][] } | null {
  if (gaps(rows[from]!).length === 0) return null;
  let gutters: readonly Gap[] = gaps(rows[from]!);
  let to = from + 1;
  for (; to < rows.length && isBelow(rows[to - 1]!, rows[to]!); to++) {
    const kept = common(gutters, rows[to]!);
    if (kept.length === 0) break;
    gutters = kept;
  }
  if (to - from < LEAST_ROWS) return null;
  const block = rows.slice(from, to);
  const columns = Array.from({ length: gutters.length + 1 }, (_, column) =>
    block.map((row) => row.filter((run) => gutters.filter(([, end]) => left(run) >= end - 0.01).length === column)),
  );
  return columns.every(isProse) ? { rows: block.length, columns: columns.map((lines) => lines.flatMap(asLine)) } : null;
}

type Gap = readonly [start: number, end: number];

/** Between the runs of a row, from left to right. */
function gaps(row: Row): Gap[] {
  const sorted = row.toSorted((a, b) => left(a) - left(b));
  return sorted.flatMap((run, at): Gap[] => {
    const next = sorted[at + 1];
    const isWide = next !== undefined && run.angle === 0 && next.angle === 0 && left(next) - right(run) >= LEAST_GUTTER * run.fontSize;
    return isWide ? [[right(run), left(next)]] : [];
  });
}

/** What is left of the gutters when this row stands between them, too; one that lies on a side of them takes nothing away. */
function common(gutters: readonly Gap[], row: Row): Gap[] {
  return gutters.flatMap(([start, end]): Gap[] => {
    let [low, high] = [start, end];
    for (const run of row) {
      const middle = (left(run) + right(run)) / 2;
      if (middle < (start + end) / 2) low = Math.max(low, right(run));
      else high = Math.min(high, left(run));
    }
    return high - low >= LEAST_GUTTER * row[0]!.fontSize && row.every(({ angle }) => angle === 0) ? [[low, high]] : [];
  });
}

function isBelow(row: Row, next: Row): boolean {
  const [above, below] = [row[0]!, next[0]!];
  const step = below.bbox[1] - above.bbox[1];
  return step > 0 && step <= MOST_LEADING * Math.max(above.fontSize, below.fontSize);
}

/** Lines of some length, most of which go on where the one above ended. */
function isProse(lines: readonly Row[]): boolean {
  const texts = lines.flatMap((line) =>
    line.length === 0
      ? []
      : [
          line
            .map(({ text }) => text)
            .join(" ")
            .trim(),
        ],
  );
  if (texts.length < LEAST_ROWS || texts.length < lines.length / 2) return false;
  const characters = texts.reduce((sum, text) => sum + text.length, 0);
  const continued = texts.slice(1).filter((text) => /^\p{Ll}/u.test(text)).length;
  return characters >= LEAST_CHARACTERS * texts.length && continued >= LEAST_CONTINUED * (texts.length - 1);
}

function asLine(line: Row): TextRun[] {
  return line.map((run, at) => (at === line.length - 1 ? lastOfLine(run) : { ...run, lineEnd: false }));
}

/** The space before the gutter is none any more. */
function lastOfLine(run: TextRun): TextRun {
  const text = run.text.trimEnd();
  return { ...run, text, edges: run.edges.slice(0, text.length + 1), lineEnd: true };
}

function left({ bbox }: TextRun): number {
  return bbox[0];
}

function right({ bbox }: TextRun): number {
  return bbox[0] + bbox[2];
}
