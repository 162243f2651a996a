/** A map that keeps its keys in order; keys are strings, ordered by code unit. */
export class SortedMap<V> {
  readonly #values = new Map<string, V>();
  #keys: string[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    if (!this.#values.has(key)) this.#keys.splice(this.#indexOf(key), 0, key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.#indexOf(key), 1);
  }

  clear(): void {
    this.#values.clear();
    this.#keys = [];
  }

  /** How many keys are in [start, end), or in (start, end) when `start` is exclusive. */
  count(start: string, end: string, isExclusive: boolean): number {
    return Math.max(0, this.#indexOf(end) - this.#from(start, isExclusive));
  }

  /** Up to `limit` entries of the same interval, in order. */
  slice(start: string, end: string, isExclusive: boolean, limit: number): (readonly [string, V])[] {
    const from = this.#from(start, isExclusive);
    const to = Math.min(this.#indexOf(end), from + limit);
    return this.#keys.slice(from, to).map((key) => [key, this.#values.get(key)!] as const); // every key has a value
  }

  #from(start: string, isExclusive: boolean): number {
    const index = this.#indexOf(start);
    return isExclusive && this.#keys[index] === start ? index + 1 : index;
  }

  // The index of the first key that is not below `key`.
  #indexOf(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! < key) low = middle + 1; // middle < length
      else high = middle;
    }
    return low;
  }
}
