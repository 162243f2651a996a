/** Keys of encryption over time: which may be dropped, what is still to be rewritten, and how things stand. */
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { StoredResource } from "../crypto/encryption-configuration/configured-transformers.ts";
import { KeyIdReader } from "../crypto/kms-v2/key-id-of-record.ts";
import { formOfRecord } from "../crypto/stored-form.ts";
import { StrongroomError, isStrongroomError } from "../errors/strongroom-error.ts";
import type { Logger } from "../log/logger.ts";
import type { Clock } from "../store/clock.ts";
import type { Store } from "../store/store.ts";
import type { EncryptionAtRest } from "./encryption-at-rest.ts";
import { countUnreadable, resourceNames } from "./encryption-census.ts";
import { EncryptionKeys } from "./encryption-keys.ts";
import { EncryptionRewriter } from "./encryption-rewriter.ts";
import type { RewriteProgress } from "./encryption-rewriter.ts";
import { statementFacts } from "./encryption-proof.ts";
import type { StatementFacts } from "./encryption-statement.ts";
import { examineEncryption } from "./encryption-status.ts";
import type { Examination, ExaminedEngine } from "./encryption-status.ts";

export interface EncryptionStatus extends Examination {
  readonly time: string;
  /** The configuration; undefined where there is none. */
  readonly file?: string | undefined;
  /** Why the file is not what is in force. */
  readonly problem?: string | undefined;
  readonly rewrite: RewriteProgress;
}

export interface EncryptionServiceOptions {
  readonly encryption: EncryptionAtRest;
  readonly store: Store;
  readonly engine: ExaminedEngine;
  readonly stored: readonly StoredResource[];
  /** Start though records are under keys that the configuration lacks. */
  readonly abandonKeys: boolean;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly log: Logger;
}

export class EncryptionService implements AsyncDisposable {
  readonly #options: EncryptionServiceOptions;
  readonly #keys: EncryptionKeys;
  readonly #rewriter: EncryptionRewriter;

  private constructor(options: EncryptionServiceOptions, keys: EncryptionKeys) {
    this.#options = options;
    this.#keys = keys;
    this.#rewriter = rewriterOf(options, () => this.#onWalked());
  }

  /** Raises `invalid`, with counts, when the configuration lacks a key that is in use. */
  static async open(options: EncryptionServiceOptions): Promise<EncryptionService> {
    const { encryption, store, engine, abandonKeys, clock } = options;
    const keys = await EncryptionKeys.open({ store, engine, now: () => new Date(clock.now()) });
    try {
      await keys.admit(encryption.encryption, encryption, abandonKeys);
    } catch (error) {
      if (!isStrongroomError(error, "invalid")) throw error;
      const remedy = "or start once with --abandon-encryption-keys, if they are lost for good";
      throw new StrongroomError("invalid", `${encryption.file ?? "no file"}: ${error.message}; ${remedy}`);
    }
    await keys.noteEnds(encryption.encryption);
    const service = new EncryptionService(options, keys);
    encryption.guardBy({
      admit: (next, selection) => keys.admit(next, selection),
      changed: () => service.#onChanged(),
    });
    if (keys.noted.length > 0) service.#rewriter.request();
    return service;
  }

  /** Walks now, or waits for the walk that runs. */
  rewrite(): Promise<void> {
    return this.#rewriter.walk();
  }

  /** As `EncryptionAtRest.check`. */
  check(): void {
    this.#options.encryption.check();
  }

  /** As `EncryptionAtRest.checkPlugins`. */
  checkPlugins(): void {
    this.#options.encryption.checkPlugins();
  }

  /** Raises `unavailable` while records could not be encrypted again; that is tried once more each minute. */
  checkRewriting(): void {
    const { state, problem } = this.#rewriter.progress;
    if (state !== "failed") return;
    throw new StrongroomError(
      "unavailable",
      `records must be encrypted again by the key that writes: ${problem ?? ""}`,
    );
  }

  /** Counts everything: reads all records and the files of the store. */
  async status(): Promise<EncryptionStatus> {
    const { encryption, clock } = this.#options;
    const time = new Date(clock.now()).toISOString();
    const rewrite = this.#rewriter.progress; // of before the counts, so that these are not older than it
    const examined = await this.#examine();
    return { time, file: encryption.file, problem: encryption.problem, ...examined, rewrite };
  }

  /**
   * What a statement says of a key that nothing is left under. Raises `not-found` for a key that was never configured, `invalid`, with
   * counts, when it writes or anything is left, and `unavailable` when the configuration changed meanwhile, or records are being rewritten:
   * what a former configuration had begun to write may come to the store later than it is counted.
   */
  async proveUnused(form: string): Promise<StatementFacts> {
    const { encryption, clock } = this.#options;
    const inForce = encryption.encryption;
    if (this.#rewriter.progress.state === "running") {
      throw new StrongroomError(
        "unavailable",
        "records must not be rewritten while they are counted: ask again after that",
      );
    }
    const time = new Date(clock.now()).toISOString();
    const noted = this.#keys.noted.filter((key) => key.form === form);
    const examined = await this.#examine();
    if (encryption.encryption !== inForce) {
      throw new StrongroomError(
        "unavailable",
        "the encryption configuration must not change while records are counted",
      );
    }
    return statementFacts({ form, time, noted, examined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rewriter[Symbol.asyncDispose]();
  }

  #examine(): Promise<Examination> {
    const { encryption, store, engine, stored } = this.#options;
    const { noted } = this.#keys;
    const currentRevision = () => store.currentRevision();
    return examineEncryption({ encryption, engine, currentRevision, resourceOf: resourceNames(stored), noted });
  }

  #onChanged(): void {
    const { encryption, log } = this.#options;
    this.#keys
      .noteEnds(encryption.encryption)
      .catch((error: unknown) => log.error("When keys wrote last could not be noted", error));
    this.#rewriter.request(0);
  }

  /** Everything was met: forgets the keys that left the configuration and that nothing is under any more. */
  async #onWalked(): Promise<boolean> {
    const { encryption, engine, log } = this.#options;
    const inForce = encryption.encryption;
    const missing = this.#keys.missingIn(inForce);
    if (missing.length === 0) {
      encryption.settle();
      return false;
    }
    const forms = Array.from(new Set(missing.map(({ form }) => form)));
    const left = await countUnreadable(engine, forms, encryption.withoutFormer());
    const gone = missing.filter(({ form }) => !left.has(form));
    if (gone.length > 0) await this.#keys.forget(gone);
    for (const { form } of gone)
      log.info("Nothing is left under a key that left the encryption configuration", { form });
    // What came in force meanwhile is for a walk of its own to tell of.
    if (left.size > 0 || encryption.encryption !== inForce) return true;
    encryption.settle();
    return false;
  }
}

/** The form of a record, and the key of a plugin that it is under. */
async function nameOfRecord({ engine, encryption }: EncryptionServiceOptions, key: string): Promise<string> {
  const value = (await engine.get(key))?.value ?? new Uint8Array(0);
  const form = formOfRecord(
    value,
    encryption.encryption.keys.map((configured) => configured.form),
  );
  return `${form} ${new KeyIdReader().digestOf(value, form) ?? ""}`;
}

function rewriterOf(options: EncryptionServiceOptions, walked: () => Promise<boolean>): EncryptionRewriter {
  const { store, clock, registry, log } = options;
  const rewritten = new Counter({
    name: "strongroom_encryption_rewritten_total",
    help: "Records that were encrypted again, by the provider and key that write now.",
    registers: [registry],
  });
  const unreadable = new Gauge({
    name: "strongroom_encryption_unreadable_records",
    help: "Records that no provider of the encryption configuration opens, as of the last walk.",
    registers: [registry],
  });
  const failing = new Gauge({
    name: "strongroom_encryption_rewriting_failed",
    help: "1 while the last walk over records, which encrypts them again, was cut off by a failure, else 0.",
    registers: [registry],
  });
  failing.set(0);
  return new EncryptionRewriter({
    store,
    clock,
    nameOf: (key) => nameOfRecord(options, key),
    onRewritten: (records) => rewritten.inc(records),
    async onWalked(walk) {
      failing.set(0);
      unreadable.set(walk.unreadable);
      const { seen, rewritten: records } = walk;
      if (records > 0) log.info("Encrypted records again", { seen, rewritten: records });
      if (walk.unreadable > 0) log.warn("Records do not open by any provider", { records: walk.unreadable });
      return await walked();
    },
    onError(error) {
      failing.set(1);
      log.error("Records could not be encrypted again; trying once more in a minute", error);
    },
  });
}
