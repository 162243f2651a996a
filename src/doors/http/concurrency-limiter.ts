/**
 * Caps on how many requests are worked on at the same time. Above a cap a request
 * is refused at once (429 with Retry-After at the door) instead of queueing, so
 * that memory stays bounded and clients back off.
 *
 * Names and defaults as kube-apiserver's --max-requests-inflight and
 * --max-mutating-requests-inflight; watches there, as here, do not count as
 * read-only requests once they run, and have a cap of their own here.
 */
export interface ConcurrencyLimits {
  /** get, list and everything that is not a resource request. */
  readonly readOnlyRequestsMax: number;
  /** create, update, patch, delete, deletecollection. */
  readonly mutatingRequestsMax: number;
  /** Watches; an idle one costs its connection and a few KiB. */
  readonly watchesMax: number;
}

export const defaultConcurrencyLimits: ConcurrencyLimits = {
  readOnlyRequestsMax: 400,
  mutatingRequestsMax: 200,
  watchesMax: 10_000,
};

/** What to put in Retry-After of a refusal, in seconds (upstream's value). */
export const retryAfterSeconds = 1;

export const concurrencyClasses = ["read-only", "mutating", "watch"] as const;
export type ConcurrencyClass = (typeof concurrencyClasses)[number];

export class ConcurrencyLimiter {
  readonly #max: Readonly<Record<ConcurrencyClass, number>>;
  readonly #inUse: Record<ConcurrencyClass, number> = { "read-only": 0, mutating: 0, watch: 0 };

  constructor(limits: Partial<ConcurrencyLimits> = {}) {
    const { readOnlyRequestsMax, mutatingRequestsMax, watchesMax } = { ...defaultConcurrencyLimits, ...limits };
    this.#max = { "read-only": readOnlyRequestsMax, mutating: mutatingRequestsMax, watch: watchesMax };
  }

  /** How many of a class are running, for metrics. */
  inUse(of: ConcurrencyClass): number {
    return this.#inUse[of];
  }

  /**
   * Takes a place; undefined when none is free. The result gives it back, and must
   * be called on every way out (a second call does nothing).
   */
  acquire(of: ConcurrencyClass): (() => void) | undefined {
    if (this.#inUse[of] >= this.#max[of]) return undefined;
    this.#inUse[of] += 1;
    let held = true;
    return () => {
      if (held) this.#inUse[of] -= 1;
      held = false;
    };
  }
}
