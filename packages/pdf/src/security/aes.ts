/** AES (FIPS 197) in CBC mode, synchronous, for keys of 16 and 32 bytes. Whole files are encrypted with it, and little is decrypted. */

const SBOX = substitution();
const INVERSE = Uint8Array.from({ length: 256 }, (_, value) => SBOX.indexOf(value));
const [BY_9, BY_11, BY_13, BY_14] = [9, 11, 13, 14].map((factor) =>
  Uint8Array.from({ length: 256 }, (_, value) => times(value, factor)),
) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const BLOCK = 16;
/** Substitution and mixing of the columns at once, for each of the four bytes of a column. */
const MIXED = [0, 8, 16, 24].map((by) =>
  Int32Array.from(SBOX, (value) => {
    const column = (double(value) << 24) | (value << 16) | (value << 8) | (double(value) ^ value);
    return (column >>> by) | (column << (32 - by));
  }),
) as [Int32Array, Int32Array, Int32Array, Int32Array];

/** With the padding of PKCS #7, after the initialization vector, as PDF stores it (ISO 32000-2, 7.6.3.1). */
export function encryptCbc(key: Uint8Array, vector: Uint8Array, plain: Uint8Array): Uint8Array {
  const padding = BLOCK - (plain.length % BLOCK);
  const padded = new Uint8Array(plain.length + padding).fill(padding);
  padded.set(plain);
  const out = new Uint8Array(BLOCK + padded.length);
  out.set(vector);
  out.set(encryptBlocks(key, vector, padded), BLOCK);
  return out;
}

/** What `encryptCbc` gave. A last block that is cut short is left out. */
export function decryptCbc(key: Uint8Array, stored: Uint8Array): Uint8Array {
  const end = stored.length - (stored.length % BLOCK);
  if (end < 2 * BLOCK) return new Uint8Array();
  const padded = decryptBlocks(key, stored.subarray(0, BLOCK), stored.subarray(BLOCK, end));
  const padding = padded.at(-1)!;
  return padding > BLOCK ? padded : padded.subarray(0, padded.length - padding);
}

/** Without padding: whole blocks only. */
export function encryptBlocks(key: Uint8Array, vector: Uint8Array, plain: Uint8Array): Uint8Array {
  const bytes = schedule(key);
  const keys = Int32Array.from({ length: bytes.length / 4 }, (_, at) => columnAt(bytes, at * 4));
  const last = keys.length - 4;
  const [first, second, third, fourth] = MIXED;
  const out = new Uint8Array(plain.length);
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => columnAt(vector, at)) as [number, number, number, number];
  for (let at = 0; at < plain.length; at += BLOCK) {
    a ^= columnAt(plain, at) ^ keys[0]!;
    b ^= columnAt(plain, at + 4) ^ keys[1]!;
    c ^= columnAt(plain, at + 8) ^ keys[2]!;
    d ^= columnAt(plain, at + 12) ^ keys[3]!;
    for (let round = 4; round < last; round += 4) {
      const w = first[a >>> 24]! ^ second[(b >>> 16) & 255]! ^ third[(c >>> 8) & 255]! ^ fourth[d & 255]! ^ keys[round]!;
      const x = first[b >>> 24]! ^ second[(c >>> 16) & 255]! ^ third[(d >>> 8) & 255]! ^ fourth[a & 255]! ^ keys[round + 1]!;
      const y = first[c >>> 24]! ^ second[(d >>> 16) & 255]! ^ third[(a >>> 8) & 255]! ^ fourth[b & 255]! ^ keys[round + 2]!;
      const z = first[d >>> 24]! ^ second[(a >>> 16) & 255]! ^ third[(b >>> 8) & 255]! ^ fourth[c & 255]! ^ keys[round + 3]!;
      a = w;
      b = x;
      c = y;
      d = z;
    }
    const w = substituted(a, b, c, d) ^ keys[last]!;
    const x = substituted(b, c, d, a) ^ keys[last + 1]!;
    const y = substituted(c, d, a, b) ^ keys[last + 2]!;
    d = substituted(d, a, b, c) ^ keys[last + 3]!;
    a = w;
    b = x;
    c = y;
    putColumn(out, at, a);
    putColumn(out, at + 4, b);
    putColumn(out, at + 8, c);
    putColumn(out, at + 12, d);
  }
  return out;
}

function columnAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function putColumn(bytes: Uint8Array, at: number, column: number): void {
  bytes[at] = column >>> 24;
  bytes[at + 1] = column >>> 16;
  bytes[at + 2] = column >>> 8;
  bytes[at + 3] = column;
}

/** One byte of each of these columns: the last round mixes nothing. */
function substituted(a: number, b: number, c: number, d: number): number {
  return (SBOX[a >>> 24]! << 24) | (SBOX[(b >>> 16) & 255]! << 16) | (SBOX[(c >>> 8) & 255]! << 8) | SBOX[d & 255]!;
}

export function decryptBlocks(key: Uint8Array, vector: Uint8Array, cipher: Uint8Array): Uint8Array {
  const keys = schedule(key);
  const out = new Uint8Array(cipher);
  for (let at = 0; at < cipher.length; at += BLOCK) {
    const block = out.subarray(at, at + BLOCK);
    decryptBlock(keys, block);
    for (let i = 0; i < BLOCK; i++) block[i]! ^= at === 0 ? vector[i]! : cipher[at - BLOCK + i]!;
  }
  return out;
}

function double(value: number): number {
  return ((value << 1) ^ (value & 0x80 ? 0x11b : 0)) & 0xff;
}

function times(a: number, b: number): number {
  let product = 0;
  for (let left = a, right = b; right > 0; left = double(left), right >>= 1) if (right & 1) product ^= left;
  return product;
}

function substitution(): Uint8Array {
  const box = new Uint8Array(256);
  const rotate = (value: number, by: number): number => ((value << by) | (value >> (8 - by))) & 0xff;
  let [p, q] = [1, 1];
  do {
    p = p ^ double(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if (q & 0x80) q ^= 0x09;
    box[p] = q ^ rotate(q, 1) ^ rotate(q, 2) ^ rotate(q, 3) ^ rotate(q, 4) ^ 0x63;
  } while (p !== 1);
  box[0] = 0x63;
  return box;
}

function schedule(key: Uint8Array): Uint8Array {
  const words = key.length / 4;
  const out = new Uint8Array(BLOCK * (words + 7));
  out.set(key);
  let constant = 1;
  for (let at = key.length; at < out.length; at += 4) {
    const word = out.slice(at - 4, at);
    const place = (at / 4) % words;
    if (place === 0) {
      word.set([SBOX[word[1]!]! ^ constant, SBOX[word[2]!]!, SBOX[word[3]!]!, SBOX[word[0]!]!]);
      constant = double(constant);
    } else if (words > 6 && place === 4) for (let i = 0; i < 4; i++) word[i] = SBOX[word[i]!]!;
    for (let i = 0; i < 4; i++) out[at + i] = out[at + i - key.length]! ^ word[i]!;
  }
  return out;
}

function addKey(block: Uint8Array, keys: Uint8Array, round: number): void {
  for (let i = 0; i < BLOCK; i++) block[i]! ^= keys[round * BLOCK + i]!;
}

function decryptBlock(keys: Uint8Array, block: Uint8Array): void {
  const rounds = keys.length / BLOCK - 1;
  const moved = new Uint8Array(BLOCK);
  for (let round = rounds; round > 0; round--) {
    addKey(block, keys, round);
    if (round < rounds)
      for (let column = 0; column < BLOCK; column += 4) {
        const [a, b, c, d] = [block[column]!, block[column + 1]!, block[column + 2]!, block[column + 3]!];
        block[column] = BY_14[a]! ^ BY_11[b]! ^ BY_13[c]! ^ BY_9[d]!;
        block[column + 1] = BY_9[a]! ^ BY_14[b]! ^ BY_11[c]! ^ BY_13[d]!;
        block[column + 2] = BY_13[a]! ^ BY_9[b]! ^ BY_14[c]! ^ BY_11[d]!;
        block[column + 3] = BY_11[a]! ^ BY_13[b]! ^ BY_9[c]! ^ BY_14[d]!;
      }
    for (let i = 0; i < BLOCK; i++) moved[(i + 4 * (i % 4)) % BLOCK] = block[i]!;
    for (let i = 0; i < BLOCK; i++) block[i] = INVERSE[moved[i]!]!;
  }
  addKey(block, keys, 0);
}
