/** What the AF functions of forms do with numbers, dates, times and special texts. Pure; a date without a year has none. */

/** How numbers are written: thousands mark and decimal mark, by `sepStyle`. */
const SEPARATORS = [
  [",", "."],
  ["", "."],
  [".", ","],
  ["", ","],
  ["'", "."],
] as const;

export interface NumberStyle {
  readonly decimals: number;
  readonly separators: number;
  /** 0 minus, 1 red, 2 parentheses, 3 red parentheses. */
  readonly negative: number;
  readonly currency: string;
  readonly currencyFirst: boolean;
}

/** The number that a text says, written in this style or plainly; null when it says none. */
export function parseNumber(text: string, separators?: number): number | null {
  const [thousands, decimal] = SEPARATORS[separators ?? 0] ?? SEPARATORS[0];
  const trimmed = text.trim();
  const inParentheses = /^\(.*\)$/.test(trimmed);
  const bare = trimmed.replace(/^\(|\)$/g, "").replace(/[\s\u00a0\u202f]/g, "");
  const plain = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
  const styled = (thousands === "" ? bare : bare.replaceAll(thousands, "")).replace(decimal, ".");
  const usesStyle = separators !== undefined && bare.includes(decimal);
  // Without a style of its own a lone comma is a decimal mark.
  const guess =
    separators === undefined && /^[+-]?\d*,\d+$/.test(bare) && !/^[+-]?[1-9]\d{0,2}(,\d{3})+$/.test(bare) ? bare.replace(",", ".") : null;
  for (const candidate of usesStyle ? [styled, bare] : [bare, guess, styled])
    if (candidate !== null && plain.test(candidate)) {
      const value = Number(candidate);
      return Number.isFinite(value) ? (inParentheses ? -value : value) : null;
    }
  return null;
}

export function formatNumber(value: number, { decimals, separators, negative, currency, currencyFirst }: NumberStyle): string {
  const [thousands, decimal] = SEPARATORS[separators] ?? SEPARATORS[0];
  const places = Math.max(0, Math.min(20, Math.floor(decimals)));
  // Halves go up: 1.005 is a little less than that in binary.
  const rounded = places <= 10 ? Number(`${Math.round(Number(`${Math.abs(value)}e${places}`))}e-${places}`) : Math.abs(value);
  const fixed = (Number.isFinite(rounded) ? rounded : Math.abs(value)).toFixed(places);
  const [whole = "0", fraction] = fixed.split(".");
  const grouped = thousands === "" ? whole : whole.replace(/\B(?=(\d{3})+$)/g, thousands);
  const digits = fraction === undefined ? grouped : `${grouped}${decimal}${fraction}`;
  const text = currencyFirst ? `${currency}${digits}` : `${digits}${currency}`;
  const isNegative = value < 0 && /[1-9]/.test(fixed);
  return !isNegative ? text : negative >= 2 ? `(${text})` : negative === 1 ? text : `-${text}`;
}

export const DATE_FORMATS = [
  "m/d",
  "m/d/yy",
  "mm/dd/yy",
  "mm/yy",
  "d-mmm",
  "d-mmm-yy",
  "dd-mmm-yy",
  "yy-mm-dd",
  "mmm-yy",
  "mmmm-yy",
  "mmm d, yyyy",
  "mmmm d, yyyy",
  "m/d/yy h:MM tt",
  "m/d/yy HH:MM",
] as const;
export const TIME_FORMATS = ["HH:MM", "h:MM tt", "HH:MM:ss", "h:MM:ss tt"] as const;

export interface DateParts {
  readonly year: number | null;
  readonly month: number | null;
  readonly day: number | null;
  readonly hour: number | null;
  readonly minute: number | null;
  readonly second: number | null;
}

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const PATTERN = /y{4}|yy|m{1,4}|d{1,4}|HH?|hh?|MM?|ss?|tt?/g;

/** In the format's own order, with any marks between; a date may also be written as `2026-12-31`. Null when it is none. */
export function parseDate(text: string, format: string): DateParts | null {
  const trimmed = text.trim();
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}))?)?$/.exec(trimmed);
  const keys = (format.match(PATTERN) ?? []).filter((key) => !key.startsWith("ddd"));
  if (iso !== null && keys.some((key) => key.startsWith("y"))) {
    const [year, month, day, hour, minute, second] = iso.slice(1).map((part) => (part === undefined ? null : Number(part)));
    return checked({ year: year!, month: month!, day: day!, hour: hour ?? null, minute: minute ?? null, second: second ?? null });
  }
  const words = trimmed.match(/\d+|[\p{L}.]+/gu) ?? [];
  const found = { year: null, month: null, day: null, hour: null, minute: null, second: null } as {
    -readonly [K in keyof DateParts]: number | null;
  };
  let afternoon: boolean | null = null;
  const rest = words.filter((word) => {
    const half = /^([ap])\.?m?\.?$/i.exec(word);
    if (half !== null && keys.some((key) => key.startsWith("t"))) afternoon = half[1]!.toLowerCase() === "p";
    return half === null && !WEEKDAYS.some((day) => word.length >= 3 && day.toLowerCase().startsWith(word.toLowerCase().replace(".", "")));
  });
  const month = rest.findIndex((word) => /\p{L}/u.test(word));
  if (month >= 0) {
    const index = MONTHS.findIndex((each) => each.toLowerCase().startsWith(rest[month]!.toLowerCase().replace(".", "")));
    if (index < 0 || rest[month]!.length < 3) return null;
    found.month = index + 1;
    rest.splice(month, 1);
  }
  const slots = keys.filter((key) => !key.startsWith("t") && !(found.month !== null && key.startsWith("m")));
  for (const key of slots) {
    const word = rest.shift();
    if (word === undefined) {
      if (key.startsWith("s")) continue;
      return null;
    }
    const value = Number(word);
    if (!Number.isInteger(value)) return null;
    if (key.startsWith("y")) found.year = word.length <= 2 ? value + (value < 50 ? 2000 : 1900) : value;
    else if (key.startsWith("m")) found.month = value;
    else if (key.startsWith("d")) found.day = value;
    else if (/^[Hh]/.test(key)) found.hour = afternoon === null ? value : (value % 12) + (afternoon ? 12 : 0);
    else if (key.startsWith("M")) found.minute = value;
    else found.second = value;
  }
  return rest.length > 0 ? null : checked(found);
}

function checked(parts: DateParts): DateParts | null {
  const { year, month, day, hour, minute, second } = parts;
  const between = (value: number | null, least: number, most: number): boolean => value === null || (value >= least && value <= most);
  const days = month === null ? 31 : new Date(Date.UTC(year ?? 2000, month, 0)).getUTCDate();
  return between(year, 0, 9999) &&
    between(month, 1, 12) &&
    between(day, 1, days) &&
    between(hour, 0, 23) &&
    between(minute, 0, 59) &&
    between(second, 0, 59)
    ? parts
    : null;
}

export function formatDate({ year, month, day, hour, minute, second }: DateParts, format: string): string {
  const two = (value: number | null): string => String(value ?? 0).padStart(2, "0");
  const twelve = (((hour ?? 0) + 11) % 12) + 1;
  const weekday = year === null || month === null || day === null ? "" : WEEKDAYS[new Date(Date.UTC(year, month - 1, day)).getUTCDay()]!;
  return format.replace(PATTERN, (key) => {
    switch (key) {
      case "yyyy":
        return String(year ?? 0).padStart(4, "0");
      case "yy":
        return two((year ?? 0) % 100);
      case "m":
        return String(month ?? "");
      case "mm":
        return two(month);
      case "mmm":
        return MONTHS[(month ?? 1) - 1]!.slice(0, 3);
      case "mmmm":
        return MONTHS[(month ?? 1) - 1]!;
      case "d":
        return String(day ?? "");
      case "dd":
        return two(day);
      case "ddd":
        return weekday.slice(0, 3);
      case "dddd":
        return weekday;
      case "H":
        return String(hour ?? 0);
      case "HH":
        return two(hour);
      case "h":
        return String(twelve);
      case "hh":
        return two(twelve);
      case "M":
        return String(minute ?? 0);
      case "MM":
        return two(minute);
      case "s":
        return String(second ?? 0);
      case "ss":
        return two(second);
      case "t":
        return (hour ?? 0) < 12 ? "a" : "p";
      default:
        return (hour ?? 0) < 12 ? "am" : "pm";
    }
  });
}

/** 0 zip code, 1 zip+4, 2 phone, 3 social security number. Null when the digits do not make one. */
export function formatSpecial(text: string, kind: number): string | null {
  const digits = text.replace(/\D/g, "");
  if (kind === 0) return digits.length === 5 ? digits : null;
  if (kind === 1) return digits.length === 9 ? `${digits.slice(0, 5)}-${digits.slice(5)}` : null;
  if (kind === 2) {
    if (digits.length === 7) return `${digits.slice(0, 3)}-${digits.slice(3)}`;
    return digits.length === 10 ? `(${digits.slice(0, 3)}) ${digits.slice(3, 6)}-${digits.slice(6)}` : null;
  }
  return digits.length === 9 ? `${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}` : null;
}

export const SPECIAL_HINTS = ["99999", "99999-9999", "(999) 999-9999", "999-99-9999"] as const;

/** `9` a digit, `A` a letter, `O` one of both, `X` anything; the rest stands for itself. */
export function fitsMask(text: string, mask: string): boolean {
  if (text.length !== mask.length) return false;
  return Array.from(mask).every((slot, index) => {
    const char = text[index]!;
    if (slot === "9") return /\d/.test(char);
    if (slot === "A") return /[A-Za-z]/.test(char);
    if (slot === "O") return /[A-Za-z0-9]/.test(char);
    return slot === "X" || slot === char;
  });
}
