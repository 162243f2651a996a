/** What one could do with a secret, from 0 to 1: by what its owner says, its content, its type, its names. */
import type { FactSet } from "../facts/fact-set.ts";
import type { SecretFact } from "../facts/facts.ts";
import type { SecretName } from "../graph/security-graph.ts";
import { wordsOf } from "../credentials/names-of-credentials.ts";
import type { Sensitivity } from "./risk-model.ts";

/** What an owner knows better: the first rule that fits counts. `*` in a pattern is any text. */
export interface SensitivityRule {
  /** Patterns of the namespace and of the name; undefined for any. */
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly sensitivity: number;
}

export const unknownSensitivity = 0.5;

const byType: ReadonlyMap<string, readonly [value: number, because: string]> = new Map([
  ["kubernetes.io/tls", [0.8, "the private key of a TLS certificate"]],
  ["kubernetes.io/ssh-auth", [0.7, "a private key of SSH"]],
  ["kubernetes.io/dockerconfigjson", [0.8, "a login to a registry of images"]],
  ["kubernetes.io/dockercfg", [0.8, "a login to a registry of images"]],
  ["kubernetes.io/service-account-token", [0.6, "a token of an account that does not expire"]],
  ["bootstrap.kubernetes.io/token", [1, "a token by which nodes join"]],
  ["helm.sh/release.v1", [0.6, "a release of Helm holds the values of what it rendered"]],
]);

/** By the rule of a credential that was found in it. */
const byCredential: ReadonlyMap<string, readonly [value: number, because: string]> = new Map([
  ["kubeconfig", [0.9, "a kubeconfig with a credential"]],
  ["service-account-token", [0.8, "a token of an account"]],
  ["private-key", [0.8, "a private key"]],
  ["age-key", [1, "a key that opens whatever is encrypted for it"]],
  ["aws-access-key", [0.9, "a key of AWS"]],
  ["azure-client-secret", [0.9, "a client secret of Azure"]],
  ["azure-storage-key", [0.9, "an account key of Azure"]],
  ["vault-token", [0.9, "a token of Vault"]],
  ["stripe-live-key", [0.9, "a live key of payments"]],
  ["registry-login", [0.8, "a login to a registry of images"]],
  ["password-in-url", [0.7, "a URL with a password"]],
]);

const production: ReadonlySet<string> = new Set(["prod", "production", "live", "prd"]);
const development: ReadonlySet<string> = new Set([
  "dev",
  "development",
  "test",
  "testing",
  "sandbox",
  "demo",
  "ci",
  "preview",
]);
const precious: ReadonlySet<string> = new Set(
  "db database postgres postgresql mysql mariadb mongo mongodb oracle sql payment payments billing stripe bank card cards ledger".split(
    " ",
  ),
);
const publicKeys = /^(?:ca\.crt|ca\.pem|ca-bundle\.crt|root-cert\.pem|tls-ca-bundle\.pem|.*\.pub)$/;

/** Of a secret; of several facts of one name, the highest. Nothing that is unknown makes it lower than `unknownSensitivity`. */
export function sensitivityOfSecret(
  facts: FactSet,
  { namespace, name }: SecretName,
  rules: readonly SensitivityRule[] = [],
): Sensitivity {
  const rule = rules.find((each) => fits(each.namespace, namespace) && fits(each.name, name));
  if (rule !== undefined) return { value: rule.sensitivity, because: "by the rule of its owner", unknown: [] };
  const found = facts.named("Secret", namespace, name).filter((fact): fact is SecretFact => fact.kind === "Secret");
  if (found.length === 0) {
    const unknown = ["what is in the secret: the source does not have it"];
    return { ...byNames({ namespace, name }, [unknownSensitivity, "an unknown secret"]), unknown };
  }
  const judged = found.map((fact) => ofFact(fact));
  return judged.reduce((worst, each) => (each.value > worst.value ? each : worst));
}

function ofFact(fact: SecretFact): Sensitivity {
  if (fact.opensSealed === true) return { value: 1, because: "the key that opens every SealedSecret", unknown: [] };
  const examined = (fact.values ?? []).some(({ fingerprint }) => fingerprint !== "");
  const candidates = [
    byType.get(fact.type),
    ...(fact.values ?? []).map(({ credential }) => byCredential.get(credential ?? "")),
  ];
  const known = candidates.filter((each) => each !== undefined).sort((a, b) => b[0] - a[0])[0];
  if (known === undefined && examined && fact.keys.length > 0 && fact.keys.every((key) => publicKeys.test(key))) {
    return { value: 0.05, because: "nothing but public certificates and keys", unknown: [] };
  }
  const { value, because } = byNames(
    fact,
    known ?? [unknownSensitivity, `of type ${fact.type || "unknown"}, whose content says no more`],
  );
  return { value, because, unknown: examined ? [] : ["what is in the secret: its values were not read"] };
}

/** Names are hints: of production and what is precious there, of places for trying things out. */
function byNames(
  { namespace, name }: SecretName,
  [value, because]: readonly [number, string],
): { readonly value: number; readonly because: string } {
  const place = wordsOf(namespace);
  const words = [...place, ...wordsOf(name)];
  if (words.some((word) => production.has(word)) && words.some((word) => precious.has(word))) {
    return value >= 0.9
      ? { value, because }
      : { value: 0.9, because: "by its name, of a database or of payments in production" };
  }
  // A key or a login opens what it opens, wherever it lies.
  if (value <= unknownSensitivity && place.some((word) => development.has(word))) {
    return { value: 0.3, because: "by its namespace, for trying things out" };
  }
  return { value, because };
}

function fits(pattern: string | undefined, text: string): boolean {
  if (pattern === undefined) return true;
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return text === pattern;
  if (!text.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}

/** The more identities or places accept a value, the more it opens: a tenth for each ten times as many, up to 1. */
export function withFanOut(sensitivity: Sensitivity, places: number): Sensitivity {
  if (places < 2) return sensitivity;
  const value = Math.min(1, sensitivity.value + 0.1 * Math.log10(places));
  return { ...sensitivity, value, because: `${sensitivity.because}; the same value is in ${places} places` };
}
