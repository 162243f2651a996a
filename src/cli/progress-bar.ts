/** How far something has come, on one line of a terminal that is wiped when it ends. */

/** Draws on a terminal, and nothing anywhere else. */
export class ProgressBar implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  readonly #isOn: boolean;
  #drawnAt = -Infinity;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.#isOn = stream.isTTY === true;
  }

  /** At most ten times a second. `done` of `whole`, and what is being done, in a few words without control characters. */
  show(done: number, whole: number, text: string): void {
    const now = performance.now();
    if (!this.#isOn || now - this.#drawnAt < 100) return;
    this.#drawnAt = now;
    this.#stream.write(`\r\u001b[K${barLine(done, whole, text, this.#stream.columns || 80)}`);
  }

  [Symbol.dispose](): void {
    if (this.#isOn && this.#drawnAt > -Infinity) this.#stream.write("\r\u001b[K");
  }
}

const barWidth = 20;

/** `[#####...............] text`, cut to the width of the terminal. */
export function barLine(done: number, whole: number, text: string, columns: number): string {
  const filled = whole === 0 ? 0 : Math.floor((Math.min(done, whole) / whole) * barWidth);
  return `[${"#".repeat(filled)}${".".repeat(barWidth - filled)}] ${text}`.slice(0, columns - 1);
}
