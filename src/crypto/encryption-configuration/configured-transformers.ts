import { aesCbcTransformer } from "../providers/aes-cbc.ts";
import { aesGcmTransformer } from "../providers/aes-gcm.ts";
import { identityTransformer } from "../providers/identity.ts";
import { keyProviders } from "../providers/provider-prefix.ts";
import type { KeyProvider } from "../providers/provider-prefix.ts";
import { secretboxTransformer } from "../providers/secretbox.ts";
import { TransformerChain } from "../transformer-chain.ts";
import type { PrefixedTransformer } from "../transformer-chain.ts";
import { TransformerSet } from "../transformer-set.ts";
import { formOfPrefix, identityForm } from "../stored-form.ts";
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

/** A key of a configuration, or a provider without one, with what it does. */
export interface ConfiguredKey {
  /** What its records say of themselves: `aescbc:v1:key1`, `kms:v2:vault`; `identity` for those that say nothing. */
  readonly form: string;
  /** The form, and a digest that tells it from another key of the same name. */
  readonly id: string;
  readonly transformer: PrefixedTransformer;
}

/** How a resource is encrypted. */
export interface ResourceEncryption {
  /** `secrets`, `deployments.apps`. */
  readonly resource: string;
  readonly places: readonly string[];
  /** The first writes. */
  readonly keys: readonly ConfiguredKey[];
}

export interface ConfiguredEncryption {
  readonly resources: readonly ResourceEncryption[];
  /** Of all rules, in their order, those for resources that are not stored included. */
  readonly keys: readonly ConfiguredKey[];
}

export interface ConfiguredBy {
  readonly openKms: OpenKms;
  /** A short digest of a key that says nothing about it to whoever does not have it. */
  readonly fingerprint: (key: Uint8Array) => string;
}

/**
 * Those of `stored` that the configuration has a rule for, each with its keys. The rule for the resource wins over that for
 * its group, and that over the one for everything; the providers of several rules for one resource are put one after the other.
 * The configuration must be valid. Raises what `openKms` raises.
 *
 * Source: kubernetes/apiserver pkg/server/options/encryptionconfig/config.go.
 */
export async function configuredEncryption(
  configuration: EncryptionConfiguration,
  stored: readonly StoredResource[],
  by: ConfiguredBy,
): Promise<ConfiguredEncryption> {
  const byRule = new Map<string, ConfiguredKey[]>();
  const all: ConfiguredKey[] = [];
  for (const { resources, providers } of configuration.resources) {
    const keys: ConfiguredKey[] = [];
    for (const provider of providers) keys.push(...(await keysOf(provider, by)));
    all.push(...keys);
    for (const name of resources) {
      const rule = formatGroupResource(parseGroupResource(name));
      byRule.set(rule, [...(byRule.get(rule) ?? []), ...keys]);
    }
  }
  const encrypted = stored.flatMap(({ group, resource, places }) => {
    const rules = [
      { group, resource },
      { group, resource: "*" },
      { group: "*", resource: "*" },
    ].map(formatGroupResource);
    const keys = rules.map((rule) => byRule.get(rule)).find((found) => found !== undefined);
    return keys === undefined ? [] : [{ resource: formatGroupResource({ group, resource }), places, keys }];
  });
  return { resources: encrypted, keys: all };
}

/**
 * The transformer set of a server. `own` is its own envelope, which writes whatever no rule is for; there it is read with every
 * key of the configuration too, so that a rule can be taken back: its keys go to a rule for a resource that is not stored.
 * Where there is a rule, its providers are asked first and `own` last, so that records of before the rule stay readable.
 * Configurations of before, `retiring`, only read, each what it was for.
 */
export function transformerSet(
  configured: ConfiguredEncryption,
  own: PrefixedTransformer,
  retiring: readonly ConfiguredEncryption[] = [],
): TransformerSet {
  const everywhere = [configured, ...retiring].flatMap(({ keys }) => keys.filter(({ form }) => form !== identityForm));
  const withoutRule = [own, ...everywhere.map(({ transformer }) => transformer)];
  const places = new Set(
    [configured, ...retiring].flatMap(({ resources }) => resources.flatMap((rule) => rule.places)),
  );
  const chains = Array.from(places, (place) => {
    const transformers = [...(transformersAt(configured, place) ?? withoutRule)];
    for (const former of retiring) transformers.push(...(transformersAt(former, place) ?? []));
    return [place, chainOf([...transformers, own])] as const;
  });
  return new TransformerSet(chainOf(withoutRule), new Map(chains));
}

function transformersAt(
  { resources }: ConfiguredEncryption,
  place: string,
): readonly PrefixedTransformer[] | undefined {
  return resources.find(({ places }) => places.includes(place))?.keys.map(({ transformer }) => transformer);
}

function chainOf([writer, ...readers]: readonly PrefixedTransformer[]): TransformerChain {
  if (writer === undefined) throw new TypeError("a rule of a valid configuration has a provider");
  return new TransformerChain(writer, ...readers);
}

async function keysOf(provider: ProviderConfiguration, by: ConfiguredBy): Promise<ConfiguredKey[]> {
  if (provider.identity !== undefined) return [keyOf(identityTransformer, "")];
  if (provider.kms !== undefined) return [keyOf(await by.openKms(provider.kms), "")];
  for (const name of keyProviders) {
    const keys = provider[name]?.keys;
    if (keys !== undefined) return await Promise.all(keys.map((key) => localKey(name, key, by)));
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

async function localKey(
  provider: KeyProvider,
  { name, secret }: NamedKey,
  { fingerprint }: ConfiguredBy,
): Promise<ConfiguredKey> {
  const key = decodeKey(secret);
  if (key === undefined) throw new TypeError("a key of a valid configuration is base64");
  try {
    return keyOf(await makers[provider](name, key), `#${fingerprint(key)}`);
  } finally {
    key.fill(0);
  }
}

function keyOf(transformer: PrefixedTransformer, digest: string): ConfiguredKey {
  const form = formOfPrefix(transformer.prefix);
  return { form, id: `${form}${digest}`, transformer };
}
