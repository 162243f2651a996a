import { fileFault } from "../file-fault.ts";

/** Which pages of a file were reached: none twice, so that trees with cycles or common pages are found, and reading them ends. */
export class PageSet {
  readonly #bits: Uint8Array;
  readonly #pageCount: number;
  #reached = 0;

  constructor(pageCount: number) {
    this.#pageCount = pageCount;
    this.#bits = new Uint8Array(Math.ceil(pageCount / 8));
  }

  /** How many there are. */
  get size(): number {
    return this.#reached;
  }

  /** Pages that are not in it, as runs of at most `countMax`, in their order. */
  *gaps(countMax: number): Generator<{ readonly first: number; readonly count: number }> {
    let first = 2;
    for (let page = 2; page <= this.#pageCount; page++) {
      const isMissing = page < this.#pageCount && !this.#has(page);
      if (page > first && (!isMissing || page - first === countMax)) {
        yield { first, count: page - first };
        first = page;
      }
      if (!isMissing) first = page + 1;
    }
  }

  /** Adds `count` pages from `first` on, which `from` refers to. Raises `invalid` for one that is there already, or that the file does not have. */
  add(first: number, count: number, from: string): void {
    // The first two are meta pages.
    if (first < 2 || first + count > this.#pageCount) {
      const pages = count === 1 ? `page ${first}` : `pages ${first} to ${first + count - 1}`;
      throw fileFault(`${pages}, which ${from} refers to,`, `be between 2 and ${this.#pageCount - 1}`);
    }
    for (let page = first; page < first + count; page++) {
      const [index, bit] = [page >>> 3, 1 << (page & 7)];
      const byte = this.#bits[index] ?? 0;
      if ((byte & bit) !== 0)
        throw fileFault(`page ${page}, which ${from} refers to,`, "not be part of something else too");
      this.#bits[index] = byte | bit;
    }
    this.#reached += count;
  }

  #has(page: number): boolean {
    return ((this.#bits[page >>> 3] ?? 0) & (1 << (page & 7))) !== 0;
  }
}
