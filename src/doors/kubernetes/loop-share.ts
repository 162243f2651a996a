/**
 * A share of the event loop for work beside requests: of controllers, and of passes over all there is. Reads of the store resolve without leaving
 * it, so that a loop of them would keep every request waiting until its end.
 */
export class LoopShare {
  readonly #stepsMax: number;
  #steps = 0;

  /** Lets others run after every `stepsMax` steps; a step is to take less than a tenth of a millisecond. */
  constructor(stepsMax = 32) {
    this.#stepsMax = stepsMax;
  }

  /** Before each step of a loop. */
  async step(): Promise<void> {
    if (++this.#steps < this.#stepsMax) return;
    this.#steps = 0;
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}
