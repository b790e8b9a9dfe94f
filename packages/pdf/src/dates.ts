/** Dates as PDF writes them: `D:YYYYMMDDHHmmSSOHH'mm'`, everything after the year optional. */
const PATTERN = /^\s*(?:D:)?(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?\s*(?:([Zz])|([+-])(\d{2})'?(\d{2})?'?)?/;

/** Milliseconds since 1970, or null when it is no date. Without a zone it is taken as UTC. */
export function dateMillis(text: string): number | null {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const part = (index: number, fallback: number): number => (match[index] === undefined ? fallback : Number(match[index]));
  const [month, day, hour, minute, second] = [part(2, 1), part(3, 1), part(4, 0), part(5, 0), part(6, 0)];
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null;
  const offset = (match[8] === "-" ? -1 : 1) * (part(9, 0) * 60 + part(10, 0));
  const millis = Date.UTC(part(1, 0), month - 1, day, hour, minute, second) - offset * 60_000;
  return Number.isFinite(millis) ? millis : null;
}

/** ISO 8601 in UTC; dates already in ISO form are understood too. */
export function isoDate(text: string): string | null {
  if (text === "") return null;
  const millis = /^\s*\d{4}-\d{2}/.test(text) ? Date.parse(text) : (dateMillis(text) ?? Number.NaN);
  return Number.isFinite(millis) ? new Date(millis).toISOString() : null;
}

/** As PDF writes it, in UTC. */
export function pdfDate(millis: number): string {
  const iso = new Date(millis).toISOString();
  // YYYY-MM-DDTHH:mm:ss.sssZ, counted from the end: the year may have more digits.
  return `D:${iso.slice(0, -20)}${iso.slice(-19, -17)}${iso.slice(-16, -14)}${iso.slice(-13, -11)}${iso.slice(-10, -8)}${iso.slice(-7, -5)}Z`;
}
