/** AES (FIPS 197) in CBC mode, synchronous, for keys of 16 and 32 bytes. Small rather than fast: it sees annotations, not whole files. */

const SBOX = substitution();
const INVERSE = Uint8Array.from({ length: 256 }, (_, value) => SBOX.indexOf(value));
const [BY_9, BY_11, BY_13, BY_14] = [9, 11, 13, 14].map((factor) =>
  Uint8Array.from({ length: 256 }, (_, value) => times(value, factor)),
) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const BLOCK = 16;

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
  const keys = schedule(key);
  const out = new Uint8Array(plain.length);
  let before = vector;
  for (let at = 0; at < plain.length; at += BLOCK) {
    const block = out.subarray(at, at + BLOCK);
    for (let i = 0; i < BLOCK; i++) block[i] = plain[at + i]! ^ before[i]!;
    encryptBlock(keys, block);
    before = block;
  }
  return out;
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

function encryptBlock(keys: Uint8Array, block: Uint8Array): void {
  const rounds = keys.length / BLOCK - 1;
  const moved = new Uint8Array(BLOCK);
  addKey(block, keys, 0);
  for (let round = 1; round <= rounds; round++) {
    for (let i = 0; i < BLOCK; i++) moved[i] = SBOX[block[(i + 4 * (i % 4)) % BLOCK]!]!;
    if (round === rounds) block.set(moved);
    else
      for (let column = 0; column < BLOCK; column += 4) {
        const [a, b, c, d] = [moved[column]!, moved[column + 1]!, moved[column + 2]!, moved[column + 3]!];
        const all = a ^ b ^ c ^ d;
        block[column] = a ^ all ^ double(a ^ b);
        block[column + 1] = b ^ all ^ double(b ^ c);
        block[column + 2] = c ^ all ^ double(c ^ d);
        block[column + 3] = d ^ all ^ double(d ^ a);
      }
    addKey(block, keys, round);
  }
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
