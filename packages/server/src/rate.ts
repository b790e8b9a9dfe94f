/** Token buckets by key: so many a second on average, ten times that in a burst. In memory: each node limits what it serves itself. */
import type { Clock } from "./ports.ts";

export interface Taken {
  readonly allowed: boolean;
  readonly remaining: number;
  /** Seconds until the bucket is full again, or, when refused, until the next one is allowed. */
  readonly reset: number;
}

export interface RateLimiter {
  /** Size of the bucket; 0: no limit. */
  readonly burst: number;
  /** The header that says so: an empty bucket is full again after the `w` seconds of it. */
  readonly policy: string;
  take(key: string, count?: number): Taken;
}

interface Bucket {
  level: number;
  at: number;
}

/** Buckets beyond this many are forgotten, the longest unused first: a forgotten bucket is a full one. */
const MOST_KEYS = 50_000;

export function rateLimiter(options: { readonly perSecond: number; readonly burst?: number; readonly clock: Clock }): RateLimiter {
  const { perSecond, clock } = options;
  if (perSecond === 0) return { burst: 0, policy: "", take: () => ({ allowed: true, remaining: 0, reset: 0 }) };
  const burst = options.burst ?? perSecond * 10;
  const buckets = new Map<string, Bucket>();
  return {
    burst,
    policy: `"requests";q=${burst};w=${Math.ceil(burst / perSecond)}`,
    take(key, wanted = 1) {
      // More than a bucket holds counts as all of it.
      const count = Math.min(wanted, burst);
      const now = clock.now();
      const before = buckets.get(key);
      const level = before === undefined ? burst : Math.min(burst, before.level + (Math.max(0, now - before.at) / 1000) * perSecond);
      const allowed = level >= count;
      const bucket = { level: allowed ? level - count : level, at: now };
      buckets.delete(key);
      buckets.set(key, bucket);
      if (buckets.size > MOST_KEYS) buckets.delete(buckets.keys().next().value!);
      const missing = allowed ? burst - bucket.level : count - bucket.level;
      return { allowed, remaining: Math.floor(bucket.level), reset: Math.ceil(missing / perSecond) };
    },
  };
}

/** What was taken, as the IETF's draft says it, and as earlier drafts and most clients do. None where nothing is limited. */
export function rateHeaders({ burst, policy }: RateLimiter, { remaining, reset }: Taken): Readonly<Record<string, string>> {
  if (burst === 0) return {};
  return {
    "ratelimit-policy": policy,
    ratelimit: `"requests";r=${remaining};t=${reset}`,
    "ratelimit-limit": String(burst),
    "ratelimit-remaining": String(remaining),
    "ratelimit-reset": String(reset),
  };
}
