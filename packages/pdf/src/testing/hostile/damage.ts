/** Sound files of ours, damaged at places that a seed chooses. */
import { encryptedPdf, restrictedPdf } from "../encrypted.ts";
import { annotatedPdf, formPdf, pagesPdf, rotatedPdf } from "../fixtures.ts";
import { type Random, seeded } from "./raw-pdf.ts";

const SOUND: Readonly<Record<string, () => Uint8Array>> = {
  pages: () => pagesPdf(5),
  annotated: annotatedPdf,
  rotated: rotatedPdf,
  form: formPdf,
  encrypted: encryptedPdf,
  restricted: restrictedPdf,
};

/** How often each is done to each file. */
const DAMAGES: Readonly<Record<string, { readonly times: number; readonly damage: (bytes: Uint8Array, random: Random) => Uint8Array }>> = {
  "cut off": { times: 6, damage: (bytes, random) => bytes.slice(0, 9 + random.below(bytes.length - 9)) },
  "bits flipped": {
    times: 8,
    damage(bytes, random) {
      const result = bytes.slice();
      for (let n = 2 ** random.below(9); n > 0; n--) result[random.below(bytes.length)]! ^= 1 << random.below(8);
      return result;
    },
  },
  "a part zeroed": { times: 3, damage: (bytes, random) => bytes.slice().fill(0, ...range(bytes, random)) },
  "a part removed": {
    times: 3,
    damage(bytes, random) {
      const [from, to] = range(bytes, random);
      return joined(bytes.subarray(0, from), bytes.subarray(to));
    },
  },
  "a part doubled": {
    times: 3,
    damage(bytes, random) {
      const [from, to] = range(bytes, random);
      return joined(bytes.subarray(0, to), bytes.subarray(from));
    },
  },
  "numbers replaced": { times: 8, damage: (bytes, random) => replaced(bytes, random, /(?<=[ [])-?\d+(?:\.\d+)?(?=[ \]/>\n])/g, NUMBERS) },
  "references replaced": {
    times: 6,
    damage: (bytes, random) => replaced(bytes, random, /\d+ 0 R/g, ["1 0 R", "2 0 R", "3 0 R", "9999 0 R", "null", "0 0 R"]),
  },
  "names replaced": {
    times: 4,
    damage: (bytes, random) =>
      replaced(bytes, random, /\/[A-Z]\w+/g, ["/Odd", "/Type", "/Length", "/Kids", "/Parent", "/Filter", "7", "(text)", "[", "<<"]),
  },
};

const NUMBERS = [
  "-1",
  "0",
  "2147483647",
  "-2147483648",
  "4294967296",
  "1e30",
  "99999999999999999999",
  "NaN",
  "0.000000001",
  "(7)",
  "null",
  "[1 2]",
];

/** Name → the file. */
export function damagedFiles(seed: number): Readonly<Record<string, () => Uint8Array>> {
  const files: Record<string, () => Uint8Array> = {};
  for (const [sound, make] of Object.entries(SOUND)) {
    for (const [what, { times, damage }] of Object.entries(DAMAGES)) {
      for (let n = 1; n <= times; n++) {
        const name = `${sound}: ${what} ${n}`;
        files[name] = () => damage(make(), seeded(seed, name));
      }
    }
  }
  return files;
}

function range(bytes: Uint8Array, random: Random): [from: number, to: number] {
  const from = random.below(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + random.below(2000))];
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** One in ten of what matches, or at least the chance of one, by something that has no place there. */
function replaced(bytes: Uint8Array, random: Random, pattern: RegExp, by: readonly string[]): Uint8Array {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  const share = random.pick([0.003, 0.03, 0.2]);
  const result = text.replace(pattern, (found) => (random.next() < share ? random.pick(by) : found));
  return Uint8Array.from(result, (character) => character.charCodeAt(0));
}
