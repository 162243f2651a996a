/** The share of the event loop that work behind the requests may have. */
import { setImmediate as endOfTurn, setTimeout as after } from "node:timers/promises";

/** So long it works at a time: requests wait no longer for it. */
const sliceMs = 1;
/** When others have used the turn for so long, it gives way for a while. */
const busyMs = 0.5;
const pauseMs = 4;

/**
 * Work in slices of a millisecond. While requests keep the loop busy it has a fifth of it at most; while there are none, nearly
 * all.
 */
export class WorkShare {
  readonly #stop: AbortSignal;
  #sliceEnd = 0;

  /** When `stop` is aborted, all work ends at its next step. */
  constructor(stop: AbortSignal) {
    this.#stop = stop;
  }

  /**
   * Before each step of the work, which is to take less than a tenth of a millisecond; undefined when it may go on at once. Raises
   * the reason when it is to end.
   */
  step(): Promise<void> | undefined {
    this.#stop.throwIfAborted();
    return performance.now() < this.#sliceEnd ? undefined : this.#giveWay();
  }

  async #giveWay(): Promise<void> {
    const started = performance.now();
    await endOfTurn();
    if (performance.now() - started > busyMs) await after(pauseMs);
    this.#sliceEnd = performance.now() + sliceMs;
  }
}
