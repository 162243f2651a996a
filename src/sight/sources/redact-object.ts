/**
 * Objects for a dump that leaves the house: what says who reaches what, and nothing that could be a value.
 *
 * It is a list of what is kept where values are usual (Secrets, ConfigMaps, containers, operators), and elsewhere the whole
 * specification, less whatever looks like a credential.
 */
import { credentialIn } from "../credentials/credential-in.ts";
import { workloadKinds } from "../facts/facts.ts";
import type { FactKind } from "../facts/facts.ts";
import { secretsReferredBy } from "../facts/referrer-facts.ts";
import { field, fieldNames, listField, textField } from "../facts/json-fields.ts";

/** An object after `withoutValues`, as it may be kept. Of values of Secrets only their sizes stay. */
export function redactObject(kind: FactKind, decoded: unknown): unknown {
  const head = {
    apiVersion: field(decoded, "apiVersion"),
    kind: field(decoded, "kind"),
    metadata: redactMetadata(field(decoded, "metadata")),
  };
  return { ...head, ...contentOf(kind, decoded) };
}

function contentOf(kind: FactKind, decoded: unknown): Readonly<Record<string, unknown>> {
  switch (kind) {
    case "Secret":
      return redactSecret(decoded);
    case "ConfigMap":
    case "ControllerRevision":
    case "CustomResourceDefinition":
    case "Node":
    case "Namespace":
      return {}; // name and labels say it all, or all that may be said
    case "CertificateSigningRequest":
      return {
        spec: { signerName: field(decoded, "spec", "signerName") },
        status: { certificate: field(decoded, "status", "certificate") },
      };
    case "SecretStore":
    case "ClusterSecretStore":
    case "PushSecret":
    case "Issuer":
    case "ClusterIssuer":
    case "Certificate":
    case "VaultAuth":
    case "VaultConnection":
    case "Gateway": {
      // What they are told beside may be anything: only the Secrets that they name stay.
      const named = secretsReferredBy(kind, decoded, textField(decoded, "metadata", "namespace"));
      return { spec: { references: named.map((secretRef) => ({ secretRef })) } };
    }
    case "SecretLink":
      return { spec: field(decoded, "spec"), status: { phase: field(decoded, "status", "phase") } };
    case "SealedSecret":
      return { spec: { template: { metadata: { name: field(decoded, "spec", "template", "metadata", "name") } } } };
    case "SecretProviderClass":
      return {
        spec: {
          provider: field(decoded, "spec", "provider"),
          secretObjects: field(decoded, "spec", "secretObjects"),
          parameters: { objects: field(decoded, "spec", "parameters", "objects") },
        },
      };
    default:
      return workloadKinds.some((each) => each === kind)
        ? { spec: redactPodSpecs(field(decoded, "spec")) }
        : rest(decoded);
  }
}

/** Whatever else an object has, such as the rules of a role. What it is at the moment says nothing of rights. */
function rest(decoded: unknown): Readonly<Record<string, unknown>> {
  if (typeof decoded !== "object" || decoded === null) return {};
  const {
    apiVersion: _version,
    kind,
    metadata: _metadata,
    status: _status,
    ...content
  } = decoded as Readonly<Record<string, unknown>>; // an object
  // Names in rules may look like anything.
  return String(kind).includes("Role")
    ? content
    : (withoutCredentials(content, "") as Readonly<Record<string, unknown>>); // an object, as before
}

function redactSecret(decoded: unknown): Readonly<Record<string, unknown>> {
  const sizes = (part: string) => {
    const entries = fieldNames(decoded, part).map((key) => [
      key,
      { sizeBytes: field(decoded, part, key, "sizeBytes") },
    ]);
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  return {
    type: field(decoded, "type"),
    immutable: field(decoded, "immutable"),
    data: sizes("data"),
    stringData: sizes("stringData"),
    repeatsValues: field(decoded, "repeatsValues"),
    seen: field(decoded, "seen"),
  };
}

function redactMetadata(metadata: unknown): unknown {
  return {
    name: field(metadata, "name"),
    namespace: field(metadata, "namespace"),
    creationTimestamp: field(metadata, "creationTimestamp"),
    labels: field(metadata, "labels"),
    annotations: redactAnnotations(metadata),
    ownerReferences: field(metadata, "ownerReferences"),
  };
}

/** Switches, and what names namespaces or accounts. */
const keptAnnotations = /^(?:kubernetes\.io\/service-account\.name|(?:reflector|replicator)\.v1\.[a-z0-9.]+\/[a-z-]+)$/;
const switches = /^(?:true|false|internal|internet-facing|enabled|disabled|0\.0\.0\.0\/0)$/i;

/** All names, and values that can be no secrets. */
function redactAnnotations(metadata: unknown): Readonly<Record<string, string>> | undefined {
  const names = fieldNames(metadata, "annotations");
  if (names.length === 0) return undefined;
  const entries = names.map((name): [string, string] => {
    const value = textField(metadata, "annotations", name);
    return [name, keptAnnotations.test(name) || switches.test(value) ? value : ""];
  });
  return Object.fromEntries(entries);
}

/** Of containers, what holds values or commands; of volumes, what drivers are told. */
const leftOut: ReadonlySet<string> = new Set([
  "command",
  "args",
  "lifecycle",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "volumeAttributes",
  "options",
]);

const depthMax = 64;

function redactPodSpecs(value: unknown, depth = 0): unknown {
  if (depth > depthMax || typeof value !== "object" || value === null) return depth > depthMax ? undefined : value;
  if (Array.isArray(value)) return value.map((item) => redactPodSpecs(item, depth + 1));
  const entries = Object.entries(value as Readonly<Record<string, unknown>>).flatMap(
    ([name, each]): [string, unknown][] => {
      if (leftOut.has(name)) return [];
      if (name === "env") return [[name, listField({ env: each }, "env").map(redactVariable)]];
      if (name === "metadata") return [[name, redactMetadata(each)]];
      return [[name, redactPodSpecs(each, depth + 1)]];
    },
  );
  return Object.fromEntries(entries);
}

function redactVariable(variable: unknown): unknown {
  return { name: field(variable, "name"), valueFrom: field(variable, "valueFrom") };
}

/** A second net: texts that look like credentials go, whatever they are. */
function withoutCredentials(value: unknown, name: string, depth = 0): unknown {
  if (typeof value === "string") return credentialIn(value, name) === undefined ? value : "";
  if (depth > depthMax || typeof value !== "object" || value === null) return depth > depthMax ? undefined : value;
  if (Array.isArray(value)) return value.map((item) => withoutCredentials(item, name, depth + 1));
  const entries = Object.entries(value as Readonly<Record<string, unknown>>); // an object
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutCredentials(each, key, depth + 1)]));
}
