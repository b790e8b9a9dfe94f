/**
 * Search in the text of a page as a reader means it: case, accents, ligatures, kinds of quotes and dashes, line breaks and
 * hyphens at line ends make no difference. Pure and small: the viewer loads it in the browser, the server calls it too.
 */
import type { Rect } from "@lectern/protocol";
import type { PageText, TextRun } from "./engine.ts";
import type { TextPattern } from "./search-pattern.ts";

export interface SearchOptions {
  readonly caseSensitive?: boolean;
  readonly wholeWord?: boolean;
  /** Most hits of one page; default 1000. */
  readonly limit?: number;
}

export interface SearchHit {
  /** One box a line, in points of the page. */
  readonly rects: readonly Rect[];
  /** The text around the hit, on one line. */
  readonly preview: string;
  /** Where in the preview the hit is: start and end. */
  readonly range: readonly [start: number, end: number];
}

/** A page made ready for searches; keep it to search again. */
export interface SearchText {
  readonly runs: readonly TextRun[];
  /** The page as it stands, hyphens at line ends included. */
  readonly whole: Folded;
  /** The same with words put together that a line end divides. */
  readonly joined: Folded;
}

/** Normalised text, and for each of its code units where it came from. */
interface Folded {
  readonly lower: string;
  /** The same length as `lower`. */
  readonly cased: string;
  readonly run: Uint32Array;
  readonly unit: Uint32Array;
}

const PREVIEW = 40;
const LIMIT = 1000;
const LETTER = /[\p{L}\p{N}_]/u;
const SMALL_LETTER = /\p{Ll}/u;

export function searchText(page: PageText): SearchText {
  return { runs: page.runs, whole: foldRuns(page.runs, false), joined: foldRuns(page.runs, true) };
}

export function search(text: SearchText, query: string, options: SearchOptions = {}): SearchHit[] {
  const { lower, cased } = fold(query.trim());
  const needle = options.caseSensitive === true ? cased : lower;
  if (needle === "") return [];
  const found = new Map<number, () => SearchHit>();
  const collect = (folded: Folded): void => {
    for (const [from, to] of matches(folded, needle, options)) {
      const place = folded.run[from]! * 2 ** 24 + folded.unit[from]!;
      if (!found.has(place)) found.set(place, () => hitAt(text.runs, folded, from, to));
    }
  };
  collect(text.joined);
  // A hyphen that belongs to the word may stand at a line end too.
  if (needle.includes("-")) collect(text.whole);
  const inOrder = [...found].sort(([a], [b]) => a - b);
  return inOrder.slice(0, options.limit ?? LIMIT).map(([, hit]) => hit());
}

/** Finds of a pattern in the page's characters as they are, words that a line end divides put together. */
export function searchPattern(page: Pick<PageText, "runs">, pattern: TextPattern, limit = LIMIT): SearchHit[] {
  const hits: SearchHit[] = [];
  for (const part of patternHits(page, pattern)) {
    hits.push(...part.slice(0, limit - hits.length));
    if (hits.length >= limit) break;
  }
  return hits;
}

/** The same part by part: see `TextPattern.finds`. */
export function* patternHits(page: Pick<PageText, "runs">, pattern: TextPattern): Generator<readonly SearchHit[]> {
  const plain = plainRuns(page.runs);
  for (const found of pattern.finds(plain.cased)) yield found.map(([from, to]) => hitAt(page.runs, plain, from, to));
}

function matches(folded: Folded, needle: string, options: SearchOptions): [from: number, to: number][] {
  const haystack = options.caseSensitive === true ? folded.cased : folded.lower;
  const limit = options.limit ?? LIMIT;
  const found: [number, number][] = [];
  for (let at = haystack.indexOf(needle); at >= 0 && found.length < limit;) {
    const end = at + needle.length;
    const isHit = options.wholeWord !== true || (isBoundary(haystack, at) && isBoundary(haystack, end));
    if (isHit) found.push([at, end]);
    at = haystack.indexOf(needle, isHit ? end : at + 1);
  }
  return found;
}

/** No word goes on across this place. */
function isBoundary(text: string, at: number): boolean {
  return !(
    at > 0 &&
    at < text.length &&
    LETTER.test(characterBefore(text, at)) &&
    LETTER.test(String.fromCodePoint(text.codePointAt(at)!))
  );
}

function characterBefore(text: string, at: number): string {
  const code = text.charCodeAt(at - 1);
  return code >= 0xdc00 && code < 0xe000 && at > 1 ? text.slice(at - 2, at) : text.slice(at - 1, at);
}

/** Letters that no decomposition takes apart. */
const SPELLED: Readonly<Record<string, string>> = {
  ß: "ss",
  ẞ: "SS",
  æ: "ae",
  Æ: "AE",
  œ: "oe",
  Œ: "OE",
  ø: "o",
  Ø: "O",
  ł: "l",
  Ł: "L",
  đ: "d",
  Đ: "D",
  ı: "i",
};
const SINGLE_QUOTES = /[\u2018\u2019\u201a\u201b\u2032\u02bc`´]/g;
const DOUBLE_QUOTES = /[\u201c\u201d\u201e\u201f\u2033«»]/g;
const DASHES = /[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]/g;
/** Accents and points of Latin, Greek, Cyrillic, Hebrew and Arabic; the signs of other scripts are part of their words. */
const ACCENTS =
  // oxlint-disable-next-line no-misleading-character-class -- ranges of marks, each for itself
  /[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]/g;
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]/g;
const PLAIN = /^[\u0021-\u005f\u0061-\u007e]$/;

/** One character as it is compared: cased, perhaps empty. */
function foldCharacter(character: string): string {
  if (PLAIN.test(character)) return character;
  if (/\s/.test(character)) return " ";
  const spelled = SPELLED[character];
  if (spelled !== undefined) return spelled;
  return character
    .replace(SINGLE_QUOTES, "'")
    .replace(DOUBLE_QUOTES, '"')
    .replace(DASHES, "-")
    .normalize("NFKD")
    .replace(ACCENTS, "")
    .replace(INVISIBLE, "")
    .normalize("NFC")
    .replace(/\s+/g, " ");
}

function fold(text: string): { lower: string; cased: string } {
  const folded = foldRuns([{ text, lineEnd: false }], false);
  return { lower: folded.lower.trim(), cased: folded.cased.trim() };
}

function foldRuns(runs: readonly Pick<TextRun, "text" | "lineEnd">[], joinWords: boolean): Folded {
  let lower = "";
  let cased = "";
  const run: number[] = [];
  const unit: number[] = [];
  const add = (piece: string, runIndex: number, at: number): void => {
    for (const part of piece) {
      if (part === " " && (cased === "" || cased.endsWith(" "))) continue;
      // A few letters have lower forms of another length; they stay as they are, so that both texts keep in step.
      const small = part.toLowerCase();
      cased += part;
      lower += small.length === part.length ? small : part;
      for (let i = 0; i < part.length; i++) {
        run.push(runIndex);
        unit.push(at);
      }
    }
  };
  for (const [index, { text, lineEnd }] of runs.entries()) {
    const dividesWord = lineEnd && /[\p{L}]-$/u.test(text) && startsSmall(runs[index + 1]?.text);
    const length = dividesWord && joinWords ? text.length - 1 : text.length;
    for (let at = 0; at < length;) {
      const character = String.fromCodePoint(text.codePointAt(at)!);
      add(foldCharacter(character), index, at);
      at += character.length;
    }
    if (lineEnd && !dividesWord) add(" ", index, text.length);
  }
  return { lower, cased, run: Uint32Array.from(run), unit: Uint32Array.from(unit) };
}

/** As it stands: line ends are `\n`, and a hyphen that only divides a word at one is left out with it. */
function plainRuns(runs: readonly TextRun[]): Folded {
  let cased = "";
  const run: number[] = [];
  const unit: number[] = [];
  const add = (text: string, index: number, at: number): void => {
    cased += text;
    for (let i = 0; i < text.length; i++) {
      run.push(index);
      unit.push(at + i);
    }
  };
  for (const [index, { text, lineEnd }] of runs.entries()) {
    const dividesWord = lineEnd && /[\p{L}]-$/u.test(text) && startsSmall(runs[index + 1]?.text);
    add(dividesWord ? text.slice(0, -1) : text, index, 0);
    if (lineEnd && !dividesWord) add("\n", index, text.length);
  }
  return { lower: cased, cased, run: Uint32Array.from(run), unit: Uint32Array.from(unit) };
}

function startsSmall(text: string | undefined): boolean {
  return text !== undefined && SMALL_LETTER.test(text.slice(0, 1));
}

function hitAt(runs: readonly TextRun[], folded: Folded, from: number, to: number): SearchHit {
  const start: Place = [folded.run[from]!, folded.unit[from]!];
  const last: Place = [folded.run[to - 1]!, folded.unit[to - 1]!];
  const end: Place = [last[0], last[1] + lengthAt(runs[last[0]]!.text, last[1])];
  const before = textAround(runs, start, -PREVIEW);
  const after = textAround(runs, end, PREVIEW);
  const middle = textBetween(runs, start, end);
  return { rects: rectsBetween(runs, start, end), preview: before + middle + after, range: [before.length, before.length + middle.length] };
}

type Place = readonly [run: number, unit: number];

function lengthAt(text: string, at: number): number {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at)!).length : 0;
}

/** The boxes of a stretch of text, those of one line put together. */
export function rectsBetween(runs: readonly TextRun[], start: Place, end: Place): Rect[] {
  const rects: Rect[] = [];
  let isSameLine = false;
  for (let index = start[0]; index <= end[0]; index++) {
    const run = runs[index]!;
    const rect = runRect(run, index === start[0] ? start[1] : 0, index === end[0] ? end[1] : run.text.length);
    const last = rects.at(-1);
    if (rect !== null) {
      if (isSameLine && last !== undefined && run.angle === runs[index - 1]!.angle) rects[rects.length - 1] = around(last, rect);
      else rects.push(rect);
    }
    isSameLine = !run.lineEnd;
  }
  return rects;
}

/** The box of the code units from `from` to before `to` of a run, or null when they have no width. */
export function runRect(run: TextRun, from: number, to: number): Rect | null {
  const low = Math.min(run.edges[from]!, run.edges[to]!);
  const high = Math.max(run.edges[from]!, run.edges[to]!);
  if (!(high > low)) return null;
  const [left, top, width, height] = run.bbox;
  if (run.angle === 0) return [round(low), top, round(high - low), height];
  const radians = (run.angle * Math.PI) / 180;
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)];
  const length = Math.abs(run.edges[run.edges.length - 1]! - run.edges[0]!);
  // What the run's box leaves for the line's height, once its length is taken off.
  const across =
    Math.abs(sin) > Math.abs(cos) ? (width - length * Math.abs(cos)) / Math.abs(sin) : (height - length * Math.abs(sin)) / Math.abs(cos);
  const [middleX, middleY] = [left + width / 2, top + height / 2];
  const along = (low + high) / 2 - (middleX * cos + middleY * sin);
  const [x, y] = [middleX + along * cos, middleY + along * sin];
  const halfWidth = (Math.abs(cos) * (high - low) + Math.abs(sin) * across) / 2;
  const halfHeight = (Math.abs(sin) * (high - low) + Math.abs(cos) * across) / 2;
  return [round(x - halfWidth), round(y - halfHeight), round(2 * halfWidth), round(2 * halfHeight)];
}

function around(a: Rect, b: Rect): Rect {
  const left = Math.min(a[0], b[0]);
  const top = Math.min(a[1], b[1]);
  return [left, top, round(Math.max(a[0] + a[2], b[0] + b[2]) - left), round(Math.max(a[1] + a[3], b[1] + b[3]) - top)];
}

/** About `length` characters after a place, or before it when negative, cut at a word. */
function textAround(runs: readonly TextRun[], place: Place, length: number): string {
  const wanted = Math.abs(length);
  let text = "";
  if (length > 0) {
    for (let index = place[0]; index < runs.length && text.length <= wanted; index++)
      text += lineText(runs, index, index === place[0] ? place[1] : 0);
    const line = text.replace(/\s+/g, " ");
    return line.length <= wanted
      ? line.trimEnd()
      : line
          .slice(0, wanted)
          .replace(/\s\S*$/, "")
          .trimEnd();
  }
  for (let index = place[0]; index >= 0 && text.length <= wanted; index--) {
    text = (index === place[0] ? runs[index]!.text.slice(0, place[1]) : lineText(runs, index, 0)) + text;
  }
  const line = text.replace(/\s+/g, " ");
  return line.length <= wanted ? line.trimStart() : line.slice(-wanted).replace(/^\S*\s/, "");
}

function textBetween(runs: readonly TextRun[], start: Place, end: Place): string {
  if (start[0] === end[0]) return runs[start[0]]!.text.slice(start[1], end[1]);
  let text = "";
  for (let index = start[0]; index < end[0]; index++) text += lineText(runs, index, index === start[0] ? start[1] : 0);
  return (text + runs[end[0]]!.text.slice(0, end[1])).replace(/\s+/g, " ");
}

function lineText(runs: readonly TextRun[], index: number, from: number): string {
  const { text, lineEnd } = runs[index]!;
  return text.slice(from) + (lineEnd ? " " : "");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
