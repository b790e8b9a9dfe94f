/** What differs between two states of a record's data, as far as a format can say it. */
import type { Annotation } from "@lectern/protocol";

/** Members of a record that Instant JSON has no word for: a replacement leaves them. */
const INTERNAL: ReadonlySet<string> = new Set(["type", "order", "lock", "bundle", "attachment", "pdfObjectId"]);

/** The patch from one to the other. A picture stays when another one is not named. */
export function difference(before: Annotation, after: Annotation): Record<string, unknown> {
  const [old, wanted]: Record<string, unknown>[] = [{ ...before }, { ...after }];
  const patch: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old!), ...Object.keys(wanted!)])) {
    // Only images have a word for their picture.
    const isKept = INTERNAL.has(key) && !(key === "attachment" && wanted![key] !== undefined);
    if (!isKept && !isSame(old![key], wanted![key])) patch[key] = wanted![key] ?? null;
  }
  return patch;
}

/** Equal but for what turning coordinates there and back may have left. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === "number" && typeof b === "number") return Math.abs(a - b) < 1e-6;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((value, index) => isSame(value, b[index]));
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every((key) => key in right && isSame(left[key], right[key]));
}
