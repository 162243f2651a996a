import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditedRequest } from "./audit-policy.ts";
import { defaultAuditPolicy } from "./default-policy.ts";
import { bodiesOf, bodyCharactersMax } from "./kept-bodies.ts";
import { readAuditPolicy } from "./policy-reader.ts";
import { rulesAboutValues } from "./values-in-bodies.ts";

function policy(...rules: string[]) {
  return readAuditPolicy(
    ["apiVersion: audit.k8s.io/v1", "kind: Policy", "rules:", ...rules.map((rule) => `- {${rule}}`)].join("\n"),
  );
}

/** Policies, and which of their rules would record values of what. */
const valueRules: readonly (readonly [rules: readonly string[], found: readonly string[]])[] = [
  [["level: Metadata"], []],
  [["level: Request"], ["0: secrets tokenreviews"]],
  [["level: RequestResponse"], ["0: secrets serviceaccounts/token tokenreviews"]],
  [["level: Request, resources: [{group: '', resources: [secrets]}]"], ["0: secrets"]],
  [["level: Request, resources: [{group: '*', resources: [secrets]}]"], ["0: secrets"]],
  [["level: Request, resources: [{group: ''}]"], ["0: secrets"]],
  [["level: RequestResponse, resources: [{group: '', resources: ['*']}]"], ["0: secrets serviceaccounts/token"]],
  [["level: RequestResponse, resources: [{group: '', resources: ['*/token']}]"], ["0: serviceaccounts/token"]],
  [
    ["level: RequestResponse, resources: [{group: '', resources: ['serviceaccounts/*']}]"],
    ["0: serviceaccounts/token"],
  ],
  [["level: RequestResponse, resources: [{group: '', resources: [serviceaccounts]}]"], []],
  [["level: Request, namespaces: [prod]"], ["0: secrets tokenreviews"]],
  [["level: RequestResponse, nonResourceURLs: ['*']"], []],
  // What was sent by reading holds no values.
  [["level: Request, verbs: [get, list, watch]"], []],
  [["level: RequestResponse, verbs: [watch]"], []],
  [["level: RequestResponse, verbs: [get], resources: [{group: '', resources: [secrets]}]"], ["0: secrets"]],
  // An earlier rule takes them, for everybody, everywhere, by every verb.
  [["level: Metadata, resources: [{group: '', resources: [secrets]}]", "level: Request"], ["1: tokenreviews"]],
  [
    [
      "level: Metadata, resources: [{group: '', resources: [secrets, serviceaccounts/token]}, {group: authentication.k8s.io}]",
      "level: RequestResponse",
    ],
    [],
  ],
  [
    ["level: Metadata, users: [joe], resources: [{group: '', resources: [secrets]}]", "level: Request"],
    ["1: secrets tokenreviews"],
  ],
  [
    ["level: Metadata, verbs: [get], resources: [{group: '', resources: [secrets]}]", "level: Request"],
    ["1: secrets tokenreviews"],
  ],
  [["level: None, verbs: [create, update, patch]", "level: Request"], []],
  [
    [
      "level: None, resources: [{group: '', resources: [secrets], resourceNames: [a]}]",
      "level: Request, resources: [{group: ''}]",
    ],
    ["1: secrets"],
  ],
];

for (const [rules, found] of valueRules) {
  test(`Rules that would record values: ${rules.join(" | ")}`, () => {
    const told = rulesAboutValues(policy(...rules)).map(({ index, resources }) => `${index}: ${resources.join(" ")}`);
    assert.deepEqual(told, found);
  });
}

test("The default policy records no values", () => {
  assert.deepEqual(rulesAboutValues(defaultAuditPolicy), []);
});

const secret: AuditedRequest = {
  user: { name: "joe", groups: [] },
  verb: "create",
  resource: { apiGroup: "", resource: "secrets", subresource: "", namespace: "a", name: "" },
  path: undefined,
};
const role: AuditedRequest = {
  ...secret,
  resource: { apiGroup: "rbac.authorization.k8s.io", resource: "roles", subresource: "", namespace: "a", name: "" },
};

test("Without a rule that asks for bodies, nothing is looked at", () => {
  assert.equal(bodiesOf(policy("level: Metadata")), undefined);
  assert.equal(bodiesOf(policy("level: Request, users: [ann]"))?.(role), undefined);
});

test("At Request what was sent is kept, at RequestResponse what was answered, too", () => {
  const keep = (level: string, body: "request" | "response") =>
    bodiesOf(policy(`level: ${level}`))?.(role)?.(body, () => '{"kind":"Role"}');
  assert.deepEqual(keep("Request", "request"), { object: { kind: "Role" } });
  assert.equal(keep("Request", "response"), undefined);
  assert.deepEqual(keep("RequestResponse", "response"), { object: { kind: "Role" } });
});

test("A body that is too large for a record is left out, and said to be", () => {
  const keep = bodiesOf(policy("level: Request"))?.(role);
  assert.equal(
    keep?.("request", () => JSON.stringify("x".repeat(bodyCharactersMax))),
    "left out",
  );
  assert.equal(
    keep?.("request", () => undefined),
    "left out",
  );
});

test("Managed fields go, from objects, items and rows", () => {
  const keep = bodiesOf(policy("level: Request, omitManagedFields: true"))?.(role);
  const metadata = { name: "a", managedFields: [{ manager: "x" }] };
  const body = { metadata, items: [{ metadata }], rows: [{ cells: [], object: { metadata } }] };
  assert.deepEqual(
    keep?.("request", () => JSON.stringify(body)),
    {
      object: {
        metadata: { name: "a" },
        items: [{ metadata: { name: "a" } }],
        rows: [{ cells: [], object: { metadata: { name: "a" } } }],
      },
    },
  );
});

const canary = "correct-horse-battery-staple";
const bodies: Readonly<Record<string, unknown>> = {
  object: {
    kind: "Secret",
    apiVersion: "v1",
    type: "Opaque",
    immutable: true,
    metadata: {
      name: "db",
      namespace: "a",
      uid: "u",
      labels: { app: canary },
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": `{"data":{"password":"${canary}"}}` },
      managedFields: [{ manager: canary }],
    },
    data: { password: canary },
    stringData: { token: canary },
  },
  "merge patch": { data: { password: canary, old: null }, stringData: canary, type: { not: canary } },
  "JSON patch": [
    { op: "replace", path: "/data/password", value: canary },
    { op: "add", path: "/data", value: { password: [canary] } },
    canary,
  ],
  list: { kind: "SecretList", apiVersion: "v1", items: [{ metadata: { name: "db" }, data: { password: canary } }] },
  table: {
    kind: "Table",
    rows: [{ cells: [canary], object: { metadata: { name: "db" }, data: { password: canary } } }],
  },
  text: canary,
};

for (const [name, body] of Object.entries(bodies)) {
  test(`A ${name} of a secret is kept without its values, whatever the policy says`, () => {
    const kept = bodiesOf(policy("level: RequestResponse"))?.(secret)?.("response", () => JSON.stringify(body));
    assert.ok(kept !== undefined && kept !== "left out");
    assert.ok(!JSON.stringify(kept.object).includes(canary));
  });
}

test("Old values of a secret are masked as the current ones are", () => {
  const resource = {
    apiGroup: "strongroom.dev",
    resource: "secretversions",
    subresource: "value",
    namespace: "a",
    name: "s.v1",
  };
  const keep = bodiesOf(policy("level: RequestResponse"))?.({ ...secret, verb: "get", resource });
  const kept = keep?.("response", () => JSON.stringify({ kind: "SecretVersion", data: { a: canary } }));
  assert.deepEqual(kept, { object: { kind: "SecretVersion", data: { a: "***" } } });
});

test("What is left of a secret says what it is and which keys it has", () => {
  const kept = bodiesOf(policy("level: Request"))?.(secret)?.("request", () => JSON.stringify(bodies["object"]));
  assert.deepEqual(kept, {
    object: {
      kind: "Secret",
      apiVersion: "v1",
      type: "Opaque",
      immutable: true,
      metadata: {
        name: "db",
        namespace: "a",
        uid: "u",
        labels: { app: "***" },
        annotations: { "kubectl.kubernetes.io/last-applied-configuration": "***" },
      },
      data: { password: "***" },
      stringData: { token: "***" },
    },
  });
});
