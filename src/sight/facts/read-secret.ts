/** Secrets, after their values were taken out, to facts. */
import type { SecretFact, SecretValueFact } from "./facts.ts";
import { field, fieldNames, textField } from "./json-fields.ts";
import { copyPermissionOf } from "./operator-facts.ts";
import type { RenderedSecret } from "./rendered-secrets.ts";
import type { CredentialIdentity } from "./credential-identity.ts";

const accountAnnotation = "kubernetes.io/service-account.name";
const tokenType = "kubernetes.io/service-account-token";

type SecretContent = Omit<SecretFact, "kind" | "namespace" | "name" | "at">;

/** What stands in the place of values is what the source put there (sources/secret-values.ts). */
export function readSecret(value: unknown): SecretContent {
  if (field(value, "seen") === "metadata") return readMetadata(value);
  const type = textField(value, "type") || "Opaque";
  const keys = [...new Set([...fieldNames(value, "data"), ...fieldNames(value, "stringData")])].sort();
  const tokenOf = type === tokenType ? textField(value, "metadata", "annotations", accountAnnotation) : "";
  const createdAt = textField(value, "metadata", "creationTimestamp");
  const values = keys.map((key) => valueFact(field(value, "stringData", key) ?? field(value, "data", key)));
  return { type, keys, tokenOf, ...(createdAt !== "" && { createdAt }), values, ...readTraits(value) };
}

/** The type is not in metadata; an account there makes it a token, as far as can be told. */
function readMetadata(value: unknown): SecretContent {
  const createdAt = textField(value, "metadata", "creationTimestamp");
  const tokenOf = textField(value, "metadata", "annotations", accountAnnotation);
  return {
    type: "",
    keys: [],
    tokenOf,
    seen: "metadata",
    ...(createdAt !== "" && { createdAt }),
    ...readTraits(value),
  };
}

/** Of what stands for the value since it was decoded. */
function valueFact(stripped: unknown): SecretValueFact {
  const sizeBytes = field(stripped, "sizeBytes");
  const credential = textField(stripped, "credential");
  const identity = field(stripped, "identity") as CredentialIdentity | undefined; // put there by withoutValues
  return {
    sizeBytes: typeof sizeBytes === "number" ? sizeBytes : 0,
    fingerprint: textField(stripped, "fingerprint"),
    ...(credential !== "" && { credential }),
    ...(identity !== undefined && { identity }),
  };
}

/** Source: k/k pkg/serviceaccount/legacy.go: a label ends a token; sealed-secrets marks its keys by one. */
function readTraits(value: unknown): Partial<SecretFact> {
  const labels = (name: string) => field(value, "metadata", "labels", name) !== undefined;
  const copies = copyPermissionOf(value);
  const released = field(value, "released") as readonly RenderedSecret[] | undefined; // put there by withoutValues
  return {
    ...(labels("kubernetes.io/legacy-token-invalid-since") && { tokenIsInvalid: true }),
    ...(labels("sealedsecrets.bitnami.com/sealed-secrets-key") && { opensSealed: true }),
    ...(field(value, "repeatsValues") === true && { repeatsValues: true }),
    ...(copies !== undefined && { copies }),
    ...(released !== undefined && { released }),
  };
}
