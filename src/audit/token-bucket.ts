/** Rates that may be exceeded for a moment. */

/** So many at once, then one per interval. */
export interface Rate {
  readonly burst: number;
  readonly intervalMs: number;
}

/** Holds `burst` tokens; one comes back per interval. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #atMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#atMs = nowMs;
  }

  /** Takes so many, or none. */
  take(nowMs: number, count = 1): boolean {
    // A clock that was set back brings nothing back.
    const returned = Math.max(0, nowMs - this.#atMs) / this.#rate.intervalMs;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + returned);
    this.#atMs = nowMs;
    if (this.#tokens < count) return false;
    this.#tokens -= count;
    return true;
  }
}

/** A bucket for each name, and one for all together. Of more than `namesMax` names the oldest begins anew: the total holds anyway. */
export class NamedBuckets {
  readonly #each: Rate;
  readonly #total: TokenBucket;
  readonly #namesMax: number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(options: {
    readonly each: Rate;
    readonly total: Rate;
    readonly namesMax: number;
    readonly nowMs: number;
  }) {
    this.#each = options.each;
    this.#total = new TokenBucket(options.total, options.nowMs);
    this.#namesMax = options.namesMax;
  }

  take(name: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(name) ?? new TokenBucket(this.#each, nowMs);
    // The latest is the last to be forgotten.
    this.#buckets.delete(name);
    this.#buckets.set(name, bucket);
    if (this.#buckets.size > this.#namesMax) {
      const oldest = this.#buckets.keys().next();
      if (!oldest.done) this.#buckets.delete(oldest.value);
    }
    return bucket.take(nowMs) && this.#total.take(nowMs);
  }
}
