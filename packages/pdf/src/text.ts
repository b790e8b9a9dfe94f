/**
 * Characters → runs → lines. A run is a piece of one line whose characters follow each other without a jump; runs stand
 * in the order in which the file is read. Pure: what the engine gives is characters with places.
 */
import type { Rect } from "@lectern/protocol";
import type { PageText, TextRun } from "./engine.ts";

/** Where a character stands, in a frame turned by `angle` degrees clockwise: along the line and across it, downward. */
export interface Place {
  readonly angle: number;
  readonly start: number;
  readonly end: number;
  readonly over: number;
  readonly under: number;
}

export interface Character {
  /** Code point, or a UTF-16 code unit. */
  readonly code: number;
  /** null: it is not drawn, e.g. a space that only a gap tells of. */
  readonly place: Place | null;
}

/** Codes that PDFium gives for a hyphen at the end of a line. */
const HYPHENS = new Set([0x02, 0xfffe, 0xad]);
/** In multiples of the font size: a wider gap begins a new run, a narrower step back is kerning. */
const WIDEST_GAP = 2;
const WIDEST_OVERLAP = 0.6;
const SAME_LINE = 0.35;
const NEW_LINE = 0.9;
const SAME_ANGLE = 1;

interface Glyph {
  text: string;
  start: number;
  end: number;
}

interface OpenRun {
  readonly glyphs: Glyph[];
  readonly angle: number;
  readonly size: number;
  over: number;
  under: number;
  /** null until the second character shows it. */
  rightToLeft: boolean | null;
}

export function layOut(characters: readonly Character[]): PageText {
  const runs: TextRun[] = [];
  let open: OpenRun | null = null;

  const flush = (lineEnd: boolean): void => {
    const run = open === null ? null : closeRun(open, lineEnd);
    open = null;
    if (run !== null) runs.push(run);
    else if (lineEnd) endLine(runs);
  };

  for (const character of joinSurrogates(characters)) {
    const { code, place } = character;
    if (code === 10 || code === 13) {
      flush(true);
      continue;
    }
    const text = visibleText(code);
    if (text === null) continue;
    const last: Glyph | undefined = (open as OpenRun | null)?.glyphs.at(-1);
    if (place === null || (text === " " && last !== undefined && !follows(open!, place))) {
      // Takes the room up to the next character.
      if (open !== null && last !== undefined && (text !== " " || last.text !== " ")) {
        const edge = open.rightToLeft === true ? last.start : last.end;
        open.glyphs.push({ text, start: edge, end: edge });
      }
      continue;
    }
    if (open !== null && !follows(open, place)) flush(startsLine(open, place));
    if (open === null) {
      if (text === " ") continue;
      open = { glyphs: [], angle: place.angle, size: place.under - place.over, over: place.over, under: place.under, rightToLeft: null };
    }
    add(open, { text, start: place.start, end: place.end }, place);
  }
  flush(true);
  endLine(runs);
  return { runs };
}

/** PDFium may give a character beyond the basic plane as two. */
function* joinSurrogates(characters: readonly Character[]): Generator<Character> {
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!;
    const next = characters[i + 1];
    const isHigh = character.code >= 0xd800 && character.code < 0xdc00;
    if (isHigh && next !== undefined && next.code >= 0xdc00 && next.code < 0xe000) {
      yield { code: (character.code - 0xd800) * 0x400 + next.code - 0xdc00 + 0x10000, place: character.place };
      i++;
    } else yield character;
  }
}

/** null: nothing that a reader would see. */
function visibleText(code: number): string | null {
  if (HYPHENS.has(code)) return "-";
  if (code === 9 || code === 32 || code === 0xa0 || (code >= 0x2000 && code <= 0x200a) || code === 0x3000) return " ";
  if (code < 32 || (code >= 0x7f && code < 0xa0) || (code >= 0xd800 && code < 0xe000) || code === 0xffff || code === 0xfeff || code > 0x10ffff) return null;
  return String.fromCodePoint(code);
}

function follows(run: OpenRun, place: Place): boolean {
  if (turn(run.angle, place.angle) > SAME_ANGLE) return false;
  const size = Math.max(run.size, place.under - place.over, 0.01);
  const smaller = Math.min(run.size, place.under - place.over);
  if (smaller > 0 && size / smaller > 1.3) return false;
  if (Math.abs((place.over + place.under - run.over - run.under) / 2) > SAME_LINE * size) return false;
  const last = run.glyphs.at(-1)!;
  const ahead = place.start - last.end;
  const behind = last.start - place.end;
  const near = (gap: number): boolean => gap < WIDEST_GAP * size && gap > -WIDEST_OVERLAP * size;
  if (run.rightToLeft === true) return near(behind);
  if (run.rightToLeft === false || near(ahead)) return near(ahead);
  return near(behind);
}

/** Of a character that does not follow: is it on another line? */
function startsLine(run: OpenRun, place: Place): boolean {
  if (turn(run.angle, place.angle) > SAME_ANGLE) return true;
  return Math.abs((place.over + place.under - run.over - run.under) / 2) > NEW_LINE * Math.max(run.size, place.under - place.over);
}

function turn(a: number, b: number): number {
  const difference = Math.abs(a - b) % 360;
  return Math.min(difference, 360 - difference);
}

function add(run: OpenRun, glyph: Glyph, place: Place): void {
  const last = run.glyphs.at(-1);
  if (last !== undefined && last.text !== " " && run.rightToLeft === null && (glyph.start !== last.start || glyph.end !== last.end)) {
    run.rightToLeft = glyph.start < last.start && glyph.end <= last.start + WIDEST_OVERLAP * run.size && glyph.start + glyph.end < last.start + last.end;
  }
  run.glyphs.push(glyph);
  run.over = Math.min(run.over, place.over);
  run.under = Math.max(run.under, place.under);
}

/** One glyph that stands for several characters (a ligature) gives each of them the same box: they share it. */
function shareBoxes(glyphs: Glyph[], rightToLeft: boolean): void {
  for (let from = 0; from < glyphs.length; ) {
    let to = from + 1;
    const { start, end } = glyphs[from]!;
    while (to < glyphs.length && end > start && glyphs[to]!.start === start && glyphs[to]!.end === end) to++;
    const width = (end - start) / (to - from);
    for (let i = from; to - from > 1 && i < to; i++) {
      const place = rightToLeft ? to - 1 - i : i - from;
      glyphs[i]!.start = start + place * width;
      glyphs[i]!.end = start + (place + 1) * width;
    }
    from = to;
  }
}

function closeRun(run: OpenRun, lineEnd: boolean): TextRun | null {
  const { glyphs, angle, over, under } = run;
  while (lineEnd && glyphs.at(-1)?.text === " ") glyphs.pop();
  if (!glyphs.some((glyph) => glyph.text !== " ")) return null;
  const rightToLeft = run.rightToLeft === true;
  shareBoxes(glyphs, rightToLeft);
  const text = glyphs.map((glyph) => glyph.text).join("");
  const edges: number[] = [];
  let reached = rightToLeft ? Infinity : -Infinity;
  const push = (edge: number): void => {
    reached = rightToLeft ? Math.min(reached, edge) : Math.max(reached, edge);
    edges.push(round(reached));
  };
  for (const glyph of glyphs) {
    const [first, last] = rightToLeft ? [glyph.end, glyph.start] : [glyph.start, glyph.end];
    for (let unit = 0; unit < glyph.text.length; unit++) push(first + ((last - first) * unit) / glyph.text.length);
  }
  const last = glyphs.at(-1)!;
  push(rightToLeft ? last.start : last.end);
  const snapped = snap(angle);
  const bbox = turnedBox(snapped, Math.min(...ends(edges)), Math.max(...ends(edges)), over, under);
  return { text, bbox, edges, fontSize: round(run.size), angle: snapped, lineEnd };
}

function ends(edges: readonly number[]): [number, number] {
  return [edges[0]!, edges.at(-1)!];
}

/** The box, level with the page, around a box of a turned line. */
export function turnedBox(angle: number, start: number, end: number, over: number, under: number): Rect {
  const radians = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const corners = [[start, over], [end, over], [start, under], [end, under]] as const;
  const xs = corners.map(([u, v]) => u * cos - v * sin);
  const ys = corners.map(([u, v]) => u * sin + v * cos);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [round(left), round(top), round(Math.max(...xs) - left), round(Math.max(...ys) - top)];
}

function snap(angle: number): number {
  const nearest = Math.round(angle / 90) * 90;
  return (Math.abs(angle - nearest) < 0.5 ? nearest : Math.round(angle * 10) / 10) % 360;
}

function endLine(runs: TextRun[]): void {
  const last = runs.at(-1);
  if (last !== undefined && !last.lineEnd) runs[runs.length - 1] = { ...last, lineEnd: true };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A line of text and the box around it, in points of the page. */
export interface TextLine {
  readonly contents: string;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export function textLines(page: PageText): TextLine[] {
  const lines: TextLine[] = [];
  let runs: TextRun[] = [];
  for (const run of page.runs) {
    runs.push(run);
    if (!run.lineEnd) continue;
    const left = Math.min(...runs.map(({ bbox }) => bbox[0]));
    const top = Math.min(...runs.map(({ bbox }) => bbox[1]));
    const right = Math.max(...runs.map(({ bbox }) => bbox[0] + bbox[2]));
    const bottom = Math.max(...runs.map(({ bbox }) => bbox[1] + bbox[3]));
    const contents = runs.map(({ text }) => text).join("").trim();
    if (contents !== "") lines.push({ contents, left, top, width: round(right - left), height: round(bottom - top) });
    runs = [];
  }
  return lines;
}

/** The text of a page, a line break after each line. */
export function plainText(page: PageText): string {
  return textLines(page).map(({ contents }) => contents).join("\n");
}
