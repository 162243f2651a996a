/**
 * Which keys there may be records under. A key is noted before a configuration that has it is in force, and forgotten when nothing was
 * found under it after it had left the configuration. So a configuration that lacks a key in use is noticed without reading everything
 * at each start: only what is noted and not configured has to be looked for.
 */
import type { ConfiguredEncryption } from "../crypto/encryption-configuration/configured-transformers.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { TransformerSelection } from "../store/encrypted-store.ts";
import type { Store } from "../store/store.ts";
import { countUnreadable } from "./encryption-census.ts";
import type { CountedEngine, Unreadable } from "./encryption-census.ts";

/** A key as it is noted. */
export interface NotedKey {
  /** With a digest, see `ConfiguredKey`. */
  readonly id: string;
  readonly form: string;
  readonly since: string;
  /** It has written nothing after this revision; without it, it writes or may have written. */
  readonly until?: number | undefined;
}

const place = "/strongroom/encryption/keys";

export interface EncryptionKeysOptions {
  readonly store: Store;
  readonly engine: CountedEngine;
  readonly now: () => Date;
}

export class EncryptionKeys {
  readonly #options: EncryptionKeysOptions;
  #noted: readonly NotedKey[];
  /** Those of the configuration that was admitted last. */
  #admitted: ReadonlySet<string> = new Set();
  /** Those of it that write. */
  #writers: ReadonlySet<string | undefined> = new Set();
  #saving: Promise<unknown> = Promise.resolve();

  private constructor(options: EncryptionKeysOptions, noted: readonly NotedKey[]) {
    this.#options = options;
    this.#noted = noted;
  }

  static async open(options: EncryptionKeysOptions): Promise<EncryptionKeys> {
    const record = await options.store.get(place);
    if (record === undefined) return new EncryptionKeys(options, []);
    const { keys } = JSON.parse(Buffer.from(record.value).toString("utf8")) as { keys: NotedKey[] }; // written below
    return new EncryptionKeys(options, keys);
  }

  get noted(): readonly NotedKey[] {
    return this.#noted;
  }

  /** Keys that there may be records under and that the configuration does not have. */
  missingIn({ keys }: ConfiguredEncryption): readonly NotedKey[] {
    const ids = new Set(keys.map(({ id }) => id));
    return this.#noted.filter(({ id }) => !ids.has(id));
  }

  /**
   * Notes the keys of a configuration, durably. Raises `invalid`, with counts, when there are records that `selection` - what is to be
   * in force - cannot open for want of a key that was noted; unless they are to be `abandoned`, and their keys forgotten.
   */
  async admit(next: ConfiguredEncryption, selection: TransformerSelection, abandoned = false): Promise<void> {
    const missing = this.missingIn(next);
    if (missing.length > 0 && !abandoned) {
      const forms = Array.from(new Set(missing.map(({ form }) => form)));
      const unreadable = await countUnreadable(this.#options.engine, forms, selection);
      if (unreadable.size > 0) throw new StrongroomError("invalid", refusalOf(unreadable));
    }
    const writers = writersOf(next);
    const lost = new Set(abandoned ? missing.map(({ id }) => id) : []);
    const since = this.#options.now().toISOString();
    await this.#save((noted) => {
      this.#admitted = new Set(next.keys.map(({ id }) => id));
      this.#writers = writers;
      const kept = noted.filter(({ id }) => !lost.has(id)).map((key) => (writers.has(key.id) ? withoutEnd(key) : key));
      const known = new Set(kept.map(({ id }) => id));
      const added = next.keys.filter(({ id }) => !known.has(id)).map(({ id, form }) => ({ id, form, since }));
      return [...kept, ...added.filter(({ id }, index) => added.findIndex((other) => other.id === id) === index)];
    });
  }

  /** Notes, of keys that write nothing in the configuration that is in force, that they have ended; not of those that write in one that was admitted since. */
  async noteEnds(inForce: ConfiguredEncryption): Promise<void> {
    const writers = writersOf(inForce);
    const until = await this.#options.store.currentRevision();
    await this.#save((noted) =>
      noted.map((key) => {
        const mayWrite = writers.has(key.id) || this.#writers.has(key.id);
        return mayWrite || key.until !== undefined ? key : { ...key, until };
      }),
    );
  }

  /** Forgets keys under which nothing is left; not those that a configuration admitted meanwhile has. */
  async forget(keys: readonly NotedKey[]): Promise<void> {
    const ids = new Set(keys.map(({ id }) => id));
    await this.#save((noted) => noted.filter(({ id }) => !ids.has(id) || this.#admitted.has(id)));
  }

  /** One change after the other, each of what is noted then. */
  #save(change: (noted: readonly NotedKey[]) => readonly NotedKey[]): Promise<void> {
    const saved = this.#saveAfter(this.#saving, change);
    this.#saving = saved.catch(() => {}); // told to whoever asked for that one
    return saved;
  }

  async #saveAfter(
    former: Promise<unknown>,
    change: (noted: readonly NotedKey[]) => readonly NotedKey[],
  ): Promise<void> {
    await former;
    const keys = change(this.#noted);
    if (isSame(keys, this.#noted)) return;
    const value = Buffer.from(JSON.stringify({ keys }));
    await this.#options.store.txn({ compares: [], thens: [{ type: "put", key: place, value }] });
    this.#noted = keys;
  }
}

function isSame(a: readonly NotedKey[], b: readonly NotedKey[]): boolean {
  return a.length === b.length && a.every(({ id, until }, index) => id === b[index]?.id && until === b[index].until);
}

function writersOf({ resources }: ConfiguredEncryption): ReadonlySet<string | undefined> {
  return new Set(resources.map(({ keys: [writer] }) => writer?.id));
}

function withoutEnd({ id, form, since }: NotedKey): NotedKey {
  return { id, form, since };
}

function refusalOf(unreadable: ReadonlyMap<string, Unreadable>): string {
  const parts = Array.from(unreadable, ([form, { records, superseded }]) => {
    const history = superseded === 0 ? "" : ` and ${superseded} superseded revisions`;
    return `${form} has ${records} records${history}`;
  });
  return `the encryption configuration must keep every key that is in use, with its secret: ${parts.join(", ")}`;
}
