/**
 * Encryption at rest as the operator has configured it: a file EncryptionConfiguration, looked at again each minute. A file that
 * became bad, or went away, changes nothing but a metric, the log and the health check `encryption-config`.
 *
 * Source: kubernetes/apiserver pkg/server/options/encryptionconfig/controller/controller.go.
 */
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { configuredEncryption, transformerSet } from "../crypto/encryption-configuration/configured-transformers.ts";
import type {
  ConfiguredEncryption,
  StoredResource,
} from "../crypto/encryption-configuration/configured-transformers.ts";
import type { KmsConfiguration } from "../crypto/encryption-configuration/encryption-configuration.ts";
import { parseEncryptionConfiguration } from "../crypto/encryption-configuration/parse-encryption-configuration.ts";
import { identityForm } from "../crypto/stored-form.ts";
import type { PrefixedTransformer } from "../crypto/transformer-chain.ts";
import type { TransformerSet } from "../crypto/transformer-set.ts";
import type { Transformer } from "../crypto/transformer.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import type { Clock, Timer } from "../store/clock.ts";
import type { TransformerSelection } from "../store/encrypted-store.ts";

/** As upstream polls. */
const pollMs = 60_000;
/** How soon everything is counted again for a file that lacks a key. */
const guardAgainMs = 10 * 60_000;
const readableByOthers = 0o044;

export interface EncryptionAtRestOptions {
  /** An absolute path; undefined: the envelope of this server for everything. */
  readonly file: string | undefined;
  readonly own: PrefixedTransformer;
  /** As `ConfiguredBy` has it. */
  readonly fingerprint: (key: Uint8Array) => string;
  readonly stored: readonly StoredResource[];
  readonly clock: Clock;
  readonly reports: EncryptionReports;
  /** Opens the provider of a plugin; one whose plugin is away is opened too. */
  readonly openKms: (configuration: KmsConfiguration) => Promise<PluginProvider>;
}

/** A provider that asks a plugin. */
export interface PluginProvider extends PrefixedTransformer, Disposable {
  /** Raises `unavailable` unless its plugin was well when it was last asked. */
  check(): void;
}

/** Who may refuse a configuration, and hears of one that is in force. */
export interface KeyGuard {
  /** Raises `invalid` when records need a key that `next` lacks; `selection` is what would be in force. */
  admit(next: ConfiguredEncryption, selection: TransformerSelection): Promise<void>;
  changed(): void;
}

/** What is told of the file after the start. */
export interface EncryptionReports {
  reloaded(summary: readonly string[]): void;
  /** Each time that it is looked at and cannot be used. */
  refused(error: unknown): void;
}

interface Loaded {
  readonly hash: string;
  readonly plugins: readonly PluginProvider[];
  /** After how long nothing can still be asked of these plugins, once others are in force. */
  readonly retireMs: number;
  readonly encryption: ConfiguredEncryption;
  readonly warnings: readonly string[];
}

const nothing: Loaded = {
  hash: "",
  plugins: [],
  retireMs: 0,
  encryption: { resources: [], keys: [] },
  warnings: [],
};

export class EncryptionAtRest implements TransformerSelection, AsyncDisposable {
  readonly #options: EncryptionAtRestOptions;
  #loaded: Loaded;
  #set: TransformerSet;
  /** Configurations of before, whose keys read until nothing is left under them. */
  #former: Loaded[] = [];
  #guard: KeyGuard | undefined;
  #refusal: unknown;
  /** What the guard refused last; it is not asked about the same each minute, since it reads everything. */
  #guarded: { readonly hash: string; readonly error: unknown; readonly atMs: number } | undefined;
  #timer: Timer | undefined;
  #looking: Promise<void> = Promise.resolve();
  #disposed = false;
  readonly #retired = new Map<Loaded, Timer>();

  private constructor(options: EncryptionAtRestOptions, loaded: Loaded) {
    this.#options = options;
    this.#loaded = loaded;
    this.#set = transformerSet(loaded.encryption, options.own);
  }

  /** Raises `invalid` for a file that cannot be used, with its path and every problem. */
  static async open(options: EncryptionAtRestOptions): Promise<EncryptionAtRest> {
    const { file } = options;
    const opened = new EncryptionAtRest(options, file === undefined ? nothing : await load(file, options));
    if (file !== undefined) opened.#pollLater(file);
    return opened;
  }

  /** How each resource is encrypted that there is a rule for. */
  get encryption(): ConfiguredEncryption {
    return this.#loaded.encryption;
  }

  transformerFor(key: string): Transformer {
    return this.#set.transformerFor(key);
  }

  /** The file that is followed. */
  get file(): string | undefined {
    return this.#options.file;
  }

  /** The envelope of this server, which writes what no rule is for. */
  get own(): PrefixedTransformer {
    return this.#options.own;
  }

  /** Why the file is not what is in force; undefined when it is. */
  get problem(): string | undefined {
    if (this.#refusal === undefined) return undefined;
    return this.#refusal instanceof StrongroomError ? this.#refusal.message : "the file cannot be used";
  }

  /** From here on no configuration comes in force without the guard. What is in force is the caller's to check. */
  guardBy(guard: KeyGuard): void {
    this.#guard = guard;
  }

  /** What the configuration in force opens, without those of before. */
  withoutFormer(): TransformerSelection {
    return transformerSet(this.#loaded.encryption, this.#options.own);
  }

  /** Lets go of configurations of before: nothing is left under their keys. */
  settle(): void {
    for (const former of this.#former) this.#retire(former);
    this.#former = [];
    this.#set = transformerSet(this.#loaded.encryption, this.#options.own);
  }

  /** For the person who starts the server: which rule holds for what, and what a rule leaves open. */
  summary(): readonly string[] {
    return summaryOf(this.#loaded);
  }

  /** Raises while the file is not what is in force. */
  check(): void {
    if (this.#refusal === undefined) return;
    throw new StrongroomError("invalid", "the encryption configuration must be valid", { cause: this.#refusal });
  }

  /** Raises `unavailable` while a plugin is not well: what it has encrypted may not be readable, nor anything be written. */
  checkPlugins(): void {
    for (const plugin of this.#loaded.plugins) plugin.check();
  }

  /** Looks at the file now; resolves when what it says holds, or was refused. */
  look(): Promise<void> {
    const { file } = this.#options;
    if (file !== undefined && !this.#disposed) this.#looking = this.#looking.then(() => this.#lookAt(file));
    return this.#looking;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#timer?.cancel();
    await this.#looking;
    for (const [loaded, timer] of this.#retired) {
      timer.cancel();
      close(loaded.plugins);
    }
    for (const { plugins } of this.#former) close(plugins);
    close(this.#loaded.plugins);
  }

  async #lookAt(file: string): Promise<void> {
    const { reports, own } = this.#options;
    try {
      const loaded = await load(file, this.#options, this.#loaded.hash);
      if (loaded !== undefined) await this.#admit(file, loaded);
      this.#refusal = undefined;
      if (loaded === undefined) return;
      if (this.#disposed) return close(loaded.plugins);
      this.#former.push(this.#loaded);
      this.#loaded = loaded;
      this.#set = transformerSet(
        loaded.encryption,
        own,
        this.#former.map(({ encryption }) => encryption),
      );
      if (this.#guard === undefined) this.settle();
      reports.reloaded(summaryOf(loaded));
      this.#guard?.changed();
    } catch (error) {
      this.#refusal = error;
      if (!this.#disposed) reports.refused(error);
    }
  }

  async #admit(file: string, loaded: Loaded): Promise<void> {
    requireWell(loaded);
    try {
      await this.#askGuard(file, loaded);
    } catch (error) {
      close(loaded.plugins);
      throw error;
    }
  }

  async #askGuard(file: string, { hash, encryption }: Loaded): Promise<void> {
    const { clock, own } = this.#options;
    if (this.#guarded?.hash === hash && clock.now() - this.#guarded.atMs < guardAgainMs) throw this.#guarded.error;
    try {
      await this.#guard?.admit(encryption, transformerSet(encryption, own));
      this.#guarded = undefined;
    } catch (cause) {
      if (!(cause instanceof StrongroomError)) throw cause;
      const error = new StrongroomError(cause.code, `${file}: ${cause.message}`, { cause: cause.cause });
      this.#guarded = { hash, error, atMs: clock.now() };
      throw error;
    }
  }

  /** What is being read is read to its end with what was in force. */
  #retire(former: Loaded): void {
    const end = () => {
      this.#retired.delete(former);
      close(former.plugins);
    };
    this.#retired.set(former, this.#options.clock.after(former.retireMs, end));
  }

  #pollLater(file: string): void {
    if (this.#disposed) return;
    this.#timer = this.#options.clock.after(pollMs, () => void this.look().then(() => this.#pollLater(file)));
  }
}

type LoadOptions = Pick<EncryptionAtRestOptions, "stored" | "fingerprint" | "openKms">;

/** Undefined when its content is that of `knownHash`. */
async function load(file: string, options: LoadOptions): Promise<Loaded>;
async function load(file: string, options: LoadOptions, knownHash: string): Promise<Loaded | undefined>;
async function load(file: string, options: LoadOptions, knownHash?: string): Promise<Loaded | undefined> {
  const { stored, fingerprint, openKms } = options;
  const content = await readConfiguration(file);
  const hash = createHash("sha256").update(content).digest("hex");
  if (hash === knownHash) return undefined;
  const plugins: PluginProvider[] = [];
  let timeoutMs = 0;
  const open = async (kms: KmsConfiguration) => {
    const plugin = await openKms(kms);
    plugins.push(plugin);
    timeoutMs += kms.timeoutMs;
    return plugin;
  };
  try {
    const configuration = parseEncryptionConfiguration(content.toString("utf8"));
    const encryption = await configuredEncryption(configuration, stored, { openKms: open, fingerprint });
    return { hash, plugins, retireMs: 2 * timeoutMs, encryption, warnings: await warningsOf(file, encryption) };
  } catch (error) {
    close(plugins);
    if (!(error instanceof StrongroomError)) throw error;
    throw new StrongroomError(error.code, `${file}: ${error.message}`, { cause: error.cause });
  } finally {
    content.fill(0);
  }
}

/** A running server takes no plugins that are not there; it looks at the file again in a minute. */
function requireWell({ plugins }: Loaded): void {
  try {
    for (const plugin of plugins) plugin.check();
  } catch (error) {
    close(plugins);
    throw error;
  }
}

function close(plugins: readonly PluginProvider[]): void {
  for (const plugin of plugins) plugin[Symbol.dispose]();
}

async function readConfiguration(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    const must = `the encryption configuration ${file} must be readable`;
    throw new StrongroomError("invalid", must, { cause });
  }
}

async function warningsOf(file: string, { resources }: ConfiguredEncryption): Promise<readonly string[]> {
  const { mode } = await stat(file);
  const clear = resources.filter(({ keys: [writer] }) => writer?.form === identityForm);
  return [
    ...((mode & readableByOthers) === 0
      ? []
      : [`Warning: ${file} holds keys and can be read by others: chmod 600 it.`]),
    ...(clear.length === 0
      ? []
      : [
          `Warning: NOT ENCRYPTED at rest, as ${file} asks for: ${clear.map(({ resource }) => resource).join(", ")}. ` +
            "Whoever has the disk can read and change them.",
        ]),
  ];
}

function summaryOf({ encryption, warnings }: Loaded): readonly string[] {
  const rules = encryption.resources.map(({ resource, keys: [writer] }) => `${resource} by ${writer?.form ?? ""}`);
  return [...(rules.length === 0 ? [] : [`encryption ${rules.join(", ")}; all else by strongroom`]), ...warnings];
}
