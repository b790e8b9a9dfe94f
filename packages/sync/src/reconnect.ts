/** When to try again: exponential backoff with full jitter, so that a restarted server is not met by everyone at once. Pure. */

export const RETRY_BASE_MS = 500;
export const RETRY_MAX_MS = 30_000;

export interface Retry {
  /** Failures in a row before this one. */
  readonly attempt: number;
  /** Uniform in [0, 1). */
  readonly random: number;
  /** Seconds that the server asked for. */
  readonly retryAfter?: number | undefined;
}

/** Milliseconds to wait. What the server asked for is the least, with jitter on top. */
export function retryDelay({ attempt, random, retryAfter = 0 }: Retry): number {
  const ceiling = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** Math.min(attempt, 16));
  return Math.round(retryAfter * 1000 + random * ceiling);
}
