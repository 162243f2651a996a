/** Objects of operators by which secrets are made, copied or opened. */
import { field, flagField, listField, textField, textsField } from "./json-fields.ts";
import type { ObjectFact } from "./object-fact.ts";

export const syncKinds = ["ExternalSecret", "VaultStaticSecret", "SecretProviderClass", "SealedSecret"] as const;
export type SyncKind = (typeof syncKinds)[number];

/** Something that makes a Secret out of what lies elsewhere. */
export interface SyncFact extends ObjectFact<SyncKind> {
  /** Names of the Secrets it makes, in its namespace. */
  readonly targets: readonly string[];
  /** What they are made of, each as a name that is the same for the same thing: store and place in it. */
  readonly origins: readonly string[];
}

/** A kind of object of the cluster itself, by `resource.group`. */
export type CustomResourceFact = ObjectFact<"CustomResourceDefinition">;

type Content<Fact> = Omit<Fact, "kind" | "namespace" | "name" | "at">;

/** What an object of one of the kinds makes. `namespace` and `name` are its own. */
export function readSync(kind: SyncKind, value: unknown, place: { readonly namespace: string; readonly name: string }) {
  switch (kind) {
    case "ExternalSecret":
      return readExternalSecret(value, place);
    case "VaultStaticSecret":
      return readVaultStaticSecret(value);
    case "SecretProviderClass":
      return readProviderClass(value);
    case "SealedSecret":
      return { targets: [textField(value, "spec", "template", "metadata", "name") || place.name], origins: [] };
    default:
      return kind satisfies never;
  }
}

/** Source: external-secrets apis/externalsecrets: a store of the namespace is another than one of the cluster. */
function readExternalSecret(
  value: unknown,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Content<SyncFact> {
  const storeOf = (ref: unknown) => {
    const kind = textField(ref, "kind") || "SecretStore";
    return `${kind} ${kind === "SecretStore" ? `${namespace}/` : ""}${textField(ref, "name")}`;
  };
  const store = storeOf(field(value, "spec", "secretStoreRef"));
  const single = listField(value, "spec", "data").map((each) => {
    const own = field(each, "sourceRef", "storeRef");
    return { store: own === undefined ? store : storeOf(own), remote: field(each, "remoteRef") };
  });
  const whole = listField(value, "spec", "dataFrom").map((each) => ({ store, remote: field(each, "extract") }));
  const origins = [...single, ...whole].flatMap(({ store: from, remote }) => {
    const key = textField(remote, "key");
    return key === "" ? [] : [[from, key, textField(remote, "property")].join(" ").trim()];
  });
  return { targets: [textField(value, "spec", "target", "name") || name], origins };
}

/** Source: vault-secrets-operator api/v1beta1. */
function readVaultStaticSecret(value: unknown): Content<SyncFact> {
  const [mount, path] = [textField(value, "spec", "mount"), textField(value, "spec", "path")];
  const target = textField(value, "spec", "destination", "name");
  const origin = ["vault", textField(value, "spec", "namespace"), mount, path].filter((word) => word !== "").join(" ");
  return { targets: target === "" ? [] : [target], origins: path === "" ? [] : [origin] };
}

/** Source: secrets-store-csi-driver apis/v1: the objects are a text that each provider reads in its own way. */
function readProviderClass(value: unknown): Content<SyncFact> {
  const provider = textField(value, "spec", "provider");
  const made = listField(value, "spec", "secretObjects");
  const written = textField(value, "spec", "parameters", "objects");
  const names = Array.from(
    written.matchAll(/(?:objectName|secretPath|resourceName):\s*["']?([^\s"']+)/g),
    (found) => found[1],
  );
  return {
    targets: made.flatMap((each) => textField(each, "secretName") || []),
    origins: names.map((name) => `${provider} ${name}`),
  };
}

/** Who may have copies of a Secret by the controllers that copy on request. */
export interface CopyPermission {
  /** Of the controller, as its images are called. */
  readonly controller: "kubernetes-reflector" | "kubernetes-replicator";
  /** Regular expressions of namespaces that may ask for a copy; empty for all of them. */
  readonly namespaces: readonly string[];
}

/** Source: the readmes of emberstack/kubernetes-reflector and mittwald/kubernetes-replicator. */
export function copyPermissionOf(value: unknown): CopyPermission | undefined {
  const annotation = (name: string) => textField(value, "metadata", "annotations", name);
  const list = (text: string) => text.split(",").flatMap((each) => each.trim() || []);
  if (annotation("reflector.v1.k8s.emberstack.com/reflection-allowed") === "true") {
    const namespaces = list(annotation("reflector.v1.k8s.emberstack.com/reflection-allowed-namespaces"));
    return { controller: "kubernetes-reflector", namespaces };
  }
  if (annotation("replicator.v1.mittwald.de/replication-allowed") === "true") {
    const namespaces = list(annotation("replicator.v1.mittwald.de/replication-allowed-namespaces"));
    return { controller: "kubernetes-replicator", namespaces };
  }
  return undefined;
}

/** Names of the secrets that are for pulling images of an account's pods. */
export function pullSecretsOf(account: unknown): readonly string[] {
  return listField(account, "imagePullSecrets").flatMap((each) => textField(each, "name") || []);
}

/** Whether a persistent volume is a folder of a node, and which. */
export function hostFolderOf(volume: unknown): { readonly path: string; readonly readOnly: boolean } | undefined {
  const path = textField(volume, "spec", "hostPath", "path") || textField(volume, "spec", "local", "path");
  const modes = textsField(volume, "spec", "accessModes");
  const readOnly = modes.length > 0 && modes.every((mode) => mode === "ReadOnlyMany");
  return path === ""
    ? undefined
    : { path, readOnly: readOnly || flagField(volume, "spec", "hostPath", "readOnly") === true };
}
