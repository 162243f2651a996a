/** Keys of encryption over time: which may be dropped, what is still to be rewritten, and how things stand. */
import { Counter, Gauge } from "prom-client";
import type { Registry } from "prom-client";
import type { StoredResource } from "../crypto/encryption-configuration/configured-transformers.ts";
import { StrongroomError, isStrongroomError } from "../errors/strongroom-error.ts";
import type { Logger } from "../log/logger.ts";
import type { Clock } from "../store/clock.ts";
import type { Store } from "../store/store.ts";
import type { EncryptionAtRest } from "./encryption-at-rest.ts";
import { countUnreadable, resourceNames, takeCensus } from "./encryption-census.ts";
import type { CountedEngine, FormCount } from "./encryption-census.ts";
import { EncryptionKeys } from "./encryption-keys.ts";
import { EncryptionRewriter } from "./encryption-rewriter.ts";
import type { RewriteProgress } from "./encryption-rewriter.ts";

/** What a form is to the configuration that is in force. */
export type KeyState = "writes" | "reads" | "missing";

/** The records of a resource in one form. */
export interface ResourceForm extends FormCount {
  /** `writes`: what this resource is written in now. */
  readonly state: KeyState;
}

/** A key over all resources. */
export interface KeyStatus {
  readonly form: string;
  readonly state: KeyState;
  readonly records: number;
  readonly bytes: number;
  readonly superseded: number;
  /** It writes nothing, and nothing is left under it: it may leave the configuration. */
  readonly removable: boolean;
}

export interface EncryptionStatus {
  readonly time: string;
  readonly revision: number;
  /** The configuration; undefined where there is none. */
  readonly file?: string | undefined;
  /** Why the file is not what is in force. */
  readonly problem?: string | undefined;
  readonly resources: readonly ResourceForm[];
  readonly keys: readonly KeyStatus[];
  readonly rewrite: RewriteProgress;
}

export interface EncryptionServiceOptions {
  readonly encryption: EncryptionAtRest;
  readonly store: Store;
  readonly engine: CountedEngine;
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
    const service = new EncryptionService(options, keys);
    encryption.guardBy({
      admit: (next, selection) => keys.admit(next, selection),
      changed: () => service.#rewriter.request(0),
    });
    if (keys.noted.length > 0) service.#rewriter.request();
    return service;
  }

  /** Walks now, or waits for the walk that runs. */
  rewrite(): Promise<void> {
    return this.#rewriter.walk();
  }

  /** Counts everything: reads and decrypts all records. */
  async status(): Promise<EncryptionStatus> {
    const { encryption, store, engine, stored, clock } = this.#options;
    const writers = new Map(
      encryption.encryption.resources.map(({ resource, keys }) => [resource, keys[0]?.form ?? encryption.ownForm]),
    );
    const configured = new Set([encryption.ownForm, ...encryption.encryption.keys.map(({ form }) => form)]);
    const stateOf = (form: string, writes: boolean): KeyState =>
      writes ? "writes" : configured.has(form) ? "reads" : "missing";
    const known = [...configured, ...this.#keys.noted.map(({ form }) => form)];
    const counts = await takeCensus(engine, resourceNames(stored), known);
    const resources = counts.map((count) => ({
      ...count,
      state: stateOf(count.form, count.form === (writers.get(count.resource) ?? encryption.ownForm)),
    }));
    const writing = new Set([encryption.ownForm, ...writers.values()]);
    const forms = new Set([...known, ...counts.map(({ form }) => form)]);
    const keys = Array.from(forms, (form) => keyStatus(form, counts, stateOf(form, writing.has(form))));
    return {
      time: new Date(clock.now()).toISOString(),
      revision: await store.currentRevision(),
      file: encryption.file,
      problem: encryption.problem,
      resources,
      keys,
      rewrite: this.#rewriter.progress,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rewriter[Symbol.asyncDispose]();
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

function keyStatus(form: string, counts: readonly FormCount[], state: KeyState): KeyStatus {
  const own = counts.filter((count) => count.form === form);
  const sum = (field: "records" | "bytes" | "superseded") => own.reduce((total, count) => total + count[field], 0);
  const [records, superseded] = [sum("records"), sum("superseded")];
  const removable = state !== "writes" && records === 0 && superseded === 0;
  return { form, state, records, bytes: sum("bytes"), superseded, removable };
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
  return new EncryptionRewriter({
    store,
    clock,
    onRewritten: (records) => rewritten.inc(records),
    async onWalked(walk) {
      unreadable.set(walk.unreadable);
      const { seen, rewritten: records } = walk;
      if (records > 0) log.info("Encrypted records again", { seen, rewritten: records });
      if (walk.unreadable > 0) log.warn("Records do not open by any provider", { records: walk.unreadable });
      return await walked();
    },
    onError: (error) => log.error("Records could not be encrypted again; trying once more in a minute", error),
  });
}
