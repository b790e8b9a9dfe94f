/** Allowance that refills with time: so many at once, so many a second. Both halves count ops with it. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /** `perSecond` 0: no limit. */
  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Takes `count`, or nothing when there are not so many. */
  take(count: number, now: number): boolean {
    if (this.wait(count, now) > 0) return false;
    this.#tokens -= count;
    return true;
  }

  /** Milliseconds until `count` can be taken. More than the burst counts as the burst. */
  wait(count: number, now: number): number {
    if (this.#perSecond === 0) return 0;
    this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, now - this.#at) * this.#perSecond) / 1000);
    this.#at = now;
    const lacking = Math.min(count, this.#burst) - this.#tokens;
    return lacking <= 0 ? 0 : Math.ceil((lacking * 1000) / this.#perSecond);
  }
}
