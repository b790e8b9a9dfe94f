/**
 * Ids: 26 characters of Crockford's base32 (lower case), 48 bits of milliseconds and 80 random bits,
 * so they sort by time of making. Time and randomness are passed in.
 */
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** `random` gives at least ten random bytes. */
export function newId(now: number, random: Uint8Array): string {
  let id = "";
  let time = now;
  for (let i = 0; i < 10; i++) {
    id = ALPHABET[time % 32]! + id;
    time = Math.floor(time / 32);
  }
  return id + base32(random.subarray(0, 10));
}

/** Base32 of the bytes, most significant bits first, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >>> bits) & 31]!;
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31]! : text;
}

/** What a caller may choose as an id of a record or a document. */
export const ID_PATTERN = /^[A-Za-z0-9_.:@~-]{1,128}$/;

/** The id of a page that has never been changed: `{revision}.{index in the source}`. */
export function pageId(revision: number, sourceIndex: number): string {
  return `${revision}.${sourceIndex}`;
}

export function parsePageId(id: string): { revision: number; sourceIndex: number } | null {
  const match = /^(\d{1,9})\.(\d{1,9})$/.exec(id);
  return match === null ? null : { revision: Number(match[1]), sourceIndex: Number(match[2]) };
}
