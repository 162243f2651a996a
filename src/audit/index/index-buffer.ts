/** The newest part of the index, in memory until it is written as a segment. */
import { circumstanceText, readCircumstance } from "./circumstance.ts";
import type { Circumstance } from "./circumstance.ts";
import { emptyBatch } from "./rows.ts";
import type { RowBatch } from "./rows.ts";

/** A buffer with so much in it is written. Its memory is some 60 bytes for each row and twice the texts. */
const entriesMax = 65_536;
const rowsMax = 400_000;
const textBytesMax = 16 * 1024 * 1024;

export class IndexBuffer {
  /** The position of the first entry that it has, or will have. */
  readonly from: number;
  /** One after the last. */
  to: number;
  rows = 0;
  /** By term: of each row its position less `from`, its time less that of the first row of all, its circumstance. */
  readonly #lists = new Map<string, number[]>();
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];
  #textBytes = 0;
  #baseMs: number | undefined;
  /** An event stands in several lists under the same circumstance. */
  #last: { readonly circumstance: Circumstance; readonly number: number } | undefined;

  readonly #entriesMax: number;

  constructor(from: number, entries: number = entriesMax) {
    this.#entriesMax = entries;
    this.from = from;
    this.to = from;
  }

  get isFull(): boolean {
    return this.to - this.from >= this.#entriesMax || this.rows >= rowsMax || this.#textBytes >= textBytesMax;
  }

  /** The texts of circumstances, by their numbers. */
  get texts(): readonly string[] {
    return this.#texts;
  }

  get terms(): Iterable<string> {
    return this.#lists.keys();
  }

  /** Adds a row; positions must not go down. */
  add(term: string, position: number, timeMs: number, circumstance: Circumstance): void {
    let list = this.#lists.get(term);
    if (list === undefined) {
      list = [];
      this.#lists.set(term, list);
      this.#textBytes += term.length;
    }
    this.#baseMs ??= timeMs;
    list.push(position - this.from, timeMs - this.#baseMs, this.#numberOf(circumstance));
    this.rows++;
  }

  /** A copy of the rows of a term; of none, an empty one. */
  list(term: string): RowBatch {
    const list = this.#lists.get(term) ?? [];
    const batch = emptyBatch(list.length / 3);
    for (let row = 0; row < batch.count; row++) {
      batch.positions[row] = this.from + (list[3 * row] ?? 0);
      batch.timesMs[row] = (this.#baseMs ?? 0) + (list[3 * row + 1] ?? 0);
      batch.circumstances[row] = list[3 * row + 2] ?? 0;
    }
    return batch;
  }

  circumstance(number: number): Circumstance {
    return readCircumstance(this.textOf(number));
  }

  textOf(number: number): string {
    const text = this.#texts[number];
    if (text === undefined) throw new RangeError("a circumstance must be one of this buffer");
    return text;
  }

  #numberOf(circumstance: Circumstance): number {
    if (this.#last?.circumstance === circumstance) return this.#last.number;
    const text = circumstanceText(circumstance);
    let number = this.#numbers.get(text);
    if (number === undefined) {
      number = this.#texts.length;
      this.#texts.push(text);
      this.#numbers.set(text, number);
      this.#textBytes += text.length;
    }
    this.#last = { circumstance, number };
    return number;
  }
}
