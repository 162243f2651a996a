import { randomFillSync } from "node:crypto";

/**
 * Random bytes from the system's generator, drawn in blocks: a call costs 2.6 us
 * whether it fetches 44 bytes or 1,900, which is a sixth of encrypting a record of 1 KiB.
 * Every byte is given out once and zeroed here at once.
 *
 * For salts and nonces, which are public and must not repeat. Keys are drawn
 * directly: they should not lie about in a pool.
 */
export class RandomPool {
  readonly #pool: Buffer;
  #next: number;

  /** `sizeBytes` is drawn at a time; no single request may be longer. */
  constructor(sizeBytes: number) {
    this.#pool = Buffer.alloc(sizeBytes);
    this.#next = sizeBytes;
  }

  /** Fills `length` bytes of `out` from `offset` on. Raises RangeError for more than the pool's size. */
  fillInto(out: Buffer, offset: number, length: number): void {
    if (length > this.#pool.length) throw new RangeError(`at most ${this.#pool.length} bytes may be asked for at once`);
    if (this.#next + length > this.#pool.length) {
      randomFillSync(this.#pool);
      this.#next = 0;
    }
    const end = this.#next + length;
    this.#pool.copy(out, offset, this.#next, end);
    this.#pool.fill(0, this.#next, end);
    this.#next = end;
  }
}

/** As `crypto.randomBytes`, for many short ids: one draw from the system for 128 of them of 16 bytes. */
export function pooledRandomBytes(): (size: number) => Buffer {
  const pool = new RandomPool(128 * 16);
  return (size) => {
    const bytes = Buffer.alloc(size);
    pool.fillInto(bytes, 0, size);
    return bytes;
  };
}
