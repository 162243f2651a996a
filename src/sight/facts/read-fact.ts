/** Objects of Kubernetes, of whatever origin, to facts. */
import type { PolicyRule } from "../../access/rbac/policy-rule.ts";
import { factKinds, workloadKinds } from "./facts.ts";
import type {
  BindingFact,
  Fact,
  FactKind,
  LabelSelector,
  RoleFact,
  RuleFact,
  SecretFact,
  SecretValueFact,
} from "./facts.ts";
import { field, fieldNames, flagField, listField, textField, textMapField, textsField } from "./json-fields.ts";
import type { Provenance } from "./provenance.ts";
import { readWorkload } from "./read-workload.ts";

/** An object that was read, and where its parts are. */
export interface ReadObject {
  readonly value: unknown;
  readonly at: Provenance;
  /** The place of a part; that of the object where positions are not known. */
  readonly placeOf: (path: readonly (string | number)[]) => Provenance;
}

/** The API groups of the kinds; versions do not matter for the fields that are read. */
const groups: Readonly<Record<string, readonly string[]>> = {
  "rbac.authorization.k8s.io": ["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"],
  apps: ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"],
  extensions: ["Deployment", "DaemonSet", "ReplicaSet"],
  batch: ["Job", "CronJob"],
  "": ["ServiceAccount", "Pod", "ReplicationController", "Node", "Namespace", "Secret"],
};

const clusterKinds: ReadonlySet<string> = new Set(["ClusterRole", "ClusterRoleBinding", "Node", "Namespace"]);
const accountAnnotation = "kubernetes.io/service-account.name";
const tokenType = "kubernetes.io/service-account-token";

/** The kind of fact an object is; undefined for a kind that is not looked at. */
export function factKindOf(apiVersion: string, kind: string): FactKind | undefined {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  if (!Object.hasOwn(groups, group) || groups[group]?.includes(kind) !== true) return undefined;
  return factKinds.find((known) => known === kind);
}

/**
 * The fact an object is, or a sentence that says what it lacks. An object without a namespace is taken to be in
 * `default`, as kubectl takes it.
 */
export function readFact(kind: FactKind, read: ReadObject): Fact | string {
  const name = field(read.value, "metadata", "name");
  if (typeof name !== "string" || name === "") return `${kind} must have a name that is text`;
  const written = field(read.value, "metadata", "namespace") ?? "";
  if (typeof written !== "string") return `${kind} must have a namespace that is text`;
  const namespace = clusterKinds.has(kind) ? "" : written || "default";
  const place = { namespace, name, at: read.at };
  const workload = workloadKinds.find((known) => known === kind);
  if (workload !== undefined) return { kind: workload, ...place, ...readWorkload(workload, read.value) };
  switch (kind) {
    case "Role":
    case "ClusterRole":
      return { kind, ...place, ...readRole(kind, read) };
    case "RoleBinding":
    case "ClusterRoleBinding":
      return { kind, ...place, ...readBinding(read.value) };
    case "ServiceAccount":
      return { kind, ...place, automount: flagField(read.value, "automountServiceAccountToken") };
    case "Secret":
      return { kind, ...place, ...readSecret(read.value) };
    case "Node":
    case "Namespace":
      return { kind, ...place };
    default:
      throw new TypeError(`a workload must have been read: ${kind}`);
  }
}

function readRole(kind: string, { value, placeOf }: ReadObject): Pick<RoleFact, "rules" | "labels" | "aggregates"> {
  const rules = listField(value, "rules").map((rule, index): RuleFact => ({
    rule: readRule(rule),
    number: index + 1,
    at: placeOf(["rules", index]),
  }));
  const selectors = kind === "Role" ? [] : listField(value, "aggregationRule", "clusterRoleSelectors");
  return { rules, labels: textMapField(value, "metadata", "labels"), aggregates: selectors.map(readSelector) };
}

function readRule(rule: unknown): PolicyRule {
  return {
    verbs: textsField(rule, "verbs"),
    apiGroups: textsField(rule, "apiGroups"),
    resources: textsField(rule, "resources"),
    resourceNames: textsField(rule, "resourceNames"),
    nonResourceURLs: textsField(rule, "nonResourceURLs"),
  };
}

function readSelector(selector: unknown): LabelSelector {
  return {
    labels: textMapField(selector, "matchLabels"),
    expressions: listField(selector, "matchExpressions").map((expression) => ({
      key: textField(expression, "key"),
      operator: textField(expression, "operator"),
      values: textsField(expression, "values"),
    })),
  };
}

function readBinding(value: unknown): Pick<BindingFact, "roleRef" | "subjects"> {
  return {
    roleRef: { kind: textField(value, "roleRef", "kind"), name: textField(value, "roleRef", "name") },
    subjects: listField(value, "subjects").map((subject) => ({
      kind: textField(subject, "kind"),
      name: textField(subject, "name"),
      namespace: textField(subject, "namespace"),
    })),
  };
}

type SecretContent = Omit<SecretFact, "kind" | "namespace" | "name" | "at">;

function readSecret(value: unknown): SecretContent {
  const type = textField(value, "type") || "Opaque";
  const keys = [...new Set([...fieldNames(value, "data"), ...fieldNames(value, "stringData")])].sort();
  const tokenOf = type === tokenType ? textField(value, "metadata", "annotations", accountAnnotation) : "";
  const createdAt = textField(value, "metadata", "creationTimestamp");
  const values = keys.map((key) => valueFact(field(value, "stringData", key) ?? field(value, "data", key)));
  return { type, keys, tokenOf, ...(createdAt !== "" && { createdAt }), values };
}

/** Of what stands for the value since it was decoded. */
function valueFact(stripped: unknown): SecretValueFact {
  const sizeBytes = field(stripped, "sizeBytes");
  return {
    sizeBytes: typeof sizeBytes === "number" ? sizeBytes : 0,
    fingerprint: textField(stripped, "fingerprint"),
  };
}
