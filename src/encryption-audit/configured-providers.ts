/**
 * Which providers an EncryptionConfiguration has for a resource, by the names of their keys. The keys are not looked at, and what upstream
 * would refuse in them is not for us to say: the file is that of a cluster which runs.
 *
 * Source: kubernetes/apiserver pkg/apis/apiserver/v1/types_encryption.go, pkg/server/options/encryptionconfig/config.go.
 */
import { parseDocument } from "yaml";
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
  const document = parseDocument(text, { version: "1.1", merge: true, prettyErrors: false });
  const [problem] = document.errors;
  // Its message would quote the file.
  if (problem !== undefined) throw mustBe(`line ${text.slice(0, problem.pos[0]).split("\n").length}`, "be valid YAML");
  const root = mapping(document.toJS({ maxAliasCount: 100 }), "the file");
  if (root["kind"] !== "EncryptionConfiguration") throw mustBe("the file", "be an EncryptionConfiguration");
  const byRule = new Map<string, ConfiguredForm[]>();
  for (const [index, entry] of list(root["resources"], "resources").entries()) {
    const place = `resources[${index}]`;
    const { resources, providers } = mapping(entry, place);
    const forms = list(providers, `${place}.providers`).flatMap((each, at) => {
      return formsOf(each, `${place}.providers[${at}]`);
    });
    for (const [at, name] of list(resources, `${place}.resources`).entries()) {
      const rule = filledText(name, `${place}.resources[${at}]`);
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

function formsOf(value: unknown, place: string): ConfiguredForm[] {
  const [[name, settings] = ["", undefined], ...more] = Object.entries(mapping(value, place));
  if (more.length > 0) throw mustBe(place, "have one provider");
  const within = `${place}.${name}`;
  switch (name) {
    case "identity":
      return [...identity];
    case "kms": {
      const { apiVersion = "v1", name: key } = mapping(settings, within);
      return [
        {
          provider: "kms",
          version: filledText(apiVersion, `${within}.apiVersion`),
          key: filledText(key, `${within}.name`),
        },
      ];
    }
    case "aescbc":
    case "aesgcm":
    case "secretbox":
      return list(mapping(settings, within)["keys"], `${within}.keys`).map((each, index) => {
        const key = filledText(mapping(each, `${within}.keys[${index}]`)["name"], `${within}.keys[${index}].name`);
        return { provider: name, version: "v1", key };
      });
    default:
      throw mustBe(place, "have a provider of Kubernetes: identity, aescbc, aesgcm, secretbox or kms");
  }
}

function mapping(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw mustBe(place, "be a mapping");
  return Object.fromEntries(Object.entries(value));
}

function list(value: unknown, place: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0) throw mustBe(place, "be a list of one or more");
  return value;
}

function filledText(value: unknown, place: string): string {
  if (typeof value !== "string" || value === "") throw mustBe(place, "be a text");
  return value;
}

function mustBe(place: string, rule: string): StrongroomError {
  return new StrongroomError("invalid", `the encryption configuration must be usable: ${place} must ${rule}`);
}
