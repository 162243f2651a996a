/** Remembers what was seen, in bounded memory: the last million of texts at least. */
import { createHmac, createSecretKey, randomBytes } from "node:crypto";

const generationMax = 1_000_000;

/**
 * Texts are kept as 48 bits of a keyed hash: who writes into a log cannot make two of them look alike, so that one hides the
 * other. By chance, among a million, it happens once in 500 runs.
 */
export class Seen {
  /** A `KeyObject`: with raw bytes an Hmac takes five times as long. */
  readonly #key = createSecretKey(randomBytes(32));
  readonly #generationMax: number;
  #now = new Set<number>();
  #before = new Set<number>();

  constructor(generation: number = generationMax) {
    this.#generationMax = generation;
  }

  /** Whether the text is new; from now on it is not. */
  add(text: string): boolean {
    const mark = createHmac("sha256", this.#key).update(text).digest().readUIntBE(0, 6);
    if (this.#now.has(mark) || this.#before.has(mark)) return false;
    if (this.#now.size >= this.#generationMax) [this.#before, this.#now] = [this.#now, new Set()];
    this.#now.add(mark);
    return true;
  }
}
