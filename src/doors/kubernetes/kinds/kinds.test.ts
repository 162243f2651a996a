import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../codec/json.ts";
import { cloneJson } from "../codec/json.ts";
import { apiVersionOf } from "../response/encode-object.ts";
import { formatFieldError } from "../validation/field-error-format.ts";
import { kinds } from "./kinds.ts";
import { namespaceFinalizeStrategy, namespaceKind, namespaceStatusStrategy } from "./namespace.ts";
import { secretKind } from "./secret.ts";
import { fillSystemFields, inheritSystemFields } from "./system-fields.ts";
import { validateCreate, validateUpdate } from "./validate-object.ts";

const now = new Date("2024-01-02T00:00:00.789Z");

test("the kinds are listed by resource, each with its list kind and schema", () => {
  assert.deepEqual(
    kinds.map((kind) => [`${apiVersionOf(kind)} ${kind.resource}`, kind.kind, kind.listKind, kind.namespaced]),
    [
      ["v1 configmaps", "ConfigMap", "ConfigMapList", true],
      ["v1 events", "Event", "EventList", true],
      ["v1 namespaces", "Namespace", "NamespaceList", false],
      ["v1 nodes", "Node", "NodeList", false],
      ["v1 pods", "Pod", "PodList", true],
      ["v1 resourcequotas", "ResourceQuota", "ResourceQuotaList", true],
      ["v1 secrets", "Secret", "SecretList", true],
      ["v1 serviceaccounts", "ServiceAccount", "ServiceAccountList", true],
      ["events.k8s.io/v1 events", "Event", "EventList", true],
      ["rbac.authorization.k8s.io/v1 clusterrolebindings", "ClusterRoleBinding", "ClusterRoleBindingList", false],
      ["rbac.authorization.k8s.io/v1 clusterroles", "ClusterRole", "ClusterRoleList", false],
      ["rbac.authorization.k8s.io/v1 rolebindings", "RoleBinding", "RoleBindingList", true],
      ["rbac.authorization.k8s.io/v1 roles", "Role", "RoleList", true],
      [
        "admissionregistration.k8s.io/v1 validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyList",
        false,
      ],
      [
        "admissionregistration.k8s.io/v1 validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingAdmissionPolicyBindingList",
        false,
      ],
      ["coordination.k8s.io/v1 leases", "Lease", "LeaseList", true],
      ["strongroom.dev/v1 clustersecretpolicies", "ClusterSecretPolicy", "ClusterSecretPolicyList", false],
      ["strongroom.dev/v1 secretlinks", "SecretLink", "SecretLinkList", true],
      ["strongroom.dev/v1 secretpolicies", "SecretPolicy", "SecretPolicyList", true],
    ],
  );
  for (const { kind, listKind, schema, listSchema } of kinds) {
    assert.deepEqual([schema.goName, listSchema.goName], [kind, listKind]);
  }
});

test("a Secret prints NAME, TYPE, DATA and AGE, and DATA is a number in a column of type string", () => {
  const secret = cloneJson<JsonObject>({
    metadata: { name: "s", creationTimestamp: "2024-01-01T00:00:00Z" },
    type: "Opaque",
    data: { a: "", b: "" },
  });
  assert.deepEqual(
    secretKind.columns.map(({ name, type, format, priority, cell }) => [
      name,
      type,
      format,
      priority,
      cell(secret, now),
    ]),
    [
      ["Name", "string", "name", 0, "s"],
      ["Type", "string", "", 0, "Opaque"],
      ["Data", "string", "", 0, 2],
      ["Age", "string", "", 0, "24h"],
    ],
  );
});

test("a Namespace prints NAME, STATUS and AGE", () => {
  const namespace = cloneJson<JsonObject>({ metadata: { name: "n" }, status: { phase: "Active" } });
  assert.deepEqual(
    namespaceKind.columns.map(({ name, format, cell }) => [name, format, cell(namespace, now)]),
    [
      ["Name", "name", "n"],
      ["Status", "", "Active"],
      ["Age", "", "<unknown>"],
    ],
  );
});

test("field selectors read the fields upstream supports", () => {
  const read = (kind: (typeof kinds)[number], object: JsonObject): [string, string][] =>
    [...kind.fieldSelectors].map(([label, value]) => [label, value(cloneJson(object))]);
  assert.deepEqual(read(secretKind, { metadata: { name: "s", namespace: "n" }, type: "t" }), [
    ["metadata.name", "s"],
    ["metadata.namespace", "n"],
    ["type", "t"],
  ]);
  assert.deepEqual(read(namespaceKind, { metadata: { name: "n" }, status: { phase: "Active" } }), [
    ["metadata.name", "n"],
    ["status.phase", "Active"],
  ]);
});

test("a Secret without a type is Opaque, and an update without one keeps the stored type", () => {
  const created = cloneJson<JsonObject>({ type: "" });
  secretKind.strategy.prepareForCreate(created);
  assert.equal(created["type"], "Opaque");
  const updated = cloneJson<JsonObject>({});
  secretKind.strategy.prepareForUpdate(updated, cloneJson<JsonObject>({ type: "kubernetes.io/tls" }));
  assert.equal(updated["type"], "kubernetes.io/tls");
});

test("only a Secret of type tls is warned about a pair that does not parse", () => {
  const warnings = (type: string): string[] => secretKind.strategy.warnings(cloneJson<JsonObject>({ type, data: {} }));
  assert.deepEqual(warnings("kubernetes.io/tls"), ["tls: failed to find any PEM data in certificate input"]);
  assert.deepEqual(warnings("Opaque"), []);
});

test("a new Namespace is active, has the kubernetes finalizer and its name as label", () => {
  const namespace = cloneJson<JsonObject>({
    metadata: { name: "n", labels: { "kubernetes.io/metadata.name": "other", a: "b" } },
    spec: { finalizers: ["example.com/x"] },
    status: { phase: "Terminating" },
  });
  namespaceKind.strategy.prepareForCreate(namespace);
  assert.deepEqual(
    namespace,
    cloneJson({
      metadata: { name: "n", labels: { "kubernetes.io/metadata.name": "n", a: "b" } },
      spec: { finalizers: ["example.com/x", "kubernetes"] },
      status: { phase: "Active" },
    }),
  );
});

const stored = cloneJson<JsonObject>({
  metadata: { name: "n" },
  spec: { finalizers: ["kubernetes"] },
  status: { phase: "Active" },
});

function updated(): JsonObject {
  return cloneJson<JsonObject>({ metadata: { name: "n" }, spec: {}, status: { phase: "Terminating" } });
}

test("an update of a Namespace changes neither finalizers nor status", () => {
  const next = updated();
  namespaceKind.strategy.prepareForUpdate(next, stored);
  assert.deepEqual([next["spec"], next["status"]], [stored["spec"], stored["status"]]);
  assert.deepEqual(next["metadata"], cloneJson({ name: "n", labels: { "kubernetes.io/metadata.name": "n" } }));
});

test("namespaces/status changes the status alone, namespaces/finalize the finalizers alone", () => {
  const status = updated();
  namespaceStatusStrategy.prepareForUpdate(status, stored);
  assert.deepEqual([status["spec"], status["status"]], [stored["spec"], cloneJson({ phase: "Terminating" })]);
  const finalize = updated();
  namespaceFinalizeStrategy.prepareForUpdate(finalize, stored);
  assert.deepEqual([finalize["spec"], finalize["status"]], [cloneJson({}), stored["status"]]);
});

test("the server fills system fields of a new object", () => {
  const object = cloneJson<JsonObject>({
    metadata: {
      name: "s",
      uid: "mine",
      selfLink: "/x",
      deletionTimestamp: "2020-01-01T00:00:00Z",
      deletionGracePeriodSeconds: 3,
    },
  });
  fillSystemFields(object, { uid: "u", now });
  assert.deepEqual(object, cloneJson({ metadata: { name: "s", uid: "u", creationTimestamp: "2024-01-02T00:00:00Z" } }));
});

test("an update inherits what it leaves empty and cannot change what the server owns", () => {
  const previous = cloneJson<JsonObject>({
    metadata: {
      name: "s",
      namespace: "n",
      uid: "u",
      resourceVersion: "5",
      creationTimestamp: "2024-01-01T00:00:00Z",
      deletionTimestamp: "2024-01-02T00:00:00Z",
      deletionGracePeriodSeconds: 0,
      labels: { a: "b" },
    },
  });
  const next = cloneJson<JsonObject>({ metadata: { creationTimestamp: "1999-01-01T00:00:00Z", generation: 7 } });
  inheritSystemFields(next, previous, secretKind);
  const { labels, ...inherited } = previous["metadata"] as JsonObject; // written as an object above
  assert.ok(labels);
  assert.deepEqual(next, cloneJson({ metadata: inherited }));
});

test("validateCreate and validateUpdate put metadata before the kind's own errors, each once", () => {
  const secret = (metadata: JsonObject): JsonObject =>
    cloneJson<JsonObject>({ metadata, type: "kubernetes.io/ssh-auth", data: {} });
  const bad = { name: "s", namespace: "n", resourceVersion: "5", labels: { a: "b c" } };
  const created = validateCreate(secretKind, secret(bad)).map(formatFieldError);
  assert.equal(created.length, 2);
  assert.match(created[0] ?? "", /^metadata\.labels: Invalid value: "b c"/);
  assert.equal(created[1], "data[ssh-privatekey]: Required value");
  assert.deepEqual(validateUpdate(secretKind, secret(bad), secret(bad)).map(formatFieldError), created);
});

test("a namespace name is a DNS label", () => {
  const namespace = cloneJson<JsonObject>({ metadata: { name: "a.b" } });
  assert.deepEqual(validateCreate(namespaceKind, namespace).map(formatFieldError), [
    'metadata.name: Invalid value: "a.b": must not contain dots',
  ]);
});
