/** Lets readers wait for what is not there yet. */
export class Arrivals {
  readonly #waiting = new Set<() => void>();

  /** Something may have arrived. */
  tell(): void {
    for (const look of this.#waiting) look();
  }

  /** Resolves when `has` says so; rejects with the signal's reason when it is aborted before. */
  wait(has: () => boolean, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        const arrived = has();
        if (!arrived && !signal.aborted) return;
        this.#waiting.delete(settle);
        signal.removeEventListener("abort", settle);
        if (arrived) resolve();
        else reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"));
      };
      this.#waiting.add(settle);
      signal.addEventListener("abort", settle);
      settle();
    });
  }
}
