/** What may keep a pod from being what somebody wants it to be, beside Pod Security. */
import { fieldNames, listField, textField, textsField } from "./json-fields.ts";
import type { ObjectFact } from "./object-fact.ts";

/** Objects by which policy engines refuse pods; of Gatekeeper, a constraint of any kind. */
export const policyKinds = [
  "ValidatingAdmissionPolicy",
  "ValidatingAdmissionPolicyBinding",
  "ClusterPolicy",
  "Policy",
  "ValidatingPolicy",
  "Constraint",
] as const;
export type PolicyKind = (typeof policyKinds)[number];

export interface PolicyFact extends ObjectFact<PolicyKind> {
  /** Whether it refuses; one that only warns or reports stops nobody. */
  readonly enforces: boolean;
  /** Whether it looks at pods or at what makes pods. */
  readonly concernsPods: boolean;
  /** Of a binding, the policy it puts to work; "" for others. */
  readonly policyName: string;
  /** Namespaces it is limited to, or is not for; labels are not looked at. */
  readonly namespaces: readonly string[];
  readonly exceptNamespaces: readonly string[];
}

type Content = Omit<PolicyFact, "kind" | "namespace" | "name" | "at">;

const podWords =
  /^(?:\*|\*\/\*|pods(?:\/.*)?|deployments|statefulsets|daemonsets|replicasets|jobs|cronjobs|replicationcontrollers)$/i;
const podKinds = /^(?:\*|Pod|Deployment|StatefulSet|DaemonSet|ReplicaSet|Job|CronJob|ReplicationController)$/;
const everywhere = { policyName: "", namespaces: [], exceptNamespaces: [] };

/** What a policy of any of the kinds is. */
export function readPolicy(kind: PolicyKind, value: unknown, namespace: string): Content {
  switch (kind) {
    case "ValidatingAdmissionPolicy":
    case "ValidatingPolicy":
      return {
        ...everywhere,
        enforces: kind === "ValidatingAdmissionPolicy" || deniesByActions(value),
        ...matched(value),
      };
    case "ValidatingAdmissionPolicyBinding":
      return {
        ...everywhere,
        enforces: deniesByActions(value),
        concernsPods: false,
        policyName: textField(value, "spec", "policyName"),
      };
    case "ClusterPolicy":
    case "Policy":
      return { ...everywhere, ...readKyverno(value), namespaces: namespace === "" ? [] : [namespace] };
    case "Constraint":
      return readConstraint(value);
    default:
      return kind satisfies never;
  }
}

function deniesByActions(value: unknown): boolean {
  return textsField(value, "spec", "validationActions").includes("Deny");
}

function matched(value: unknown): Pick<Content, "concernsPods"> {
  const rules = listField(value, "spec", "matchConstraints", "resourceRules");
  const resources = rules.flatMap((rule) => textsField(rule, "resources"));
  return { concernsPods: resources.some((resource) => podWords.test(resource)) };
}

/** Source: kyverno api/kyverno/v1: a rule matches kinds under `match`, `match.any` and `match.all`. */
function readKyverno(value: unknown): Pick<Content, "enforces" | "concernsPods"> {
  const rules = listField(value, "spec", "rules").filter((rule) => fieldNames(rule, "validate").length > 0);
  const actions = [
    textField(value, "spec", "validationFailureAction"),
    ...rules.map((rule) => textField(rule, "validate", "failureAction")),
  ];
  const kinds = rules.flatMap((rule) =>
    [rule, ...listField(rule, "match", "any"), ...listField(rule, "match", "all")].flatMap((each) => [
      ...textsField(each, "resources", "kinds"),
      ...textsField(each, "match", "resources", "kinds"),
    ]),
  );
  return {
    enforces: actions.some((action) => /^enforce$/i.test(action)),
    concernsPods: kinds.some((kind) => podKinds.test(kind.slice(kind.lastIndexOf("/") + 1))),
  };
}

/** Source: gatekeeper, constraints: they deny unless another action is given, and match everything where nothing is. */
function readConstraint(value: unknown): Content {
  const kinds = listField(value, "spec", "match", "kinds").flatMap((each) => textsField(each, "kinds"));
  return {
    policyName: "",
    enforces: (textField(value, "spec", "enforcementAction") || "deny") === "deny",
    concernsPods: kinds.length === 0 || kinds.some((kind) => podKinds.test(kind)),
    namespaces: textsField(value, "spec", "match", "namespaces"),
    exceptNamespaces: textsField(value, "spec", "match", "excludedNamespaces"),
  };
}
