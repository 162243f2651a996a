/** What of a store is in a backup, and under which name it is counted. */
import type { ContentCount } from "./backup-manifest.ts";

/**
 * What belongs to a data directory, not to what is in it: how long its audit log is, and the key that signs it. Whoever holds a backup
 * must not be able to sign that log, and a restored server begins one of its own.
 */
const leftOutPrefixes: readonly string[] = ["/strongroom/audit/"];

export function isInBackup(key: string): boolean {
  return !leftOutPrefixes.some((prefix) => key.startsWith(prefix));
}

/** `secrets`, `configmaps`, ... for `/registry/<resource>/`; `strongroom/payloads`, ... for what is our own. */
export function contentOf(key: string): string {
  const [, root = "", part = ""] = key.split("/", 3);
  return root === "registry" ? part : `${root}/${part}`;
}

/** How many records there are of what, and of how many bytes. */
export class ContentCounts {
  readonly #counts = new Map<string, { records: number; bytes: number }>();
  #records = 0;

  add({ key, value }: { readonly key: string; readonly value: Uint8Array }): void {
    const name = contentOf(key);
    let count = this.#counts.get(name);
    if (count === undefined) this.#counts.set(name, (count = { records: 0, bytes: 0 }));
    count.records++;
    count.bytes += value.length;
    this.#records++;
  }

  get records(): number {
    return this.#records;
  }

  toRecord(): Record<string, ContentCount> {
    return Object.fromEntries(this.#counts);
  }
}
