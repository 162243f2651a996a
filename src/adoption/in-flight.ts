/** Work that runs beside other work, so much at a time. The first failure is raised by whatever is asked of it next. */
export class InFlight {
  readonly #max: number;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** Starts `work` when there is room. */
  async start(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= this.#max) await Promise.race(this.#running);
    this.#raise();
    const run = work().then(
      () => void this.#running.delete(run),
      (error: unknown) => {
        this.#running.delete(run);
        this.#failure ??= { error };
      },
    );
    this.#running.add(run);
  }

  /** Resolves when all has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#running);
    this.#raise();
  }

  #raise(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
