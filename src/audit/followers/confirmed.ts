/**
 * What is known to have arrived. Where a protocol has no receipts, what was handed over shortly before a connection failed may be lost
 * with it: it is in doubt for a time, and delivered again when there is a failure.
 */
export class Confirmed {
  readonly #doubtMs: number;
  #sure: number;
  /** Positions that were handed over, with the time; in order. */
  readonly #inDoubt: { readonly position: number; readonly atMs: number }[] = [];

  constructor(position: number, doubtMs: number) {
    this.#sure = position;
    this.#doubtMs = doubtMs;
  }

  delivered(position: number, nowMs: number): void {
    if (this.#doubtMs === 0) this.#sure = position;
    else this.#inDoubt.push({ position, atMs: nowMs });
  }

  /** The position before which everything has arrived. */
  sure(nowMs: number): number {
    for (
      let [first] = this.#inDoubt;
      first !== undefined && nowMs - first.atMs >= this.#doubtMs;
      [first] = this.#inDoubt
    ) {
      this.#sure = first.position;
      this.#inDoubt.shift();
    }
    return this.#sure;
  }

  /** After a failure: where to go on from. */
  rewind(nowMs: number): number {
    const position = this.sure(nowMs);
    this.#inDoubt.length = 0;
    return position;
  }
}
