/** The keys of a cluster, from the EncryptionConfiguration of its kube-apiserver, to read its Secrets with. */
import { configuredEncryption } from "../crypto/encryption-configuration/configured-transformers.ts";
import type { KmsConfiguration } from "../crypto/encryption-configuration/encryption-configuration.ts";
import { parseEncryptionConfiguration } from "../crypto/encryption-configuration/parse-encryption-configuration.ts";
import { KmsPluginClient } from "../crypto/kms/kms-plugin-client.ts";
import type { KeyManagementService, WrappedSeed } from "../crypto/kms-v2/key-management-service.ts";
import { KmsV2Transformer } from "../crypto/kms-v2/kms-v2-transformer.ts";
import { identityTransformer } from "../crypto/providers/identity.ts";
import { TransformerChain } from "../crypto/transformer-chain.ts";
import type { PrefixedTransformer } from "../crypto/transformer-chain.ts";
import { startsWith } from "../crypto/starts-with.ts";
import { isStrongroomError, StrongroomError } from "../errors/strongroom-error.ts";

const secrets = { group: "", resource: "secrets", places: ["/registry/secrets/"] };
const rulesForSecrets: ReadonlySet<string> = new Set(["secrets", "*.", "*.*"]);

/** What a plugin of ours has on record for these calls; not the name of a server, which would need its keys from then on. */
const caller = "import-";

/** Reads values as the kube-apiserver would that has the configuration; without one, what is in the clear. */
export class ClusterKeys implements Disposable {
  readonly #providers: readonly PrefixedTransformer[];
  readonly #chain: TransformerChain;
  readonly #plugins: readonly Disposable[];

  private constructor(providers: readonly PrefixedTransformer[], plugins: readonly Disposable[]) {
    const [first, ...others] = providers;
    if (first === undefined) throw new TypeError("a rule of a valid configuration has a provider");
    this.#providers = providers;
    this.#chain = new TransformerChain(first, ...others);
    this.#plugins = plugins;
  }

  /**
   * `text` is the file; undefined where there is none. Asks each plugin that has keys of secrets for its status, so that one which is away
   * is told before anything is read. Raises `invalid` with the field, never with a key, and `unavailable`.
   */
  static async open(text: string | undefined): Promise<ClusterKeys> {
    if (text === undefined) return new ClusterKeys([identityTransformer], []);
    const { resources } = parseEncryptionConfiguration(text, "cluster");
    const rules = resources.filter((rule) => rule.resources.some((name) => rulesForSecrets.has(name)));
    const plugins: Disposable[] = [];
    try {
      const openKms = async (kms: KmsConfiguration) => {
        const { transformer, plugin } = await openedPlugin(kms);
        plugins.push(plugin);
        return transformer;
      };
      const { resources: found } = await configuredEncryption({ resources: rules }, [secrets], {
        openKms,
        fingerprint: () => "",
      });
      const providers = found[0]?.keys.map(({ transformer }) => transformer) ?? [identityTransformer];
      return new ClusterKeys(providers, plugins);
    } catch (error) {
      for (const plugin of plugins) plugin[Symbol.dispose]();
      throw error;
    }
  }

  /** Whether a provider has the name that the value begins with. */
  isFor(value: Uint8Array): boolean {
    return this.#providers.some(
      ({ prefix }) => startsWith(value, prefix) && (prefix.length > 0 || !isEncrypted(value)),
    );
  }

  /** Raises `corrupt` for what is not authentic, `unavailable` when a plugin does not give the seed. */
  async open(key: string, value: Uint8Array): Promise<Uint8Array> {
    return (await this.#chain.fromStorage(value, { key, revision: undefined })).plaintext;
  }

  [Symbol.dispose](): void {
    for (const plugin of this.#plugins) plugin[Symbol.dispose]();
  }
}

const encrypted = Buffer.from("k8s:enc:");

function isEncrypted(value: Uint8Array): boolean {
  return startsWith(value, encrypted);
}

async function openedPlugin({ apiVersion, name, endpoint, timeoutMs }: KmsConfiguration) {
  if (apiVersion !== "v2")
    return { transformer: unreadable(`k8s:enc:kms:v1:${name}:`), plugin: { [Symbol.dispose]() {} } };
  const plugin = new KmsPluginClient(endpoint, timeoutMs, caller);
  try {
    await plugin.status();
    return { transformer: new KmsV2Transformer(name, new Seeds(plugin)), plugin };
  } catch (error) {
    plugin[Symbol.dispose]();
    throw error;
  }
}

/** A provider of KMS v1 asks its plugin for every record, in a protocol that is not spoken here: what it wrote is named. */
function unreadable(prefix: string): PrefixedTransformer {
  const refuse = () => {
    throw new StrongroomError("sealed", "KMS v1 must be given up for KMS v2 first: its protocol is not spoken here");
  };
  return { prefix: Buffer.from(prefix), toStorage: refuse, fromStorage: refuse };
}

const refusalsMax = 10_000;

/** A seed that the plugin does not give is asked for once, and not for each of ten thousand records that need it. */
class Seeds implements KeyManagementService {
  readonly #plugin: KmsPluginClient;
  readonly #refused = new Map<string, unknown>();

  constructor(plugin: KmsPluginClient) {
    this.#plugin = plugin;
  }

  encrypt(): never {
    throw new TypeError("what is imported is only read");
  }

  async decrypt(wrapped: WrappedSeed): Promise<Uint8Array> {
    const name = `${wrapped.keyId}\0${Buffer.from(wrapped.ciphertext).toString("base64")}`;
    if (this.#refused.has(name)) throw this.#refused.get(name);
    try {
      return await this.#plugin.decrypt(wrapped);
    } catch (error) {
      if (isStrongroomError(error, "unavailable") && this.#refused.size < refusalsMax) this.#refused.set(name, error);
      throw error;
    }
  }
}
