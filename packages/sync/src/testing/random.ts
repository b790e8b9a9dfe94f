/** Random numbers from a seed: the same seed, the same run. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** 0 … below - 1 */
  int(below: number): number;
  chance(probability: number): boolean;
  /** undefined of an empty list. */
  pick<T>(from: readonly T[]): T | undefined;
  bytes(count: number): Uint8Array;
  /** `prefix-` and 12 letters. */
  id(prefix: string): string;
  /** Another generator, so that what is drawn there does not move what is drawn here. */
  fork(): Random;
}

export function seededRandom(seed: number): Random {
  // Mulberry32 over a mixed seed.
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0;
  const uint32 = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  const random: Random = {
    next: () => uint32() / 4294967296,
    int: (below) => Math.floor(random.next() * below),
    chance: (probability) => random.next() < probability,
    pick: (from) => from[random.int(from.length)],
    bytes: (count) => Uint8Array.from({ length: count }, () => random.int(256)),
    id: (prefix) => `${prefix}-${Array.from({ length: 12 }, () => "abcdefghijklmnopqrstuvwxyz"[random.int(26)]).join("")}`,
    fork: () => seededRandom(uint32()),
  };
  return random;
}
