/** When a follower may send, and when it tries again. */
import { setTimeout as sleep } from "node:timers/promises";

/** Waits; rejects when the signal is aborted. */
export type Sleep = (delayMs: number, signal: AbortSignal) => Promise<void>;

export const systemSleep: Sleep = async (delayMs, signal) => {
  await sleep(delayMs, undefined, { signal, ref: false });
};

/** At most so many batches a second, and so many at once after a pause. */
export class Throttle {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #at: number;

  constructor(options: { readonly perSecond: number; readonly burst: number; readonly nowMs: () => number }) {
    this.#perSecond = options.perSecond;
    this.#burst = options.burst;
    this.#nowMs = options.nowMs;
    this.#tokens = options.burst;
    this.#at = options.nowMs();
  }

  /** Takes a place; how long to wait for it. */
  take(): number {
    const now = this.#nowMs();
    // A clock that was set back gives nothing, and takes nothing.
    const passedMs = Math.max(0, now - this.#at);
    this.#at = now;
    this.#tokens = Math.min(this.#burst, this.#tokens + (passedMs / 1000) * this.#perSecond) - 1;
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#perSecond) * 1000;
  }
}

const factor = 1.5;
const jitter = 0.2;
const backoffMsMax = 120_000;

/** Longer after each failure, as upstream's, but without an end: nothing is given up. */
export class Backoff {
  readonly #initialMs: number;
  readonly #random: () => number;
  #failures = 0;

  constructor(initialMs: number, random: () => number = Math.random) {
    this.#initialMs = initialMs;
    this.#random = random;
  }

  next(): number {
    const delayMs = Math.min(this.#initialMs * factor ** this.#failures, Math.max(backoffMsMax, this.#initialMs));
    this.#failures += 1;
    return delayMs * (1 + jitter * this.#random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
