import { fileFault } from "../file-fault.ts";
import { elementBytes, pageHeaderBytes } from "./page-format.ts";

/**
 * The elements of a leaf, which were checked to lie within it one behind the other, in the ascending order of their keys. All it gives out are
 * views of its bytes.
 */
export class LeafPage {
  /** For errors: `page 12`. */
  readonly place: string;
  readonly count: number;
  readonly #bytes: Buffer;

  /** `bytes` are the page with its overflow. Raises `invalid`. */
  constructor(bytes: Buffer, place: string) {
    this.#bytes = bytes;
    this.place = place;
    this.count = bytes.readUInt16LE(10);
    this.#check();
  }

  flags(index: number): number {
    return this.#bytes.readUInt32LE(this.#element(index));
  }

  key(index: number): Buffer {
    const start = this.#keyStart(index);
    return this.#bytes.subarray(start, start + this.#keyBytes(index));
  }

  value(index: number): Buffer {
    const start = this.#keyStart(index) + this.#keyBytes(index);
    return this.#bytes.subarray(start, start + this.#valueBytes(index));
  }

  #check(): void {
    const bytes = this.#bytes;
    let end = pageHeaderBytes + this.count * elementBytes;
    if (end > bytes.length)
      throw fileFault(`${this.place}, of ${bytes.length} bytes,`, `hold its ${this.count} elements`);
    for (let index = 0; index < this.count; index++) {
      const start = this.#keyStart(index);
      const keyEnd = start + this.#keyBytes(index);
      if (start < end) throw fileFault(this.#placeOf(index), `begin behind byte ${end}, where the one before ends`);
      end = keyEnd + this.#valueBytes(index);
      if (end > bytes.length) throw fileFault(this.#placeOf(index), `end within the ${bytes.length} bytes of the page`);
      if (index === 0) continue;
      const before = this.#keyStart(index - 1);
      const order = bytes.compare(bytes, start, keyEnd, before, before + this.#keyBytes(index - 1));
      // Buffer.compare takes the target's range first: 1 says that the key before sorts behind.
      if (order >= 0) throw fileFault(this.#placeOf(index), "have a key behind that of the one before");
    }
  }

  #placeOf(index: number): string {
    return `element ${index} of ${this.place}`;
  }

  #element(index: number): number {
    return pageHeaderBytes + index * elementBytes;
  }

  #keyStart(index: number): number {
    const element = this.#element(index);
    return element + this.#bytes.readUInt32LE(element + 4);
  }

  #keyBytes(index: number): number {
    return this.#bytes.readUInt32LE(this.#element(index) + 8);
  }

  #valueBytes(index: number): number {
    return this.#bytes.readUInt32LE(this.#element(index) + 12);
  }
}
