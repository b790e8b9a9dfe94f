/**
 * Fractional index: strings that sort (by UTF-16 code unit, as `<` does) between any two others, so that a record moves by
 * changing its own order alone. Digits are base 62; a key never ends in the zero digit.
 */
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE = DIGITS.length;

/** A key strictly between `before` and `after`; null is the open end. Requires before < after. */
export function orderBetween(before: string | null, after: string | null): string {
  let prefix = "";
  for (let i = 0; ; i++) {
    const low = before !== null && i < before.length ? DIGITS.indexOf(before[i]!) : 0;
    const high = after !== null && i < after.length ? DIGITS.indexOf(after[i]!) : BASE;
    if (low === high) {
      prefix += DIGITS[low]!;
      continue;
    }
    if (high - low > 1) return prefix + DIGITS[Math.floor((low + high) / 2)]!;
    // Neighbouring digits: keep the lower one and go on above what is left of `before`.
    prefix += DIGITS[low]!;
    after = null;
  }
}

/** The order of the page with this index in the source: fixed width, so that unchanged pages need no record. */
export function sourceOrder(sourceIndex: number): string {
  let text = "";
  let rest = sourceIndex;
  for (let i = 0; i < 5; i++) {
    text = DIGITS[rest % BASE]! + text;
    rest = Math.floor(rest / BASE);
  }
  return `${text}V`;
}
