/**
 * Secrets that were read lately, complete and decrypted, so that one that is asked
 * for again and again is decrypted once. An entry is only used while the store's
 * record still has its revision, so it can be neither stale nor of a deleted secret.
 *
 * What is here stays readable in the memory of the process, which holds the keys to
 * everything anyway; the bounds keep it small.
 */
import type { Secret } from "./canonical-secret.ts";

/** Sum of payloads and metadata kept. */
const totalBytesMax = 16 * 1024 * 1024;
/** Larger secrets are not kept: reading them is dominated by their bytes. */
const entryBytesMax = 64 * 1024;
const entriesMax = 8192;

export class RecentSecrets {
  /** In the order of insertion; the oldest goes first. */
  readonly #entries = new Map<string, Secret>();
  #bytes = 0;

  get(key: string): Secret | undefined {
    return this.#entries.get(key);
  }

  set(key: string, secret: Secret): void {
    this.delete(key);
    const size = sizeOf(secret);
    if (size > entryBytesMax) return;
    this.#entries.set(key, secret);
    this.#bytes += size;
    while (this.#bytes > totalBytesMax || this.#entries.size > entriesMax) {
      const oldest = this.#entries.keys().next();
      if (oldest.done) return;
      this.delete(oldest.value);
    }
  }

  delete(key: string): void {
    const known = this.#entries.get(key);
    if (known === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(known);
  }
}

function sizeOf(secret: Secret): number {
  return secret.payload.bytes.length + secret.metadata.length + secret.rest.length;
}
