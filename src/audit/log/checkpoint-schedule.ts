/** When a checkpoint is due: after so many entries, or so long after the first that is not under one. */

export const checkpointEntries = 1000;
export const checkpointMs = 10_000;

export class CheckpointSchedule {
  readonly #due: () => void;
  /** How many entries are under a checkpoint. */
  #signed: number;
  #end: number;
  #timer: NodeJS.Timeout | undefined;

  /** `due` is called when the time is over. Before `end`, entries are taken for signed. */
  constructor(end: number, due: () => void) {
    this.#due = due;
    this.#signed = end;
    this.#end = end;
  }

  /** Whether there are entries that no checkpoint is about. */
  get isDirty(): boolean {
    return this.#end > this.#signed;
  }

  /** Whether the one that brings the log to this end is due for its number of entries. */
  isDue(end: number): boolean {
    return end - this.#signed >= checkpointEntries;
  }

  wrote(end: number, withCheckpoint: boolean): void {
    this.#end = end;
    if (withCheckpoint) {
      this.#signed = end;
      this.stop();
    } else if (this.isDirty) {
      this.again();
    }
  }

  /** Waits for the time, if it does not. */
  again(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#due();
    }, checkpointMs).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
