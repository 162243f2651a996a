import type { Redacted } from "../../crypto/redacted.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { describeError } from "../../log/logger.ts";
import { openRing } from "./key-ring-file.ts";
import { KeyRing } from "./key-ring.ts";
import { readKeyFileText } from "./plugin-folder.ts";

/** How soon a ring that was changed on the disk is used. */
const lookMs = 10_000;

export interface KeySourceOptions {
  readonly folder: string;
  readonly readPassphrase: () => Promise<Redacted<Uint8Array>>;
  readonly now: () => Date;
  readonly onRead: (ring: KeyRing) => Promise<void>;
  readonly onRefused: (error: unknown) => void;
}

/**
 * The keys of a folder, in memory: everything is answered from there, and no network is ever asked. The file is looked at every ten
 * seconds; one that is missing, cannot be opened or lacks the key that writes now changes nothing but the health.
 */
export class KeySource implements AsyncDisposable {
  readonly #options: KeySourceOptions;
  readonly #timer: NodeJS.Timeout;
  #text: string;
  #ring: KeyRing;
  #refusal: { readonly error: unknown } | undefined;
  #looking: Promise<void> = Promise.resolve();

  private constructor(options: KeySourceOptions, text: string, ring: KeyRing) {
    this.#options = options;
    this.#text = text;
    this.#ring = ring;
    this.#timer = setInterval(() => void this.look(), lookMs).unref();
  }

  /** Raises `sealed` without a file or with another passphrase. */
  static async open(options: KeySourceOptions): Promise<KeySource> {
    const text = await readKeyFileText(options.folder);
    const ring = await openKeys(text, options);
    await options.onRead(ring);
    return new KeySource(options, text, ring);
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  /** Why the file on the disk is not what is used; undefined when it is. */
  get refusal(): unknown {
    return this.#refusal?.error;
  }

  /** Looks at the file now. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      const text = await readKeyFileText(this.#options.folder);
      if (text !== this.#text) await this.#take(text);
      this.#refusal = undefined;
    } catch (error) {
      // Tried again each time: what was refused may be the passphrase or the disk, and not the file.
      const isNews = this.#refusal === undefined || describeError(this.#refusal.error) !== describeError(error);
      this.#refusal = { error };
      if (isNews) this.#options.onRefused(error);
    }
  }

  async #take(text: string): Promise<void> {
    const ring = await openKeys(text, this.#options);
    const { id } = this.#ring.writeKey(this.#options.now());
    if (!ring.facts.some((facts) => facts.id === id)) {
      throw new StrongroomError("invalid", `the key file must hold the key ${id}, which writes now`);
    }
    await this.#options.onRead(ring);
    this.#text = text;
    this.#ring = ring;
  }
}

async function openKeys(text: string, { readPassphrase }: KeySourceOptions): Promise<KeyRing> {
  const { facts, bytes } = await openRing(text, await readPassphrase());
  return new KeyRing(facts.keys, bytes);
}
