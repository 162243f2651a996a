/**
 * Where the values of Secrets end: what passes here has names of keys, sizes and, if asked for, keyed fingerprints.
 *
 * Whoever decodes an object calls this before anything else sees it.
 */
import { examineObject } from "../examination/examine-object.ts";
import type { CredentialIdentity } from "../facts/credential-identity.ts";
import { releasedSecrets } from "../facts/helm-release.ts";
import { field, fieldNames, textField } from "../facts/json-fields.ts";
import type { RenderedSecret } from "../facts/rendered-secrets.ts";
import type { SecretMaterial } from "../facts/secret-material.ts";

/** What stands for a value. */
export interface StrippedValue {
  readonly sizeBytes: number;
  /** "" where none was asked for. */
  readonly fingerprint: string;
  /** What kind of credential it is, and whose, where that was asked for. */
  readonly credential: string | undefined;
  readonly identity: CredentialIdentity | undefined;
}

/** Other places of a Secret that repeat its values, such as the annotation of `kubectl apply`, are left out too. */
const keptAnnotations = /^(?:kubernetes\.io\/service-account\.name|(?:reflector|replicator)\.v1\.[a-z0-9.]+\/[a-z-]+)$/;
const keptLabels = /^(?:kubernetes\.io\/legacy-token-invalid-since|sealedsecrets\.bitnami\.com\/sealed-secrets-key)$/;
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/**
 * A Secret with what stands for its values ({@link StrippedValue}), and with its name, type, age, account, and what says
 * who may have copies of it only; any other object as it is. With `material`, also of which kind its values are, and which
 * Secrets are in it when it is a Helm release.
 */
export function withoutValues(value: unknown, material?: SecretMaterial): unknown {
  if (textField(value, "kind") !== "Secret") return value;
  return {
    apiVersion: field(value, "apiVersion"),
    kind: "Secret",
    type: field(value, "type"),
    immutable: field(value, "immutable"),
    metadata: {
      name: field(value, "metadata", "name"),
      namespace: field(value, "metadata", "namespace"),
      resourceVersion: field(value, "metadata", "resourceVersion"),
      creationTimestamp: field(value, "metadata", "creationTimestamp"),
      labels: kept(value, "labels", keptLabels),
      annotations: kept(value, "annotations", keptAnnotations),
    },
    data: stripped(value, "data", "base64", material),
    stringData: stripped(value, "stringData", "utf8", material),
    repeatsValues:
      field(value, "repeatsValues") === true ||
      /"(?:data|stringData)":\{"/.test(textField(value, "metadata", "annotations", lastApplied)),
    ...(field(value, "seen") === "metadata" && { seen: "metadata" }),
    released: material === undefined ? undefined : releasedOf(value, material),
    examined: material === undefined ? undefined : examineObject(value),
  };
}

const nothingKnown = { fingerprint: "", credential: undefined, identity: undefined };

function stripped(
  value: unknown,
  name: string,
  encoding: "base64" | "utf8",
  material: SecretMaterial | undefined,
): Readonly<Record<string, StrippedValue>> {
  const entries = fieldNames(value, name).map((key): [string, StrippedValue] => {
    const size = field(value, name, key, "sizeBytes");
    // Of a dump that has no values, as sight collect makes it.
    if (typeof size === "number") return [key, { ...nothingKnown, sizeBytes: size }];
    const bytes = Buffer.from(textField(value, name, key), encoding);
    const { credential, identity } = material?.mark(key, bytes.toString("utf8")) ?? {};
    const print = material?.fingerprint(bytes) ?? "";
    return [key, { sizeBytes: bytes.length, fingerprint: print, credential, identity }];
  });
  return Object.fromEntries(entries);
}

function kept(value: unknown, part: "labels" | "annotations", form: RegExp): Readonly<Record<string, string>> {
  const names = fieldNames(value, "metadata", part).filter((name) => form.test(name));
  return Object.fromEntries(names.map((name) => [name, textField(value, "metadata", part, name)]));
}

function releasedOf(value: unknown, material: SecretMaterial): readonly RenderedSecret[] | undefined {
  if (textField(value, "type") !== "helm.sh/release.v1") return undefined;
  const stored = Buffer.from(textField(value, "data", "release"), "base64").toString("latin1");
  return releasedSecrets(stored || textField(value, "stringData", "release"), material);
}
