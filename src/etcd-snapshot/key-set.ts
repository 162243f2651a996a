/**
 * A set of keys that takes 16 bytes or so for each, however long it is: fingerprints of 64 bits, by a seed of the process. Of a million keys,
 * two have the same with a probability of 3 in 100 million; a file that is made to have such keys can only lie about itself.
 */
export class KeySet {
  readonly #seed: number;
  /** Pairs of 32 bits; both 0 is a free place. */
  #places = new Uint32Array(2 * 1024);
  #size = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether it was not there before. */
  add(key: Uint8Array): boolean {
    const seed = this.#seed;
    let [a, b] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ seed];
    for (let index = 0; index < key.length; index++) {
      const byte = key[index] ?? 0;
      a = Math.imul(a ^ byte, 2654435761);
      b = Math.imul(b ^ byte, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return this.#insert(a >>> 0, b >>> 0 || 1);
  }

  #insert(a: number, b: number): boolean {
    const places = this.#places;
    const mask = places.length / 2 - 1;
    let place = a & mask;
    while (places[2 * place + 1] !== 0) {
      if (places[2 * place] === a && places[2 * place + 1] === b) return false;
      place = (place + 1) & mask;
    }
    places[2 * place] = a;
    places[2 * place + 1] = b;
    this.#size += 1;
    if (this.#size * 2 > mask) this.#grow();
    return true;
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Uint32Array(before.length * 2);
    this.#size = 0;
    for (let place = 0; place < before.length; place += 2) {
      const [a = 0, b = 0] = [before[place], before[place + 1]];
      if (b !== 0) this.#insert(a, b);
    }
  }
}
