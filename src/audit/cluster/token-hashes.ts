/**
 * Which tokens count for a cluster: their SHA-256, one a line, in a file that is read again when it has changed, so that a token can be
 * exchanged for another without a restart.
 */
import { readFile, stat } from "node:fs/promises";

export const tokenHashesForm =
  "lines with the SHA-256 of a token each, in 64 hexadecimal digits, as sha256sum prints it";

/** How long a file is believed to be as it was. */
const lookedAfterMs = 1000;

/** Undefined for what is no such file, an empty one among it. */
export function parseTokenHashes(content: string): readonly Buffer[] | undefined {
  const lines = content.split("\n").filter((line) => line.trim() !== "");
  const hashes = lines.map((line) => /^([0-9a-f]{64})(\s|$)/.exec(line)?.[1]);
  if (hashes.length === 0 || hashes.includes(undefined)) return undefined;
  return hashes.map((hash = "") => Buffer.from(hash, "hex"));
}

export interface TokenHashesOptions {
  /** Undefined: they stay what they are. */
  readonly file: string | undefined;
  readonly hashes: readonly Buffer[];
  readonly nowMs: () => number;
  /** Told why a changed file does not count; what it said before does. */
  readonly onError: (error: unknown) => void;
}

export class TokenHashes {
  readonly #options: TokenHashesOptions;
  #hashes: readonly Buffer[];
  #lookedAtMs = -Infinity;
  #version: string | undefined;

  constructor(options: TokenHashesOptions) {
    this.#options = options;
    this.#hashes = options.hashes;
  }

  /** As the file has them; as it had them, while it cannot be read or says nothing that counts. */
  async current(): Promise<readonly Buffer[]> {
    const { file, nowMs, onError } = this.#options;
    const sinceMs = nowMs() - this.#lookedAtMs;
    if (file === undefined || (sinceMs >= 0 && sinceMs < lookedAfterMs)) return this.#hashes;
    this.#lookedAtMs = nowMs();
    try {
      await this.#readIfChanged(file);
    } catch (error) {
      onError(error);
    }
    return this.#hashes;
  }

  async #readIfChanged(file: string): Promise<void> {
    const { mtimeMs, size, ino } = await stat(file);
    const version = `${mtimeMs} ${size} ${ino}`;
    if (version === this.#version) return;
    const hashes = parseTokenHashes(await readFile(file, "utf8"));
    // Told once for each change.
    this.#version = version;
    if (hashes === undefined) throw new TypeError(`the file of token hashes must have ${tokenHashesForm}`);
    this.#hashes = hashes;
  }
}
