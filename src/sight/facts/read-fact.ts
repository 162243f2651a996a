/** Objects of Kubernetes, of whatever origin, to facts. */
import type { PolicyRule } from "../../access/rbac/policy-rule.ts";
import { examineObject } from "../examination/examine-object.ts";
import { nothingSeen, placed } from "../examination/observation.ts";
import type { Examination } from "../examination/observation.ts";
import { factNamespace } from "./fact-kind.ts";
import { workloadKinds } from "./facts.ts";
import type { AccountFact, BindingFact, Fact, FactKind, LabelSelector, RoleFact, RuleFact } from "./facts.ts";
import { field, flagField, listField, textField, textMapField, textsField } from "./json-fields.ts";
import { pullSecretsOf } from "./operator-facts.ts";
import type { Provenance } from "./provenance.ts";
import { readFurther } from "./read-further.ts";
import { readSecret } from "./read-secret.ts";
import { readWorkload } from "./read-workload.ts";
import { SecretMaterial } from "./secret-material.ts";

/** An object that was read, and where its parts are. */
export interface ReadObject {
  readonly value: unknown;
  readonly at: Provenance;
  /** The place of a part; that of the object where positions are not known. */
  readonly placeOf: (path: readonly (string | number)[]) => Provenance;
}

/** The fact an object is, or a sentence that says what it lacks. */
export function readFact(kind: FactKind, read: ReadObject, material = SecretMaterial.ofThisProcess()): Fact | string {
  const name = field(read.value, "metadata", "name");
  if (typeof name !== "string" || name === "") return `${kind} must have a name that is text`;
  const written = field(read.value, "metadata", "namespace") ?? "";
  if (typeof written !== "string") return `${kind} must have a namespace that is text`;
  // No namespace has one, and by lines things are told apart (graph/graph-node.ts).
  if (written.includes("\n")) return `${kind} must have a namespace of one line`;
  const examined = placed(examinationOf(kind, read.value), read.placeOf);
  const place = { namespace: factNamespace(kind, written), name, at: read.at, ...(examined && { examined }) };
  const workload = workloadKinds.find((known) => known === kind);
  if (workload !== undefined) return { kind: workload, ...place, ...readWorkload(workload, read.value, material) };
  switch (kind) {
    case "Role":
    case "ClusterRole":
      return { kind, ...place, ...readRole(kind, read) };
    case "RoleBinding":
    case "ClusterRoleBinding":
      return { kind, ...place, ...readBinding(read.value) };
    case "ServiceAccount":
      return { kind, ...place, ...readAccount(read.value) };
    case "Secret":
      return { kind, ...place, ...readSecret(read.value) };
    default:
      return readFurther(kind, place, read.value, material);
  }
}

function readAccount(value: unknown): Pick<AccountFact, "automount" | "secrets"> {
  const tokens = listField(value, "secrets").flatMap((each) => textField(each, "name") || []);
  const secrets = [...new Set([...tokens, ...pullSecretsOf(value)])];
  const automount = flagField(value, "automountServiceAccountToken");
  return { automount, ...(secrets.length > 0 && { secrets }) };
}

/** Of a Secret, it was made before its values were taken out. */
function examinationOf(kind: FactKind, value: unknown): Examination {
  if (kind !== "Secret") return examineObject(value);
  return (field(value, "examined") ?? nothingSeen) as Examination; // put there by withoutValues
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
