/**
 * Search by pattern: regular expressions of users, in an engine whose time is linear in the text (syntax: RE2), and the thirteen published
 * presets, whose finds are checked beyond their form (checksums, ranges). A pattern sees the page's characters as they are, a line end as `\n`.
 */
import { RE2JS, RE2JSException } from "re2js";

export const SEARCH_PRESETS = [
  "credit-card-number",
  "date",
  "email-address",
  "international-phone-number",
  "ipv4",
  "ipv6",
  "mac-address",
  "north-american-phone-number",
  "social-security-number",
  "time",
  "url",
  "us-zip-code",
  "vin",
] as const;
export type SearchPreset = (typeof SEARCH_PRESETS)[number];

/** First and one-past-last code unit. */
export type Find = readonly [from: number, to: number];

export interface TextPattern {
  /** In order, without overlap and never empty. */
  find(text: string, limit: number): readonly Find[];
  /**
   * The same part by part, each found in a time that is bounded whatever the expression and the text: who serves others does something else in
   * between. Where a text has more than one part a find has at most `LONGEST_FIND` characters.
   */
  finds(text: string): Generator<readonly Find[]>;
}

/** What makes a user's expression unfit: a sentence. */
export class PatternError extends Error {
  override readonly name = "PatternError";
}

/** Steps of the compiled expression: time is their number times the text's length. */
const MAX_PROGRAM = 1000;
const WORK_OF_PART = 1_000_000;
export const LONGEST_FIND = 1000;

/** Throws `PatternError`. */
export function regexPattern(source: string, options: { readonly caseSensitive?: boolean } = {}): TextPattern {
  const expression = compile(source, options.caseSensitive === false ? RE2JS.CASE_INSENSITIVE : 0);
  if (expression.programSize() > MAX_PROGRAM) throw new PatternError("The regular expression is too large");
  return patternOf(expression);
}

export function presetPattern(preset: SearchPreset): TextPattern {
  const { expression, flags = 0, accept, trim } = PRESETS[preset];
  return patternOf(compile(expression, flags), { ...(accept === undefined ? {} : { accept }), ...(trim === undefined ? {} : { trim }) });
}

function compile(source: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(source, flags | RE2JS.MULTILINE);
  } catch (error) {
    if (error instanceof RE2JSException)
      throw new PatternError(`The regular expression cannot be used: ${error.message}`, { cause: error });
    throw error;
  }
}

interface Check {
  /** Is what has the form what is meant? */
  readonly accept?: (found: string) => boolean;
  /** What belongs to it of what was found. */
  readonly trim?: RegExp;
}

function patternOf(expression: RE2JS, { accept, trim }: Check = {}): TextPattern {
  const size = Math.max(LONGEST_FIND, Math.floor(WORK_OF_PART / expression.programSize()));

  function* finds(text: string): Generator<readonly Find[]> {
    let from = 0;
    while (from < text.length) {
      const end = Math.min(text.length, from + size);
      const next = yield* part(text, from, end);
      from = Math.max(end, next);
    }
  }

  /** Those that begin between the two places; gives back where the last one ends. */
  function* part(text: string, from: number, end: number): Generator<readonly Find[], number> {
    // What stands before and behind counts: a word may go on there.
    const seenFrom = Math.max(0, from - 1);
    const seenTo = end === text.length ? end : lineEndBefore(text, Math.min(text.length, end + LONGEST_FIND), end);
    const matcher = expression.matcher(text.slice(seenFrom, seenTo));
    const found: Find[] = [];
    let last = from;
    for (let isFound = matcher.find(from - seenFrom); isFound; isFound = matcher.find()) {
      const start = seenFrom + matcher.start();
      const stop = seenFrom + matcher.end();
      if (start >= end && end < text.length) break;
      const matched = text.slice(start, stop);
      const kept = trim === undefined ? matched : matched.replace(trim, "");
      if (kept === "" || (accept !== undefined && !accept(kept))) continue;
      found.push([start, start + kept.length]);
      last = stop;
    }
    yield found;
    return last;
  }

  return {
    finds,
    find(text, limit) {
      const all: Find[] = [];
      for (const found of finds(text)) {
        all.push(...found);
        if (all.length >= limit) break;
      }
      return all.slice(0, limit);
    },
  };
}

/** The last line end up to a place, that nothing may be taken for one; the place itself when there is none behind `least`. */
function lineEndBefore(text: string, place: number, least: number): number {
  const at = text.lastIndexOf("\n", place - 1);
  return at > least ? at : place;
}

interface Preset extends Check {
  readonly expression: string;
  readonly flags?: number;
}

const MONTH =
  "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
const DAY = "(?:0?[1-9]|[12][0-9]|3[01])";
const MONTH_NUMBER = "(?:0?[1-9]|1[0-2])";
const YEAR = "(?:[12][0-9]{3}|[0-9]{2})";
const OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

const PRESETS: Readonly<Record<SearchPreset, Preset>> = {
  "credit-card-number": {
    expression: String.raw`\b[2-6][0-9]{3}[ -]?(?:[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7}|[0-9]{6}[ -]?[0-9]{4,5})\b`,
    accept: isCardNumber,
  },
  date: {
    expression: [
      `\\b${MONTH_NUMBER}([/.-])${DAY}[/.-]${YEAR}\\b`,
      `\\b${DAY}([/.-])${MONTH_NUMBER}[/.-]${YEAR}\\b`,
      `\\b[12][0-9]{3}([/.-])${MONTH_NUMBER}[/.-]${DAY}\\b`,
      `\\b${MONTH}\\.?\\s+${DAY}(?:st|nd|rd|th)?,?\\s+[12][0-9]{3}\\b`,
      `\\b${DAY}(?:st|nd|rd|th|\\.)?\\s+(?:of\\s+)?${MONTH}\\.?,?\\s+[12][0-9]{3}\\b`,
    ].join("|"),
    flags: RE2JS.CASE_INSENSITIVE,
    accept: hasOneSeparator,
  },
  "email-address": {
    expression: String.raw`\b[A-Za-z0-9](?:[A-Za-z0-9._%+-]{0,62}[A-Za-z0-9_%+-])?@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}\b`,
  },
  "international-phone-number": {
    expression: String.raw`\+[1-9][0-9]{0,2}(?:[ .-]?\(?[0-9]{1,5}\)?){2,6}\b`,
    accept: (found) => inRange(digitsOf(found).length, 8, 15),
  },
  ipv4: { expression: `\\b(?:${OCTET}\\.){3}${OCTET}\\b` },
  ipv6: { expression: String.raw`[0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*`, trim: /[.]+$/, accept: isIpv6 },
  "mac-address": {
    expression: String.raw`\b(?:(?:[0-9A-Fa-f]{2}:){5}|(?:[0-9A-Fa-f]{2}-){5})[0-9A-Fa-f]{2}\b|\b(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}\b`,
  },
  "north-american-phone-number": {
    expression: String.raw`(?:\+?\b1[ .-]?)?(?:\([2-9][0-9]{2}\) ?|\b[2-9][0-9]{2}[ .-]?)[2-9][0-9]{2}[ .-]?[0-9]{4}\b`,
  },
  "social-security-number": {
    expression: String.raw`\b[0-8][0-9]{2}(?:-[0-9]{2}-| [0-9]{2} )[0-9]{4}\b`,
    accept: (found) => !/^(000|666)|^...[ -]00|0000$/.test(found),
  },
  time: { expression: String.raw`\b(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?(?:\s?[AaPp](?:\.[Mm]\.|[Mm]\b)|\b)` },
  url: {
    expression: String.raw`\b(?:(?:https?|ftp)://|www\.)[^\s<>"{}|\\^` + "`" + String.raw`]+`,
    flags: RE2JS.CASE_INSENSITIVE,
    trim: /[.,;:!?'")\]]+$/,
    accept: (found) => /[^./:]\.[^./:]|\/\/[^./]+/.test(found),
  },
  "us-zip-code": { expression: String.raw`\b[0-9]{5}(?:-[0-9]{4})?\b` },
  vin: {
    expression: String.raw`\b[A-HJ-NPR-Z0-9]{17}\b`,
    flags: RE2JS.CASE_INSENSITIVE,
    accept: (found) => /[0-9]/.test(found) && /[a-z]/i.test(found),
  },
};

function digitsOf(text: string): string {
  return text.replace(/[^0-9]/g, "");
}

function inRange(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

/** 13 to 19 digits whose last one is right (ISO/IEC 7812-1, annex B). */
function isCardNumber(found: string): boolean {
  const digits = digitsOf(found);
  if (!inRange(digits.length, 13, 19)) return false;
  let sum = 0;
  for (let n = 0; n < digits.length; n++) {
    const digit = Number(digits[digits.length - 1 - n]);
    const weighted = n % 2 === 0 ? digit : digit * 2;
    sum += weighted > 9 ? weighted - 9 : weighted;
  }
  return sum % 10 === 0;
}

/** `1/2.2020` is no date. */
function hasOneSeparator(found: string): boolean {
  const separators = /^\d+([/.-])\d+([/.-])\d+$/.exec(found);
  return separators === null || separators[1] === separators[2];
}

/** RFC 4291, section 2.2. */
function isIpv6(found: string): boolean {
  const halves = found.split("::");
  if (halves.length > 2) return false;
  const groups = halves.flatMap((half) => (half === "" ? [] : half.split(":")));
  const last = groups.at(-1) ?? "";
  const mapped = last.includes(".") && new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`).test(last);
  const plain = mapped ? groups.slice(0, -1) : groups;
  if (!plain.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  const count = plain.length + (mapped ? 2 : 0);
  return halves.length === 2 ? count <= 7 && count > 0 : count === 8;
}
