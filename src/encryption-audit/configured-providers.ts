/**
 * Which providers an EncryptionConfiguration has for a resource, by the names of their keys. The keys are not looked at, and what upstream
 * would refuse in them is not for us to say: the file is that of a cluster which runs.
 *
 * Source: kubernetes/apiserver pkg/apis/apiserver/v1/types_encryption.go, pkg/server/options/encryptionconfig/config.go.
 */
import { keyProviders } from "../crypto/providers/provider-prefix.ts";
import type { ProviderConfiguration } from "../crypto/encryption-configuration/encryption-configuration.ts";
import { readEncryptionConfiguration } from "../crypto/encryption-configuration/parse-encryption-configuration.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { isEncryptable } from "./registry-resource.ts";
import type { StoredForm } from "./stored-form.ts";

/** What a provider writes, or reads, with one of its keys. */
export type ConfiguredForm = Pick<StoredForm, "provider" | "version" | "key">;

/** Its providers and their keys in the order of the file: the first writes, all are read. */
export interface ConfiguredProviders {
  of(resource: string): readonly ConfiguredForm[];
}

const identity: readonly ConfiguredForm[] = [{ provider: "identity" }];

/** Raises `invalid` with the field, and never with what is in it, for a file that is no EncryptionConfiguration. */
export function readConfiguredProviders(text: string): ConfiguredProviders {
  const entries = filled(readEncryptionConfiguration(text).resources, "resources");
  const byRule = new Map<string, ConfiguredForm[]>();
  for (const [index, { resources, providers }] of entries.entries()) {
    const place = `resources[${index}]`;
    const forms = filled(providers, `${place}.providers`).flatMap((each, at) =>
      formsOf(each, `${place}.providers[${at}]`),
    );
    for (const [at, name] of filled(resources, `${place}.resources`).entries()) {
      const rule = named(name, `${place}.resources[${at}]`);
      byRule.set(rule, [...(byRule.get(rule) ?? []), ...forms]);
    }
  }
  return {
    of(resource) {
      const rule = isEncryptable(resource) ? rulesFor(resource).find((each) => byRule.has(each)) : undefined;
      return (rule === undefined ? undefined : byRule.get(rule)) ?? identity;
    },
  };
}

/** The resource itself, its group, everything: the first that the file has decides. */
function rulesFor(resource: string): readonly string[] {
  const dot = resource.indexOf(".");
  return [resource, dot < 0 ? "*." : `*${resource.slice(dot)}`, "*.*"];
}

function formsOf(provider: ProviderConfiguration, place: string): ConfiguredForm[] {
  const set = Object.entries(provider).filter(([, settings]) => settings !== undefined);
  if (set.length !== 1) throw mustBe(place, "have one provider: identity, aescbc, aesgcm, secretbox or kms");
  const { kms } = provider;
  if (kms !== undefined) {
    return [{ provider: "kms", version: kms.apiVersion, key: named(kms.name, `${place}.kms.name`) }];
  }
  const withKeys = keyProviders.find((name) => provider[name] !== undefined);
  if (withKeys === undefined) return [...identity];
  const keys = filled(provider[withKeys]?.keys ?? [], `${place}.${withKeys}.keys`);
  return keys.map(({ name }, index) => {
    return { provider: withKeys, version: "v1", key: named(name, `${place}.${withKeys}.keys[${index}].name`) };
  });
}

function filled<T>(list: readonly T[], place: string): readonly T[] {
  if (list.length === 0) throw mustBe(place, "be a list of one or more");
  return list;
}

function named(text: string, place: string): string {
  if (text === "") throw mustBe(place, "be a name");
  return text;
}

function mustBe(place: string, rule: string): StrongroomError {
  return new StrongroomError("invalid", `the encryption configuration must be usable: ${place} must ${rule}`);
}
