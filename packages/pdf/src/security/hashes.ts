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

/** Each as its upper and its lower half: numbers of 64 bits are slow. */
function halves(values: readonly bigint[]): Int32Array {
  return Int32Array.from(values.flatMap((value) => [Number(BigInt.asIntN(32, value >> 32n)), Number(BigInt.asIntN(32, value))]));
}

const ROUND_CONSTANTS = halves(primes(80).map((prime) => fraction(prime, 3n)));
const START_512 = halves(primes(8).map((prime) => fraction(prime, 2n)));
const START_384 = halves(
  primes(16)
    .slice(8)
    .map((prime) => fraction(prime, 2n)),
);
const ONE_HALF = 2 ** 32;

export function sha512(bytes: Uint8Array): Uint8Array {
  return long(bytes, START_512);
}

export function sha384(bytes: Uint8Array): Uint8Array {
  return long(bytes, START_384).subarray(0, 48);
}

function long(bytes: Uint8Array, start: Int32Array): Uint8Array {
  const padded = new Uint8Array(((bytes.length + 16) >> 7) * 128 + 128);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(bytes.length * 8));
  const state = Int32Array.from(start);
  const words = new Int32Array(160);
  for (let block = 0; block < padded.length; block += 128) {
    for (let i = 0; i < 32; i++) words[i] = view.getInt32(block + i * 4);
    for (let i = 32; i < 160; i += 2) {
      const [xh, xl, yh, yl] = [words[i - 30]!, words[i - 29]!, words[i - 4]!, words[i - 3]!];
      const low =
        (words[i - 31]! >>> 0) +
        (words[i - 13]! >>> 0) +
        ((turned(xl, xh, 1) ^ turned(xl, xh, 8) ^ turned(xl, xh, 7)) >>> 0) +
        ((turned(yl, yh, 19) ^ turned(yh, yl, 29) ^ turned(yl, yh, 6)) >>> 0);
      const high = (turned(xh, xl, 1) ^ turned(xh, xl, 8) ^ (xh >>> 7)) + (turned(yh, yl, 19) ^ turned(yl, yh, 29) ^ (yh >>> 6));
      words[i] = words[i - 32]! + words[i - 14]! + high + Math.floor(low / ONE_HALF);
      words[i + 1] = low;
    }
    mix(state, words);
  }
  const out = new Uint8Array(64);
  const words32 = new DataView(out.buffer);
  for (const [at, half] of state.entries()) words32.setInt32(at * 4, half);
  return out;
}

/** The half that follows from `half` when the number is turned right by less than 32 bits. */
function turned(half: number, other: number, by: number): number {
  return (half >>> by) | (other << (32 - by));
}

/** Eighty rounds. */
function mix(state: Int32Array, words: Int32Array): void {
  const was = Int32Array.from(state);
  for (let i = 0; i < 160; i += 2) {
    const [ah, al, bh, bl, ch, cl] = [state[0]!, state[1]!, state[2]!, state[3]!, state[4]!, state[5]!];
    const [eh, el, fh, fl, gh, gl] = [state[8]!, state[9]!, state[10]!, state[11]!, state[12]!, state[13]!];
    const firstLow =
      (state[15]! >>> 0) +
      ((turned(el, eh, 14) ^ turned(el, eh, 18) ^ turned(eh, el, 9)) >>> 0) +
      (((el & fl) ^ (~el & gl)) >>> 0) +
      (ROUND_CONSTANTS[i + 1]! >>> 0) +
      (words[i + 1]! >>> 0);
    const firstHigh =
      state[14]! +
      (turned(eh, el, 14) ^ turned(eh, el, 18) ^ turned(el, eh, 9)) +
      ((eh & fh) ^ (~eh & gh)) +
      ROUND_CONSTANTS[i]! +
      words[i]! +
      Math.floor(firstLow / ONE_HALF);
    const low =
      (firstLow >>> 0) + ((turned(al, ah, 28) ^ turned(ah, al, 2) ^ turned(ah, al, 7)) >>> 0) + (((al & bl) ^ (al & cl) ^ (bl & cl)) >>> 0);
    const high =
      firstHigh +
      (turned(ah, al, 28) ^ turned(al, ah, 2) ^ turned(al, ah, 7)) +
      ((ah & bh) ^ (ah & ch) ^ (bh & ch)) +
      Math.floor(low / ONE_HALF);
    const movedLow = (state[7]! >>> 0) + (firstLow >>> 0);
    const movedHigh = state[6]! + firstHigh + Math.floor(movedLow / ONE_HALF);
    state.copyWithin(2, 0, 14);
    state[0] = high;
    state[1] = low;
    state[8] = movedHigh;
    state[9] = movedLow;
  }
  for (let at = 0; at < 16; at += 2) {
    const low = (state[at + 1]! >>> 0) + (was[at + 1]! >>> 0);
    state[at] = state[at]! + was[at]! + Math.floor(low / ONE_HALF);
    state[at + 1] = low;
  }
}
