/** MD5 (RFC 1321), RC4 and SHA-384/512 (FIPS 180-4): what encrypted files are made with. Not for anything new. */

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21] as const;

export function md5(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(((bytes.length + 8) >> 6) * 64 + 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, bytes.length * 8, true);
  const state = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let block = 0; block < padded.length; block += 64) {
    let [a, b, c, d] = state as unknown as [number, number, number, number];
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mixed = round === 0 ? (b & c) | (~b & d) : round === 1 ? (d & b) | (~d & c) : round === 2 ? b ^ c ^ d : c ^ (b | ~d);
      const word = (round === 0 ? i : round === 1 ? 5 * i + 1 : round === 2 ? 3 * i + 5 : 7 * i) % 16;
      const sum = (a + mixed + Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) + view.getUint32(block + word * 4, true)) | 0;
      const shift = SHIFTS[round * 4 + (i % 4)]!;
      [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
    }
    for (const [at, value] of [a, b, c, d].entries()) state[at] = (state[at]! + value) | 0;
  }
  const out = new Uint8Array(16);
  for (const [at, word] of state.entries()) new DataView(out.buffer).setUint32(at * 4, word, true);
  return out;
}

export function rc4(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const state = Uint8Array.from({ length: 256 }, (_, value) => value);
  for (let i = 0, j = 0; i < 256; i++) {
    j = (j + state[i]! + key[i % key.length]!) & 0xff;
    [state[i], state[j]] = [state[j]!, state[i]!];
  }
  let [i, j] = [0, 0];
  return bytes.map((byte) => {
    i = (i + 1) & 0xff;
    j = (j + state[i]!) & 0xff;
    [state[i], state[j]] = [state[j]!, state[i]!];
    return byte ^ state[(state[i]! + state[j]!) & 0xff]!;
  });
}

/** The first 64 bits of the fractional parts of roots of primes. */
function primes(count: number): bigint[] {
  const found: bigint[] = [];
  for (let n = 2n; found.length < count; n++) if (found.every((prime) => n % prime !== 0n)) found.push(n);
  return found;
}

function fraction(prime: bigint, root: 2n | 3n): bigint {
  const target = prime << (64n * root);
  let [low, high] = [0n, 1n << 70n];
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** root <= target) low = middle;
    else high = middle;
  }
  return BigInt.asUintN(64, low);
}

const ROUND_CONSTANTS = primes(80).map((prime) => fraction(prime, 3n));
const START_512 = primes(8).map((prime) => fraction(prime, 2n));
const START_384 = primes(16)
  .slice(8)
  .map((prime) => fraction(prime, 2n));

export function sha512(bytes: Uint8Array): Uint8Array {
  return long(bytes, START_512);
}

export function sha384(bytes: Uint8Array): Uint8Array {
  return long(bytes, START_384).subarray(0, 48);
}

function long(bytes: Uint8Array, start: readonly bigint[]): Uint8Array {
  const padded = new Uint8Array(((bytes.length + 16) >> 7) * 128 + 128);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(bytes.length * 8));
  const state = BigUint64Array.from(start);
  const words = new BigUint64Array(80);
  const sum = new BigUint64Array(2);
  const turn = (value: bigint, by: bigint): bigint => (value >> by) | BigInt.asUintN(64, value << (64n - by));
  for (let block = 0; block < padded.length; block += 128) {
    for (let i = 0; i < 16; i++) words[i] = view.getBigUint64(block + i * 8);
    for (let i = 16; i < 80; i++) {
      const [x, y] = [words[i - 15]!, words[i - 2]!];
      words[i] = words[i - 16]! + (turn(x, 1n) ^ turn(x, 8n) ^ (x >> 7n)) + words[i - 7]! + (turn(y, 19n) ^ turn(y, 61n) ^ (y >> 6n));
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
    for (let i = 0; i < 80; i++) {
      sum[0] =
        h + (turn(e, 14n) ^ turn(e, 18n) ^ turn(e, 41n)) + ((e & f) ^ (BigInt.asUintN(64, ~e) & g)) + ROUND_CONSTANTS[i]! + words[i]!;
      sum[1] = sum[0]! + (turn(a, 28n) ^ turn(a, 34n) ^ turn(a, 39n)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, BigInt.asUintN(64, d + sum[0]!), c, b, a, sum[1]!];
    }
    for (const [at, value] of [a, b, c, d, e, f, g, h].entries()) state[at] = state[at]! + value;
  }
  const out = new Uint8Array(64);
  for (const [at, word] of state.entries()) new DataView(out.buffer).setBigUint64(at * 8, word);
  return out;
}
