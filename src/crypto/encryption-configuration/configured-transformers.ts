import { aesCbcTransformer } from "../providers/aes-cbc.ts";
import { aesGcmTransformer } from "../providers/aes-gcm.ts";
import { identityTransformer } from "../providers/identity.ts";
import { keyProviders } from "../providers/provider-prefix.ts";
import type { KeyProvider } from "../providers/provider-prefix.ts";
import { secretboxTransformer } from "../providers/secretbox.ts";
import { TransformerChain } from "../transformer-chain.ts";
import type { PrefixedTransformer } from "../transformer-chain.ts";
import { TransformerSet } from "../transformer-set.ts";
import { decodeKey } from "./decode-key.ts";
import type {
  EncryptionConfiguration,
  KmsConfiguration,
  NamedKey,
  ProviderConfiguration,
} from "./encryption-configuration.ts";
import { formatGroupResource, parseGroupResource } from "./resource-name.ts";
import type { GroupResource } from "./resource-name.ts";

/** A resource with the places of its records in the store, such as `/registry/secrets/`. */
export interface StoredResource extends GroupResource {
  readonly places: readonly string[];
}

/** Makes the transformer of a provider that asks a plugin. */
export type OpenKms = (configuration: KmsConfiguration) => Promise<PrefixedTransformer>;

/** How a resource is encrypted. */
export interface ResourceEncryption {
  /** `secrets`, `deployments.apps`. */
  readonly resource: string;
  readonly places: readonly string[];
  /** The first writes. */
  readonly transformers: readonly PrefixedTransformer[];
}

export interface ConfiguredEncryption {
  readonly resources: readonly ResourceEncryption[];
  /** Of all rules, in their order, those for resources that are not stored included. */
  readonly transformers: readonly PrefixedTransformer[];
}

/**
 * Those of `stored` that the configuration has a rule for, each with its transformers. The rule for the resource wins over that for
 * its group, and that over the one for everything; the providers of several rules for one resource are put one after the other.
 * The configuration must be valid. Raises what `openKms` raises.
 *
 * Source: kubernetes/apiserver pkg/server/options/encryptionconfig/config.go.
 */
export async function configuredEncryption(
  configuration: EncryptionConfiguration,
  stored: readonly StoredResource[],
  openKms: OpenKms,
): Promise<ConfiguredEncryption> {
  const byRule = new Map<string, PrefixedTransformer[]>();
  const all: PrefixedTransformer[] = [];
  for (const { resources, providers } of configuration.resources) {
    const transformers: PrefixedTransformer[] = [];
    for (const provider of providers) transformers.push(...(await transformersOf(provider, openKms)));
    all.push(...transformers);
    for (const name of resources) {
      const rule = formatGroupResource(parseGroupResource(name));
      byRule.set(rule, [...(byRule.get(rule) ?? []), ...transformers]);
    }
  }
  const encrypted = stored.flatMap(({ group, resource, places }) => {
    const rules = [
      { group, resource },
      { group, resource: "*" },
      { group: "*", resource: "*" },
    ].map(formatGroupResource);
    const transformers = rules.map((rule) => byRule.get(rule)).find((found) => found !== undefined);
    return transformers === undefined
      ? []
      : [{ resource: formatGroupResource({ group, resource }), places, transformers }];
  });
  return { resources: encrypted, transformers: all };
}

/**
 * The transformer set of a server. `own` is its own envelope, which writes whatever no rule is for; there it is read with every
 * key of the configuration too, so that a rule can be taken back: its keys go to a rule for a resource that is not stored.
 * Where there is a rule, its providers are asked first and `own` last, so that records of before the rule stay readable.
 */
export function transformerSet(configured: ConfiguredEncryption, own: PrefixedTransformer): TransformerSet {
  const chains = configured.resources.flatMap(({ places, transformers: [writer = own, ...readers] }) => {
    const chain = new TransformerChain(writer, ...readers, own);
    return places.map((place) => [place, chain] as const);
  });
  const keys = configured.transformers.filter((transformer) => transformer !== identityTransformer);
  return new TransformerSet(new TransformerChain(own, ...keys), new Map(chains));
}

async function transformersOf(provider: ProviderConfiguration, openKms: OpenKms): Promise<PrefixedTransformer[]> {
  if (provider.identity !== undefined) return [identityTransformer];
  if (provider.kms !== undefined) return [await openKms(provider.kms)];
  for (const name of keyProviders) {
    const keys = provider[name]?.keys;
    if (keys !== undefined) return await Promise.all(keys.map((key) => keyTransformer(name, key)));
  }
  throw new TypeError("a provider of a valid configuration has one of the known forms");
}

const makers = {
  aescbc: aesCbcTransformer,
  aesgcm: aesGcmTransformer,
  secretbox: secretboxTransformer,
} as const satisfies Record<
  KeyProvider,
  (name: string, key: Uint8Array) => PrefixedTransformer | Promise<PrefixedTransformer>
>;

async function keyTransformer(provider: KeyProvider, { name, secret }: NamedKey): Promise<PrefixedTransformer> {
  const key = decodeKey(secret);
  if (key === undefined) throw new TypeError("a key of a valid configuration is base64");
  try {
    return await makers[provider](name, key);
  } finally {
    key.fill(0);
  }
}
