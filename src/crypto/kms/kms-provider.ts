/**
 * The provider `kms` (v2) of EncryptionConfiguration: records are encrypted with a seed that a plugin has wrapped, and go on being
 * readable without it.
 *
 *     status   ok, key a      ok, key a     (away)  (away) (away)      ok, key b
 *     seed     1 ----------------------------------------|             2 ----------
 *     writes   --------------------------------- 3 min -->| refused     ----------
 *     reads    -----------------------------------------------------------------
 *
 * Records are upstream's to the byte, so they are bound to their key alone and not to their revision.
 *
 * Source: kubernetes/apiserver pkg/server/options/encryptionconfig/config.go (kmsv2PluginProbe), KEP-3299.
 */
import { equalSecrets } from "../constant-time.ts";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import { keyIdBytesMax } from "../kms-v2/encrypted-object.ts";
import { keyIdDigest } from "../kms-v2/key-id-of-record.ts";
import type { WrappedSeed } from "../kms-v2/key-management-service.ts";
import { KmsV2Transformer } from "../kms-v2/kms-v2-transformer.ts";
import type { PrefixedTransformer } from "../transformer-chain.ts";
import type { Opened, TransformContext } from "../transformer.ts";
import type { KmsPlugin, KmsStatus } from "./kms-plugin-client.ts";

/** For how long after the last good status its seed may be written with. */
export const writableMs = 3 * 60_000;
/** How soon the plugin is asked again, when it was well and when not. */
export const pollMsWell = 60_000;
export const pollMsUnwell = 10_000;

/** Time that does not jump. */
export interface KmsClock {
  now(): number;
  after(delayMs: number, action: () => void): { cancel(): void };
}

export interface KmsProviderOptions {
  /** As in the configuration; part of each record's prefix. */
  readonly name: string;
  readonly plugin: KmsPlugin & Disposable;
  readonly clock: KmsClock;
  readonly reports: KmsReports;
}

/** What is told of a provider. */
export interface KmsReports {
  /** A seed was made under this key. */
  seedMade(name: string, keyId: string): void;
  /** The plugin named this key in its status. */
  statusTaken(name: string, keyId: string): void;
  /** It is not well, and was before; or for another reason. */
  failed(name: string, error: unknown): void;
  well(name: string): void;
}

export class KmsProvider implements PrefixedTransformer, Disposable {
  readonly #options: KmsProviderOptions;
  readonly #transformer: KmsV2Transformer;
  #writableUntil = -Infinity;
  #failure: unknown = new StrongroomError("unavailable", "the KMS plugin must have told its status");
  #checking: Promise<void> | undefined;
  #timer: { cancel(): void } | undefined;
  #disposed = false;

  private constructor(options: KmsProviderOptions) {
    this.#options = options;
    this.#transformer = new KmsV2Transformer(options.name, {
      encrypt: (seed) => options.plugin.encrypt(seed),
      decrypt: (wrapped) => this.#decrypt(wrapped),
    });
  }

  /**
   * Asks the plugin for the first time. One that is away is no failure: reads ask it when they need it, and writes raise `unavailable`
   * until it has told its status. Raises RangeError for a name that is no part of a prefix.
   */
  static async open(options: KmsProviderOptions): Promise<KmsProvider> {
    const provider = new KmsProvider(options);
    await provider.look();
    return provider;
  }

  get prefix(): Uint8Array {
    return this.#transformer.prefix;
  }

  get writeKeyId(): string | undefined {
    return this.#transformer.writeKeyId;
  }

  /** As in the configuration. */
  get name(): string {
    return this.#options.name;
  }

  /** Raises `unavailable` when the last good status is too long ago: whether the key was revoked since cannot be known. */
  toStorage(plaintext: Uint8Array, { key }: TransformContext): Uint8Array {
    if (this.#options.clock.now() >= this.#writableUntil) {
      const must = `the KMS plugin ${this.name} must have told within 3 minutes that its key may be used`;
      throw new StrongroomError("unavailable", must, { cause: this.#failure });
    }
    return this.#transformer.toStorage(plaintext, { key, revision: undefined });
  }

  fromStorage(stored: Uint8Array, { key }: TransformContext): Opened | Promise<Opened> {
    return this.#transformer.fromStorage(stored, { key, revision: undefined });
  }

  /** Raises `unavailable`, with the cause, unless the plugin was well when it was last asked. */
  check(): void {
    if (this.#failure === undefined) return;
    throw new StrongroomError("unavailable", `the KMS plugin ${this.name} must be well`, { cause: this.#failure });
  }

  /** Asks the plugin now; resolves when its answer counts, and never rejects. */
  look(): Promise<void> {
    this.#checking ??= this.#look().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  /** Asks no more, and ends the connection. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#timer?.cancel();
    this.#options.plugin[Symbol.dispose]();
  }

  /** A plugin that refuses what is under another key than its own may be another plugin under the same name. */
  async #decrypt(wrapped: WrappedSeed): Promise<Uint8Array> {
    try {
      return await this.#options.plugin.decrypt(wrapped);
    } catch (cause) {
      const [wanted, named] = [wrapped.keyId, this.writeKeyId];
      if (named === undefined || wanted === named) throw cause;
      const must = `the KMS plugin ${this.name} must decrypt what is under its key ${keyIdDigest(wanted)}`;
      const now = `it names the key ${keyIdDigest(named)} now, and does not: it may be another plugin, or have lost a key`;
      throw new StrongroomError("unavailable", `${must}; ${now}`, { cause });
    }
  }

  async #look(): Promise<void> {
    const { clock, reports } = this.#options;
    const startedAt = clock.now();
    try {
      const status = await this.#options.plugin.status();
      await this.#take(status);
      this.#writableUntil = startedAt + writableMs; // from before the question: what it says was not true later than that
      if (this.#failure !== undefined) reports.well(this.name);
      this.#failure = undefined;
    } catch (error) {
      const isNews = messageOf(error) !== messageOf(this.#failure);
      this.#failure = error;
      if (isNews && !this.#disposed) reports.failed(this.name, error);
    }
    if (this.#disposed) return;
    this.#timer?.cancel();
    this.#timer = clock.after(this.#failure === undefined ? pollMsWell : pollMsUnwell, () => void this.look());
  }

  async #take(status: KmsStatus): Promise<void> {
    checkStatus(status);
    const { keyId } = status;
    this.#options.reports.statusTaken(this.name, keyId);
    if (this.#transformer.writeKeyId === keyId) return;
    await this.#transformer.renewSeed(async (wrapped, seed) => {
      if (wrapped.keyId !== keyId) throw untrue("encrypt under the key of its status");
      // Upstream does without. What cannot be decrypted would be found at the next start, when it is lost.
      const back = await this.#options.plugin.decrypt(wrapped);
      const isSame = equalSecrets(back, seed);
      back.fill(0);
      if (!isSame) throw untrue("decrypt what it encrypted");
    });
    this.#options.reports.seedMade(this.name, keyId);
  }
}

/** What a status must be to be a good one. Upstream takes an id with a status that is not ok for another three minutes. */
function checkStatus({ version, healthz, keyId }: KmsStatus): void {
  if (version !== "v2" && version !== "v2beta1") throw untrue("be of version v2");
  if (healthz !== "ok") throw untrue(`say ok, not ${JSON.stringify(healthz.slice(0, 200))}`);
  const bytes = Buffer.byteLength(keyId);
  if (bytes === 0 || bytes > keyIdBytesMax) throw untrue(`name its key in 1 to ${keyIdBytesMax} bytes`);
}

function untrue(must: string): StrongroomError {
  return new StrongroomError("unavailable", `the KMS plugin must ${must}`);
}

function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? error.message : undefined;
}
