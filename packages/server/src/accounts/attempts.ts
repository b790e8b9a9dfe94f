/** Failed attempts by key (an address, an account): so many in a burst, then one in so many seconds. An attempt that succeeds is given back. */
import { ApiError } from "@lectern/protocol/plain";
import type { Clock } from "../ports.ts";

export interface Attempts {
  /** Counts one. Throws ApiError `rate_limited` when there are none left. */
  take(key: string): void;
  giveBack(key: string): void;
}

/** Keys beyond this many are forgotten, the longest unused first. */
const MOST_KEYS = 50_000;

export function attempts({
  burst,
  everySeconds,
  clock,
}: {
  readonly burst: number;
  readonly everySeconds: number;
  readonly clock: Clock;
}): Attempts {
  const left = new Map<string, { readonly count: number; readonly at: number }>();

  function countOf(key: string, now: number): number {
    const before = left.get(key);
    return before === undefined ? burst : Math.min(burst, before.count + Math.max(0, now - before.at) / (everySeconds * 1000));
  }
  function put(key: string, count: number, at: number): void {
    left.delete(key);
    if (count >= burst) return;
    left.set(key, { count, at });
    if (left.size > MOST_KEYS) left.delete(left.keys().next().value!);
  }

  return {
    take(key) {
      const now = clock.now();
      const count = countOf(key, now);
      if (count < 1) {
        const retryAfter = Math.ceil((1 - count) * everySeconds);
        throw new ApiError("rate_limited", `Too many attempts; try again in ${retryAfter} seconds`, { retryAfter });
      }
      put(key, count - 1, now);
    },
    giveBack(key) {
      const now = clock.now();
      put(key, countOf(key, now) + 1, now);
    },
  };
}

/** What of an address one person has: all of an IPv4 address, the network part of an IPv6 one. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const all =
    tail === undefined ? groups : [...groups, ...Array<string>(Math.max(0, 8 - groups.length - after.length)).fill("0"), ...after];
  return `${all.slice(0, 4).join(":")}::/64`;
}
