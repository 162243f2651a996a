import { createHash } from "node:crypto";

/** Takes exact numbers of bytes off a stream of chunks, and hashes what it took. */
export class FrameReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #damaged: () => Error;
  readonly #hash = createHash("sha256");
  #rest: Buffer = Buffer.alloc(0);
  /** What was taken last is hashed with the next: so there is a hash of what came before it, without a copy per frame. */
  #last: Buffer = Buffer.alloc(0);

  /** `damaged` makes what is raised when the stream ends too early, or not where it should. */
  constructor(stream: AsyncIterable<Uint8Array>, damaged: () => Error) {
    this.#chunks = stream[Symbol.asyncIterator]();
    this.#damaged = damaged;
  }

  /** The hash of everything that was taken before the last take. */
  digestBeforeLast(): Buffer {
    return this.#hash.copy().digest();
  }

  /** The next bytes, copied. */
  async take(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#chunks.next();
        if (next.done) throw this.#damaged();
        this.#rest = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
      }
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    const whole = Buffer.concat(parts); // a copy: the stream may reuse its chunks
    this.#hash.update(this.#last);
    this.#last = whole;
    return whole;
  }

  /** Raises unless the stream ends here. */
  async end(): Promise<void> {
    if (this.#rest.length > 0) throw this.#damaged();
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done) return;
      if (next.value.length > 0) throw this.#damaged();
    }
  }
}
