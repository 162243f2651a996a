/** How fast a cluster is asked, and how long is waited between attempts. */
import { setTimeout as sleep } from "node:timers/promises";

/** Lets so many requests through a second, and as many at once after a rest; the others wait for their turn. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #now: () => number;
  /** When the next request may start if all before it do; in the past after a rest. */
  #nextMs = 0;

  constructor(perSecond: number, now: () => number = () => performance.now()) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Resolves when the caller may start. Raises the reason of the signal when that is aborted before. */
  async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const now = this.#now();
    const startMs = Math.max(this.#nextMs, now - 1000);
    this.#nextMs = startMs + 1000 / this.#perSecond;
    if (startMs > now) await sleep(startMs - now, undefined, { signal });
  }
}

/**
 * How long to wait before the attempt after the `failures`-th failure in succession (from 1): doubling from 250 ms to 30 s, of which
 * a random half, so that many who failed together do not come back together.
 */
export function backoffMs(failures: number, random: () => number = Math.random): number {
  const whole = Math.min(30_000, 250 * 2 ** Math.min(failures - 1, 20));
  return whole / 2 + (random() * whole) / 2;
}
