import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { fileFault } from "./file-fault.ts";

/**
 * A file that is read by position. Synchronously: pages of 4 KiB in no order take 2 us each this way, and ten times that by promises;
 * who must not wait reads in a thread of its own.
 */
export class ReadOnlyFile implements Disposable {
  readonly #descriptor: number;
  readonly sizeBytes: number;

  /** Raises what the operating system does, and `invalid` for what is no file. */
  constructor(path: string) {
    this.#descriptor = openSync(path, "r");
    const stat = fstatSync(this.#descriptor);
    this.sizeBytes = stat.size;
    if (stat.isFile()) return;
    closeSync(this.#descriptor);
    throw fileFault(path, "be a file: it is read in no order, so no pipe will do");
  }

  /** Fills `into` from `position` on. Raises `invalid` when the file ends before. */
  readInto(into: Uint8Array, position: number): void {
    let filled = 0;
    while (filled < into.length) {
      const count = readSync(this.#descriptor, into, filled, into.length - filled, position + filled);
      if (count === 0) throw fileFault(`the file, which ends at byte ${position + filled},`, "be longer");
      filled += count;
    }
  }

  /** Its size now, which is another one when somebody writes to it. */
  sizeNow(): number {
    return fstatSync(this.#descriptor).size;
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}
