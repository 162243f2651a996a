/**
 * Every rule that upstream has for the file, with its text, so that what is known of them holds here too.
 *
 * Source: kubernetes/apiserver pkg/apis/apiserver/validation/validation_encryption.go, with reload on (names of KMS
 * providers are unique); pkg/server/options/encryptionconfig/config.go for what an earlier rule hides.
 */
import { keyProviders } from "../providers/provider-prefix.ts";
import type { KeyProvider } from "../providers/provider-prefix.ts";
import { invalid, required } from "./configuration-problem.ts";
import type { ConfigurationProblem } from "./configuration-problem.ts";
import { decodeKey } from "./decode-key.ts";
import type {
  EncryptionConfiguration,
  KmsConfiguration,
  NamedKey,
  ProviderConfiguration,
} from "./encryption-configuration.ts";
import { formatGroupResource, parseGroupResource } from "./resource-name.ts";
import { validateKms } from "./validate-kms.ts";

/** Names are part of every record; upstream has no bound. */
const keyNameBytesMax = 253;

const keyLengths = { aescbc: [16, 24, 32], aesgcm: [16, 24, 32], secretbox: [32] } as const satisfies Record<
  KeyProvider,
  readonly number[]
>;

/** What of a valid provider is refused all the same, with its field. */
export type RefuseKms = (kms: KmsConfiguration, field: string) => ConfigurationProblem | undefined;

/** What is wrong with it; empty for a file that may be used. */
export function validateEncryptionConfiguration(
  { resources }: EncryptionConfiguration,
  refuse: RefuseKms,
): readonly ConfigurationProblem[] {
  if (resources.length === 0) return [required("resources", "at least one resources is required")];
  const kmsNames = new Set<string>();
  const problems = resources.flatMap((entry, index) => {
    const names = `resources[${index}].resources`;
    const providers = `resources[${index}].providers`;
    return [
      ...atLeastOne(entry.resources, names),
      ...validateOverlap(entry.resources, names),
      ...entry.resources.flatMap((name, at) => validateName(name, `${names}[${at}]`)),
      ...atLeastOne(entry.providers, providers),
      ...entry.providers.flatMap((provider, at) => validateProvider(provider, `${providers}[${at}]`, kmsNames)),
    ];
  });
  if (problems.length > 0) return problems;
  const masking = validateMasking(resources.flatMap((entry) => entry.resources));
  return masking.length > 0 ? masking : plugins(resources, refuse);
}

/** Last, so that what is wrong with the file is told before what this server cannot do. */
function plugins(resources: EncryptionConfiguration["resources"], refuse: RefuseKms): readonly ConfigurationProblem[] {
  return resources.flatMap(({ providers }, index) =>
    providers.flatMap(({ kms }, at) => {
      const field = `resources[${index}].providers[${at}].kms`;
      return (kms === undefined ? undefined : refuse(kms, field)) ?? [];
    }),
  );
}

function atLeastOne(list: readonly unknown[], field: string): readonly ConfigurationProblem[] {
  return list.length > 0 ? [] : [required(field, `at least one ${field} is required`)];
}

function validateOverlap(names: readonly string[], field: string): readonly ConfigurationProblem[] {
  const parsed = names.map(parseGroupResource);
  const same = (a: number, b: number) =>
    parsed[a]?.group === parsed[b]?.group && parsed[a]?.resource === parsed[b]?.resource;
  const pairs = names.flatMap((_, a) => names.flatMap((__, b) => (a === b ? [] : [[a, b] as const])));
  const overlaps = ([a, b]: readonly [number, number]) => {
    if (parsed[a]?.group === "*" && parsed[a].resource === "*") return true;
    return parsed[a]?.group === parsed[b]?.group && (parsed[a]?.resource === "*" || parsed[b]?.resource === "*");
  };
  const firstSame = pairs.findIndex(([a, b]) => same(a, b));
  // As upstream goes through the pairs: the first pair of equals is a duplicate and no overlap.
  const overlap = pairs.some((pair, index) => index !== firstSame && overlaps(pair));
  return [
    ...(firstSame >= 0 ? [invalid(field, names, "the same resource cannot be specified multiple times")] : []),
    ...(overlap ? [invalid(field, names, overlapText)] : []),
  ];
}

const overlapText =
  "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked";

const withoutApi: ReadonlySet<string> = new Set([
  "apiserveripinfo",
  "serviceipallocations",
  "servicenodeportallocations",
]);

function validateName(name: string, field: string): readonly ConfigurationProblem[] {
  const detail = nameProblem(name);
  return detail === undefined ? [] : [invalid(field, name, detail)];
}

function nameProblem(name: string): string | undefined {
  const { group, resource } = parseGroupResource(name);
  if (name.toLowerCase() !== name) return "resource name should not contain capital letters";
  if (name === "*") return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources";
  if (withoutApi.has(name)) return "resources which do not have REST API/s cannot be encrypted";
  if (group === "events.k8s.io") {
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file";
  }
  if (group === "extensions") return "'extensions' group has been removed and cannot be used for encryption";
  if (group === "*" && resource !== "*") return "encrypting the same resource across groups is not supported";
  return undefined;
}

function validateProvider(
  provider: ProviderConfiguration,
  field: string,
  kmsNames: Set<string>,
): readonly ConfigurationProblem[] {
  const problems = validateAlone(provider, field);
  if (provider.kms !== undefined) {
    problems.push(...validateKms(provider.kms, `${field}.kms`, kmsNames));
    kmsNames.add(provider.kms.name);
    return problems;
  }
  const name = (["aesgcm", "aescbc", "secretbox"] as const).find((candidate) => provider[candidate] !== undefined);
  const keys = name === undefined ? undefined : provider[name]?.keys;
  if (name === undefined || keys === undefined) return problems;
  return [...problems, ...validateKeys(keys, `${field}.${name}.keys`, keyLengths[name])];
}

/** Upstream shows the provider here, keys included; we do not. */
function validateAlone(provider: ProviderConfiguration, field: string): ConfigurationProblem[] {
  const found = [...keyProviders, "kms" as const, "identity" as const].filter((name) => provider[name] !== undefined);
  if (found.length === 1) return [];
  const detail =
    found.length === 0
      ? "provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity"
      : "more than one provider specified in a single element, should split into different list elements";
  return [invalid(field, "REDACTED", detail)];
}

function validateKeys(
  keys: readonly NamedKey[],
  field: string,
  lengths: readonly number[],
): readonly ConfigurationProblem[] {
  if (keys.length === 0) return [required(field, "at least one keys is required")];
  return keys.flatMap((key, index) => validateKey(key, `${field}[${index}]`, lengths));
}

function validateKey(key: NamedKey, field: string, lengths: readonly number[]): readonly ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  if (key.name === "") problems.push(required(`${field}.name`, "name is a mandatory field for a key"));
  if (Buffer.byteLength(key.name) > keyNameBytesMax) {
    problems.push(invalid(`${field}.name`, key.name, `must have at most ${keyNameBytesMax} bytes`));
  }
  const secretField = `${field}.secret`;
  if (key.secret.reveal() === "") return [...problems, required(secretField, "secret is a mandatory field for a key")];
  const bytes = decodeKey(key.secret);
  if (bytes === undefined) return [...problems, invalid(secretField, "REDACTED", "secrets must be base64 encoded")];
  const { length } = bytes;
  bytes.fill(0);
  if (lengths.includes(length)) return problems;
  const detail = `secret is not of the expected length, got ${length}, expected one of [${lengths.join(" ")}]`;
  return [...problems, invalid(secretField, "REDACTED", detail)];
}

/** A rule for all of a group, or for everything, leaves nothing to the rules after it. Upstream names the first. */
function validateMasking(names: readonly string[]): readonly ConfigurationProblem[] {
  const wildcards = new Set<string>();
  for (const name of names) {
    const { group, resource } = parseGroupResource(name);
    const text = formatGroupResource({ group, resource });
    const ofGroup = formatGroupResource({ group, resource: "*" });
    const masking = [ofGroup, "*.*"].find((wildcard) => wildcards.has(wildcard));
    if (masking !== undefined) return [`resource "${text}" is masked by earlier rule "${masking}"`];
    if (resource === "*") wildcards.add(text);
  }
  return [];
}
