/** A heap of numbered candidates, the best first, in typed arrays: millions of them are pushed. */
export class BestHeap {
  #items = new Int32Array(1024);
  #length = 0;
  readonly #isBetter: (a: number, b: number) => boolean;

  /** `isBetter` must be a strict order. */
  constructor(isBetter: (a: number, b: number) => boolean) {
    this.#isBetter = isBetter;
  }

  push(item: number): void {
    if (this.#length === this.#items.length) {
      const larger = new Int32Array(this.#length * 2);
      larger.set(this.#items);
      this.#items = larger;
    }
    const items = this.#items;
    let place = this.#length++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBetter(item, items[parent]!)) break; // within the heap
      items[place] = items[parent]!;
      place = parent;
    }
    items[place] = item;
  }

  /** The best, which is taken out; -1 for none. */
  pop(): number {
    if (this.#length === 0) return -1;
    const items = this.#items;
    const first = items[0]!;
    const item = items[--this.#length]!;
    const length = this.#length;
    let place = 0;
    for (let child = 1; child < length; child = 2 * place + 1) {
      if (child + 1 < length && this.#isBetter(items[child + 1]!, items[child]!)) child++;
      if (!this.#isBetter(items[child]!, item)) break;
      items[place] = items[child]!;
      place = child;
    }
    items[place] = item;
    return first;
  }
}
