/** One small valid object of every served kind, for tests that go over all of them. */
import type { Kind } from "../../src/doors/kubernetes/kinds/kind.ts";
import { kinds } from "../../src/doors/kubernetes/kinds/kinds.ts";
import { apiVersionOf } from "../../src/doors/kubernetes/response/encode-object.ts";

export interface KindExample {
  readonly kind: Kind;
  /** Path of the collection in the namespace `default`, or at the cluster scope. */
  readonly collection: string;
  /** The object under a name of the test's choice. */
  object(name: string): Record<string, unknown>;
  /** A merge patch that changes the object beside its metadata, as JSON. */
  readonly change: object;
}

const role = { rules: [{ verbs: ["get"], apiGroups: [""], resources: ["secrets"] }] };
const binding = { subjects: [{ kind: "User", name: "ann" }] };
const policy = { spec: { ...binding, deny: [{ names: ["never"] }] } };
const admissionRule = {
  apiGroups: ["example.com"],
  apiVersions: ["v1"],
  operations: ["CREATE"],
  resources: ["things"],
};
const admissionPolicy = {
  matchConstraints: { resourceRules: [admissionRule] },
  validations: [{ expression: "true" }],
};
const reference = { kind: "ClusterRole", name: "r" };

/** What each kind needs beside its metadata, and a change to it, by `apiVersion/resource`. */
const contents: Readonly<Record<string, { readonly fields: object; readonly change: object }>> = {
  "v1/configmaps": { fields: { data: { a: "1" } }, change: { data: { a: "2" } } },
  "v1/events": {
    fields: { involvedObject: { kind: "Pod", namespace: "default", name: "p" }, reason: "Old" },
    change: { reason: "New" },
  },
  "v1/namespaces": { fields: {}, change: { metadata: { labels: { a: "b" } } } },
  "v1/nodes": { fields: {}, change: { spec: { unschedulable: true } } },
  "v1/pods": {
    fields: { spec: { containers: [{ name: "c", image: "nginx" }] } },
    change: { spec: { activeDeadlineSeconds: 60 } },
  },
  // Without amounts, which a controller would show in its status at any time.
  "v1/resourcequotas": {
    fields: { spec: { scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "Exists" }] } } },
    change: { spec: { scopeSelector: null } },
  },
  "v1/secrets": { fields: { stringData: { a: "1" } }, change: { stringData: { a: "2" } } },
  "v1/serviceaccounts": { fields: { secrets: [{ name: "s" }] }, change: { automountServiceAccountToken: false } },
  "events.k8s.io/v1/events": {
    fields: {
      eventTime: "2024-01-02T03:04:05.000006Z",
      regarding: { kind: "Pod", namespace: "default", name: "p" },
      reportingController: "example.com/c",
      reportingInstance: "i",
      action: "a",
      reason: "r",
      type: "Normal",
    },
    change: { series: { count: 2, lastObservedTime: "2024-01-02T03:04:06.000006Z" } },
  },
  "rbac.authorization.k8s.io/v1/clusterrolebindings": {
    fields: { ...binding, roleRef: reference },
    change: { subjects: null },
  },
  "rbac.authorization.k8s.io/v1/clusterroles": { fields: role, change: { rules: [] } },
  "rbac.authorization.k8s.io/v1/rolebindings": {
    fields: { ...binding, roleRef: reference },
    change: { subjects: null },
  },
  "rbac.authorization.k8s.io/v1/roles": { fields: role, change: { rules: [] } },
  "coordination.k8s.io/v1/leases": {
    fields: { spec: { holderIdentity: "one", renewTime: "2024-01-02T03:04:05.000006Z" } },
    change: { spec: { holderIdentity: "two" } },
  },
  "admissionregistration.k8s.io/v1/validatingadmissionpolicies": {
    fields: { spec: admissionPolicy },
    change: { spec: { validations: [{ expression: "true" }, { expression: "1 == 1" }] } },
  },
  "admissionregistration.k8s.io/v1/validatingadmissionpolicybindings": {
    fields: { spec: { policyName: "none", validationActions: ["Deny"] } },
    change: { spec: { validationActions: ["Warn"] } },
  },
  "strongroom.dev/v1/clustersecretpolicies": { fields: policy, change: { spec: { mode: "enforce" } } },
  "strongroom.dev/v1/secretlinks": {
    fields: { spec: { source: { namespace: "elsewhere", name: "never" } } },
    change: { spec: { source: { name: "neither" } } },
  },
  "strongroom.dev/v1/secretpolicies": { fields: policy, change: { spec: { mode: "enforce" } } },
};

/** An example of every served kind. Raises TypeError for a kind without one: add it here. */
export const kindExamples: readonly KindExample[] = kinds.map((kind) => {
  const apiVersion = apiVersionOf(kind);
  const content = contents[`${apiVersion}/${kind.resource}`];
  if (content === undefined) throw new TypeError(`${apiVersion} ${kind.resource} must have an example`);
  const root = kind.group === "" ? `/api/${kind.version}` : `/apis/${apiVersion}`;
  return {
    kind,
    collection: `${root}/${kind.namespaced ? "namespaces/default/" : ""}${kind.resource}`,
    object: (name) => ({ apiVersion, kind: kind.kind, metadata: { name }, ...content.fields }),
    change: content.change,
  };
});
