/** What is handed down while objects are looked at. */
import type { Fingerprinter } from "../credentials/fingerprint.ts";

export class Examiner {
  readonly fingerprint: Fingerprinter;
  #complete = true;

  constructor(fingerprint: Fingerprinter) {
    this.fingerprint = fingerprint;
  }

  /** False says that a limit was met. */
  noteComplete(complete: boolean): void {
    this.#complete &&= complete;
  }

  get complete(): boolean {
    return this.#complete;
  }
}
