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
  return `${digits(sourceIndex, 5)}V`;
}

function digits(value: number, count: number): string {
  let text = "";
  let rest = value;
  for (let i = 0; i < count; i++) {
    text = DIGITS[rest % BASE]! + text;
    rest = Math.floor(rest / BASE);
  }
  return text;
}

/** 2020, in seconds: five digits reach until 2049. */
const EPOCH = 1_577_836_800;

/**
 * Where an annotation lies among those of its page: the later is drawn over the earlier. What says nothing itself lies over what the file had,
 * by the time when it was made (milliseconds since 1970).
 */
export function drawingOrder({ data, createdAt }: { readonly data: { readonly order?: string }; readonly createdAt: number }): string {
  if (data.order !== undefined) return data.order;
  const seconds = Math.max(0, Math.floor(createdAt / 1000) - EPOCH);
  return `${digits(seconds, 5)}${digits(Math.max(0, Math.floor(createdAt)) % 1000, 2)}V`;
}
