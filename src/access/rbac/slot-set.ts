/**
 * Sets of small integers: a few as a list, many as bits. For the index, where most words of rules occur in a few
 * rules and some (`get`, the core group) in nearly all.
 */

/** From this many members on, a set is kept as bits. */
const sparseMax = 32;

export class SlotSet {
  #sparse: number[] | undefined = [];
  #words = new Uint32Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds a slot that is not yet in it. */
  add(slot: number): void {
    this.#size++;
    if (this.#sparse === undefined) {
      this.#words = withRoom(this.#words, slot);
      setBit(this.#words, slot);
      return;
    }
    this.#sparse.push(slot);
    if (this.#sparse.length > sparseMax) this.#makeDense(this.#sparse);
  }

  /** Removes a slot that is in it. */
  delete(slot: number): void {
    this.#size--;
    if (this.#sparse === undefined) clearBit(this.#words, slot);
    else this.#sparse.splice(this.#sparse.indexOf(slot), 1);
  }

  /** Sets the bits of all members; `bits` must have room for them. */
  addTo(bits: Uint32Array): void {
    if (this.#sparse !== undefined) {
      for (const slot of this.#sparse) setBit(bits, slot);
      return;
    }
    const words = this.#words;
    const length = Math.min(words.length, bits.length);
    for (let index = 0; index < length; index++) bits[index] = bits[index]! | words[index]!; // within both
  }

  #makeDense(slots: readonly number[]): void {
    this.#words = withRoom(this.#words, Math.max(...slots));
    for (const slot of slots) setBit(this.#words, slot);
    this.#sparse = undefined;
  }
}

/** Bits with room for a slot: the same, or a copy of at least twice the size. */
export function withRoom(bits: Uint32Array<ArrayBuffer>, slot: number): Uint32Array<ArrayBuffer> {
  const needed = (slot >>> 5) + 1;
  if (needed <= bits.length) return bits;
  const larger = new Uint32Array(Math.max(needed, bits.length * 2));
  larger.set(bits);
  return larger;
}

export function setBit(bits: Uint32Array, slot: number): void {
  bits[slot >>> 5] = bits[slot >>> 5]! | (1 << (slot & 31)); // the caller made room
}

export function clearBit(bits: Uint32Array, slot: number): void {
  bits[slot >>> 5] = bits[slot >>> 5]! & ~(1 << (slot & 31)); // the caller made room
}

/** Whether a bit is set; beyond the end none is. */
export function hasBit(bits: Uint32Array, slot: number): boolean {
  return (bits[slot >>> 5]! & (1 << (slot & 31))) !== 0; // undefined beyond the end counts as 0
}

/** Hands out the smallest numbers that are free. */
export class SlotNumbers {
  readonly #free: number[] = [];
  #next = 0;

  take(): number {
    return this.#free.pop() ?? this.#next++;
  }

  give(slot: number): void {
    this.#free.push(slot);
  }

  /** Above every number that was handed out. */
  get end(): number {
    return this.#next;
  }
}
