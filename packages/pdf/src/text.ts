/**
 * Characters → runs → lines. A run is a piece of one line whose characters follow each other without a jump; runs stand
 * in the order in which the file is read. Pure: what the engine gives is characters with places.
 */
import type { Rect } from "@lectern/protocol";
import type { PageText, TextRun } from "./engine.ts";
import { inReadingOrder } from "./reading-order.ts";

/** Where a character stands, in a frame turned by `angle` degrees clockwise: along the line and across it, downward. */
export interface Place {
  readonly angle: number;
  readonly start: number;
  readonly end: number;
  readonly over: number;
  readonly under: number;
}

/** More is given back after use. */
const KEPT_CHARACTERS = 50_000;

/**
 * The characters of a page, in columns: an object for each would cost a fifth of what reading it does. One is used for page after page; laying
 * out moves what it takes together in place.
 */
export class Characters {
  count = 0;
  /** Code points, or UTF-16 code units. */
  codes = new Uint32Array(0);
  /** What the content marks each as; null where nobody asks. */
  marks: Int32Array | null = null;
  angles = new Float64Array(0);
  /** NaN: it is not drawn, e.g. a space that only a gap tells of. */
  starts = new Float64Array(0);
  ends = new Float64Array(0);
  overs = new Float64Array(0);
  unders = new Float64Array(0);

  /** Room for so many, none of them placed or marked. */
  begin(count: number, { marks = false }: { readonly marks?: boolean } = {}): void {
    this.count = count;
    if (this.codes.length < count || this.codes.length > KEPT_CHARACTERS) {
      this.codes = new Uint32Array(count);
      for (const column of ["angles", "starts", "ends", "overs", "unders"] as const) this[column] = new Float64Array(count);
    }
    this.marks = marks ? new Int32Array(count).fill(UNMARKED) : null;
    this.starts.fill(Number.NaN, 0, count);
  }

  /** Where it stands, in a frame turned by `angle` degrees clockwise: along the line and across it, downward. */
  put(i: number, { angle, start, end, over, under }: Place): void {
    this.angles[i] = angle;
    this.starts[i] = start;
    this.ends[i] = end;
    this.overs[i] = over;
    this.unders[i] = under;
  }

  isPlaced(i: number): boolean {
    return !Number.isNaN(this.starts[i]!);
  }
}

/** Runs, and the mark of each UTF-16 code unit of each; no marks where the characters have none. */
export interface MarkedText extends PageText {
  readonly marks: readonly (readonly number[])[];
}

/** What belongs to nothing. */
export const UNMARKED = -1;

interface Laid {
  readonly runs: TextRun[];
  readonly marks: (readonly number[])[];
}

/** In multiples of the font size: a wider gap begins a new run, a narrower step back is kerning. */
const WIDEST_GAP = 2;
const WIDEST_OVERLAP = 0.6;
/** Characters of one run differ in size by no more, and stand no further from each other's middle. */
const SAME_SIZE = 1.3;
const SAME_LINE = 0.35;
const NEW_LINE = 0.9;
const SAME_ANGLE = 1;

const SPACE = 32;
const HYPHEN = 45;
/** Of a character that nobody would see. */
const NOTHING = -1;

/** The characters from one place in the columns up to another. */
interface OpenRun {
  readonly from: number;
  to: number;
  readonly angle: number;
  readonly size: number;
  over: number;
  under: number;
  /** null until the second character shows it. */
  rightToLeft: boolean | null;
}

export function layOut(characters: Characters): PageText {
  return { runs: inReadingOrder(layOutMarked(characters).runs) };
}

/** Uses the columns up. */
export function layOutMarked(characters: Characters): MarkedText {
  const laid: Laid = { runs: [], marks: [] };
  const { codes, count } = characters;
  let open: OpenRun | null = null;

  for (let i = 0; i < count; i++) {
    const at = i;
    const given = codes[at]!;
    if (given === 10 || given === 13) {
      close(laid, open, { characters, lineEnd: true });
      open = null;
      continue;
    }
    let code = given > SPACE && given < 0x7f ? given : visibleCode(given);
    if (given >= 0xd800 && given < 0xdc00 && at + 1 < count && isLowSurrogate(codes[at + 1]!)) {
      // PDFium may give a character beyond the basic plane as two.
      code = 0x10000 + ((given - 0xd800) << 10) + codes[++i]! - 0xdc00;
    }
    if (code === NOTHING) continue;
    const isPlaced = characters.isPlaced(at);
    const isFollowing = open !== null && isPlaced && follows(open, characters, at);
    if (!isPlaced || (code === SPACE && !isFollowing)) {
      if (open !== null && (code !== SPACE || codes[open.to - 1] !== SPACE)) addWithoutPlace(open, characters, { at, code });
      continue;
    }
    if (open !== null && !isFollowing) {
      close(laid, open, { characters, lineEnd: startsLine(open, characters, at) });
      open = null;
    }
    if (open === null) {
      if (code === SPACE) continue;
      const over = characters.overs[at]!;
      const under = characters.unders[at]!;
      open = { from: at, to: at, angle: characters.angles[at]!, size: under - over, over, under, rightToLeft: null };
    }
    add(open, characters, { at, code });
  }
  close(laid, open, { characters, lineEnd: true });
  endLine(laid.runs);
  return laid;
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000;
}

/** PDFium gives 2 or U+FFFE for a hyphen that breaks a word. */
function visibleCode(code: number): number {
  if (code === 0x02 || code === 0xad || code === 0xfffe) return HYPHEN;
  if (code === 9 || code === SPACE || code === 0xa0 || (code >= 0x2000 && code <= 0x200a) || code === 0x3000) return SPACE;
  if (
    code < 32 ||
    (code >= 0x7f && code < 0xa0) ||
    (code >= 0xd800 && code < 0xe000) ||
    code === 0xffff ||
    code === 0xfeff ||
    code > 0x10ffff
  )
    return NOTHING;
  return code;
}

function follows(run: OpenRun, { angles, starts, ends, overs, unders }: Characters, at: number): boolean {
  const angle = angles[at]!;
  if (angle !== run.angle && turn(run.angle, angle) > SAME_ANGLE) return false;
  const over = overs[at]!;
  const under = unders[at]!;
  const own = under - over;
  const size = own > run.size ? own : run.size;
  const smaller = own > run.size ? run.size : own;
  if (smaller > 0 && size > smaller * SAME_SIZE) return false;
  if (Math.abs(over + under - run.over - run.under) > 2 * SAME_LINE * size) return false;
  const last = run.to - 1;
  const start = starts[at]!;
  const end = ends[at]!;
  if (start === starts[last] && end === ends[last]) return true; // part of a ligature
  const ahead = start - ends[last]!;
  const behind = starts[last]! - end;
  const widest = WIDEST_GAP * size;
  const narrowest = -WIDEST_OVERLAP * size;
  if (run.rightToLeft !== true && ahead < widest && ahead > narrowest) return true;
  return run.rightToLeft !== false && behind < widest && behind > narrowest;
}

/** Of a character that does not follow: is it on another line? */
function startsLine(run: OpenRun, { angles, overs, unders }: Characters, at: number): boolean {
  if (turn(run.angle, angles[at]!) > SAME_ANGLE) return true;
  const over = overs[at]!;
  const under = unders[at]!;
  return Math.abs((over + under - run.over - run.under) / 2) > NEW_LINE * Math.max(run.size, under - over);
}

function turn(a: number, b: number): number {
  const difference = Math.abs(a - b) % 360;
  return Math.min(difference, 360 - difference);
}

interface Added {
  /** Where it stands in the columns: at the run's end, or behind that. */
  readonly at: number;
  readonly code: number;
}

function add(run: OpenRun, { codes, marks, starts, ends, overs, unders }: Characters, { at, code }: Added): void {
  const last = run.to - 1;
  const start = starts[at]!;
  const end = ends[at]!;
  const over = overs[at]!;
  const under = unders[at]!;
  if (run.rightToLeft === null && last >= run.from && codes[last] !== SPACE && (start !== starts[last] || end !== ends[last])) {
    run.rightToLeft = start < starts[last]! && start + end < starts[last]! + ends[last]!;
  }
  const to = run.to++;
  codes[to] = code;
  if (marks !== null) marks[to] = marks[at]!;
  starts[to] = start;
  ends[to] = end;
  if (over < run.over) run.over = over;
  if (under > run.under) run.under = under;
}

/** It takes the room up to the next character. */
function addWithoutPlace(run: OpenRun, { codes, marks, starts, ends }: Characters, { at, code }: Added): void {
  const last = run.to - 1;
  const to = run.to++;
  codes[to] = code;
  if (marks !== null) marks[to] = marks[at]!;
  starts[to] = ends[to] = run.rightToLeft === true ? starts[last]! : ends[last]!;
}

function close(
  { runs, marks }: Laid,
  open: OpenRun | null,
  { characters, lineEnd }: { readonly characters: Characters; readonly lineEnd: boolean },
): void {
  const run = open === null ? null : closeRun(open, characters, lineEnd);
  if (run !== null && open !== null) {
    runs.push(run);
    if (characters.marks !== null) marks.push(marksOf(open, characters.codes, characters.marks));
  } else if (lineEnd) endLine(runs);
}

/** One for each UTF-16 code unit. */
function marksOf({ from, to }: OpenRun, codes: Uint32Array, marks: Int32Array): readonly number[] {
  const units: number[] = [];
  for (let i = from; i < to; i++) {
    units.push(marks[i]!);
    if (codes[i]! > 0xffff) units.push(marks[i]!);
  }
  return units;
}

/** One glyph that stands for several characters (a ligature) gives each of them the same box: they share it. */
function shareBoxes({ from: first, to: last, rightToLeft }: OpenRun, { starts, ends }: Characters): void {
  for (let from = first; from < last;) {
    const start = starts[from]!;
    const end = ends[from]!;
    let to = from + 1;
    while (to < last && end > start && starts[to] === start && ends[to] === end) to++;
    const width = (end - start) / (to - from);
    for (let i = from; to - from > 1 && i < to; i++) {
      const place = rightToLeft === true ? to - 1 - i : i - from;
      starts[i] = start + place * width;
      ends[i] = start + (place + 1) * width;
    }
    from = to;
  }
}

function closeRun(run: OpenRun, characters: Characters, lineEnd: boolean): TextRun | null {
  const { from, angle, over, under } = run;
  const { codes, starts, ends } = characters;
  while (run.to > from && codes[run.to - 1] === SPACE && (lineEnd || run.to - from === 1)) run.to--;
  const { to } = run;
  if (to === from) return null;
  shareBoxes(run, characters);
  const rightToLeft = run.rightToLeft === true;
  const [first, second] = rightToLeft ? [ends, starts] : [starts, ends];
  const edges: number[] = [];
  let reached = first[from]!;
  for (let i = from; i < to; i++) {
    const at = first[i]!;
    if (rightToLeft ? at < reached : at > reached) reached = at;
    edges.push(round(reached));
    if (codes[i]! > 0xffff) edges.push(round(reached));
  }
  const end = second[to - 1]!;
  edges.push(round(rightToLeft ? Math.min(reached, end) : Math.max(reached, end)));
  const snapped = snap(angle);
  const [low, high] = rightToLeft ? [edges[edges.length - 1]!, edges[0]!] : [edges[0]!, edges[edges.length - 1]!];
  return {
    text: textOf(codes.subarray(from, to)),
    bbox: turnedBox(snapped, low, high, over, under),
    edges,
    fontSize: round(run.size),
    angle: snapped,
    lineEnd,
  };
}

/** Arguments of one call. */
const CODES_AT_ONCE = 4_096;

function textOf(codes: Uint32Array): string {
  let text = "";
  for (let from = 0; from < codes.length; from += CODES_AT_ONCE)
    text += String.fromCodePoint.apply(null, codes.subarray(from, from + CODES_AT_ONCE) as unknown as number[]);
  return text;
}

/** The box, level with the page, around a box of a turned line. */
export function turnedBox(angle: number, start: number, end: number, over: number, under: number): Rect {
  if (angle === 0) return [round(start), round(over), round(end - start), round(under - over)];
  const radians = (angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const corners = [
    [start, over],
    [end, over],
    [start, under],
    [end, under],
  ] as const;
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
    const contents = runs
      .map(({ text }) => text)
      .join("")
      .trim();
    if (contents !== "") lines.push({ contents, left, top, width: round(right - left), height: round(bottom - top) });
    runs = [];
  }
  return lines;
}

/** The text of a page, a line break after each line. */
export function plainText(page: PageText): string {
  return textLines(page)
    .map(({ contents }) => contents)
    .join("\n");
}
