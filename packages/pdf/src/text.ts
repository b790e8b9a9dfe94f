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

export interface Character {
  /** Code point, or a UTF-16 code unit. */
  readonly code: number;
  /** null: it is not drawn, e.g. a space that only a gap tells of. */
  readonly place: Place | null;
  /** What the content marks it as; absent where nobody asks. */
  readonly mark?: number | undefined;
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

/** Lists of the same length: characters, their marks, and where each begins and ends along the line. */
interface OpenRun {
  readonly texts: string[];
  /** Null where the characters have none. */
  readonly marks: number[] | null;
  readonly starts: number[];
  readonly ends: number[];
  readonly angle: number;
  readonly size: number;
  over: number;
  under: number;
  /** null until the second character shows it. */
  rightToLeft: boolean | null;
}

export function layOut(characters: readonly Character[]): PageText {
  return { runs: inReadingOrder(layOutMarked(characters).runs) };
}

export function layOutMarked(characters: readonly Character[]): MarkedText {
  const laid: Laid = { runs: [], marks: [] };
  let open: OpenRun | null = null;
  const isMarked = characters[0]?.mark !== undefined;

  for (let i = 0; i < characters.length; i++) {
    const { code, place, mark = UNMARKED } = characters[i]!;
    if (code === 10 || code === 13) {
      close(laid, open, true);
      open = null;
      continue;
    }
    let text = code < 0x7f && code > 32 ? String.fromCharCode(code) : visibleText(code);
    if (code >= 0xd800 && code < 0xdc00 && isLowSurrogate(characters[i + 1])) {
      // PDFium may give a character beyond the basic plane as two.
      text = String.fromCharCode(code, characters[i + 1]!.code);
      i++;
    }
    if (text === null) continue;
    const isFollowing = open !== null && place !== null && follows(open, place);
    if (place === null || (text === " " && !isFollowing)) {
      if (open !== null && (text !== " " || open.texts[open.texts.length - 1] !== " ")) addWithoutPlace(open, text, mark);
      continue;
    }
    if (open !== null && !isFollowing) {
      close(laid, open, startsLine(open, place));
      open = null;
    }
    if (open === null) {
      if (text === " ") continue;
      open = {
        texts: [],
        marks: isMarked ? [] : null,
        starts: [],
        ends: [],
        angle: place.angle,
        size: place.under - place.over,
        over: place.over,
        under: place.under,
        rightToLeft: null,
      };
    }
    add(open, text, place, mark);
  }
  close(laid, open, true);
  endLine(laid.runs);
  return laid;
}

function isLowSurrogate(character: Character | undefined): boolean {
  return character !== undefined && character.code >= 0xdc00 && character.code < 0xe000;
}

/** null: nothing that a reader would see. PDFium gives 2 or U+FFFE for a hyphen that breaks a word. */
function visibleText(code: number): string | null {
  if (code === 0x02 || code === 0xad || code === 0xfffe) return "-";
  if (code === 9 || code === 32 || code === 0xa0 || (code >= 0x2000 && code <= 0x200a) || code === 0x3000) return " ";
  if (
    code < 32 ||
    (code >= 0x7f && code < 0xa0) ||
    (code >= 0xd800 && code < 0xe000) ||
    code === 0xffff ||
    code === 0xfeff ||
    code > 0x10ffff
  )
    return null;
  return String.fromCodePoint(code);
}

function follows(run: OpenRun, place: Place): boolean {
  if (place.angle !== run.angle && turn(run.angle, place.angle) > SAME_ANGLE) return false;
  const own = place.under - place.over;
  const size = own > run.size ? own : run.size;
  const smaller = own > run.size ? run.size : own;
  if (smaller > 0 && size > smaller * SAME_SIZE) return false;
  if (Math.abs(place.over + place.under - run.over - run.under) > 2 * SAME_LINE * size) return false;
  const last = run.starts.length - 1;
  if (place.start === run.starts[last] && place.end === run.ends[last]) return true; // part of a ligature
  const ahead = place.start - run.ends[last]!;
  const behind = run.starts[last]! - place.end;
  const widest = WIDEST_GAP * size;
  const narrowest = -WIDEST_OVERLAP * size;
  if (run.rightToLeft !== true && ahead < widest && ahead > narrowest) return true;
  return run.rightToLeft !== false && behind < widest && behind > narrowest;
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

function add(run: OpenRun, text: string, place: Place, mark: number): void {
  const { starts, ends } = run;
  const last = starts.length - 1;
  if (run.rightToLeft === null && last >= 0 && run.texts[last] !== " " && (place.start !== starts[last] || place.end !== ends[last])) {
    run.rightToLeft = place.start < starts[last]! && place.start + place.end < starts[last]! + ends[last]!;
  }
  run.texts.push(text);
  run.marks?.push(mark);
  starts.push(place.start);
  ends.push(place.end);
  if (place.over < run.over) run.over = place.over;
  if (place.under > run.under) run.under = place.under;
}

/** It takes the room up to the next character. */
function addWithoutPlace(run: OpenRun, text: string, mark: number): void {
  const last = run.starts.length - 1;
  const edge = run.rightToLeft === true ? run.starts[last]! : run.ends[last]!;
  run.texts.push(text);
  run.marks?.push(mark);
  run.starts.push(edge);
  run.ends.push(edge);
}

function close({ runs, marks }: Laid, open: OpenRun | null, lineEnd: boolean): void {
  const run = open === null ? null : closeRun(open, lineEnd);
  if (run !== null && open !== null) {
    runs.push(run);
    if (open.marks !== null) marks.push(marksOf(open.texts, open.marks));
  } else if (lineEnd) endLine(runs);
}

/** One for each UTF-16 code unit. */
function marksOf(texts: readonly string[], marks: readonly number[]): readonly number[] {
  const units: number[] = [];
  for (let i = 0; i < texts.length; i++) {
    units.push(marks[i]!);
    if (texts[i]!.length === 2) units.push(marks[i]!);
  }
  return units;
}

/** One glyph that stands for several characters (a ligature) gives each of them the same box: they share it. */
function shareBoxes({ starts, ends, rightToLeft }: OpenRun): void {
  for (let from = 0; from < starts.length;) {
    const start = starts[from]!;
    const end = ends[from]!;
    let to = from + 1;
    while (to < starts.length && end > start && starts[to] === start && ends[to] === end) to++;
    const width = (end - start) / (to - from);
    for (let i = from; to - from > 1 && i < to; i++) {
      const place = rightToLeft === true ? to - 1 - i : i - from;
      starts[i] = start + place * width;
      ends[i] = start + (place + 1) * width;
    }
    from = to;
  }
}

function closeRun(run: OpenRun, lineEnd: boolean): TextRun | null {
  const { texts, angle, over, under } = run;
  while (texts.length > 0 && texts[texts.length - 1] === " " && (lineEnd || texts.length === 1)) texts.pop();
  if (texts.length === 0) return null;
  shareBoxes(run);
  const rightToLeft = run.rightToLeft === true;
  const [first, second] = rightToLeft ? [run.ends, run.starts] : [run.starts, run.ends];
  const edges: number[] = [];
  let reached = first[0]!;
  for (let i = 0; i < texts.length; i++) {
    const at = first[i]!;
    if (rightToLeft ? at < reached : at > reached) reached = at;
    edges.push(round(reached));
    if (texts[i]!.length === 2) edges.push(round(reached));
  }
  const end = second[texts.length - 1]!;
  edges.push(round(rightToLeft ? Math.min(reached, end) : Math.max(reached, end)));
  const snapped = snap(angle);
  const [low, high] = rightToLeft ? [edges[edges.length - 1]!, edges[0]!] : [edges[0]!, edges[edges.length - 1]!];
  return {
    text: texts.join(""),
    bbox: turnedBox(snapped, low, high, over, under),
    edges,
    fontSize: round(run.size),
    angle: snapped,
    lineEnd,
  };
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
