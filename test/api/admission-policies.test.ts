/** ValidatingAdmissionPolicies over HTTP. Source of texts: apiserver pkg/admission/plugin/policy/validating. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { assertFailure, base64, create, patchTypes, secret, secretsIn, secretsPath } from "../support/api-objects.ts";
import { annotationsWithValues } from "../../src/doors/kubernetes/storage/value-places.ts";
import { startTestServer } from "../running-server.ts";
import type { Answer } from "../running-server.ts";
import { looseAuditEvents } from "../support/audit-events.ts";

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());
const group = "/apis/admissionregistration.k8s.io/v1";
const policies = `${group}/validatingadmissionpolicies`;
const bindings = `${group}/validatingadmissionpolicybindings`;
const canary = "canary-value-of-a-secret";

before(async () => {
  await create(server, "/api/v1/namespaces", { metadata: { name: "prod", labels: { env: "prod" } } });
});

const rule = (resources: string[], operations = ["CREATE", "UPDATE"]) => ({
  apiGroups: ["*"],
  apiVersions: ["*"],
  operations,
  resources,
});

interface Case {
  readonly spec: object;
  readonly binding?: object;
  readonly rules?: object[];
}

/** Runs with a policy and a binding of it that there are only meanwhile. */
async function withPolicy(
  name: string,
  { spec, binding = {}, rules = [rule(["secrets"])] }: Case,
  run: () => Promise<void>,
) {
  await create(server, policies, { metadata: { name }, spec: { matchConstraints: { resourceRules: rules }, ...spec } });
  await create(server, bindings, {
    metadata: { name: `${name}-b` },
    spec: { policyName: name, validationActions: ["Deny"], ...binding },
  });
  try {
    await run();
  } finally {
    await server.call("DELETE", `${bindings}/${name}-b`);
    await server.call("DELETE", `${policies}/${name}`);
  }
}

async function submit(name: string, fields: object = {}, path = secretsPath): Promise<Answer> {
  return server.call("POST", `${path}?dryRun=All`, { body: secret(name, fields) });
}

test("What a validation refuses is refused with its message and reason, from the next request on, also as a dry run", async () => {
  const validations = [
    { expression: "object.metadata.name.startsWith('app-')", message: "names begin with app-" },
    { expression: "object.type != 'Opaque'", reason: "Forbidden", messageExpression: "'no ' + object.type" },
    { expression: "has(object.metadata.labels)" },
  ];
  await withPolicy("names", { spec: { validations } }, async () => {
    const message = "ValidatingAdmissionPolicy 'names' with binding 'names-b' denied request: names begin with app-";
    const answer = await submit("db");
    assertFailure(answer, 422, "Invalid", `secrets "db" is forbidden: ${message}`, {
      name: "db",
      kind: "secrets",
      causes: [{ message }],
    });
    const typed = await submit("app-db");
    assert.deepEqual([typed.status, typed.json.reason], [403, "Forbidden"]);
    assert.match(typed.json.message, /denied request: no Opaque$/);
    const unlabelled = await submit("app-db", { type: "x" });
    assert.match(unlabelled.json.message, /denied request: failed expression: has\(object.metadata.labels\)$/);
    const labelled = { type: "x", metadata: { name: "app-db", labels: { a: "b" } } };
    assert.equal((await submit("app-db", labelled)).status, 201);
    assert.equal((await server.call("POST", `${secretsPath}`, { body: secret("db") })).status, 422);
  });
  assert.equal((await submit("db")).status, 201);
});

test("Expressions see keys, sizes, type and metadata of secrets, and never a value", async () => {
  const data = { password: base64(canary), empty: "" };
  const annotations = Object.fromEntries(annotationsWithValues.map((key) => [key, canary]));
  const fields = { data, metadata: { name: "s", annotations } };
  for (const expression of ["size(object.data.password) == 24 && 'empty' in object.data", "object.type == 'Opaque'"]) {
    await withPolicy("sees", { spec: { validations: [{ expression }] } }, async () => {
      assert.equal((await submit("s", fields)).status, 201, expression);
    });
  }
  const leaks = [
    "object.data.password",
    ...annotationsWithValues.map((key) => `object.metadata.annotations['${key}']`),
    "object.data.map(k, object.data[k]).join()",
    "'x' + object.stringData.password",
  ];
  for (const messageExpression of leaks) {
    const auditAnnotations = [{ key: "k", valueExpression: messageExpression }];
    const spec = { validations: [{ expression: "false", messageExpression }], auditAnnotations };
    await withPolicy("leak", { spec }, async () => {
      const answer = await submit("s", { ...fields, stringData: { password: canary } });
      assert.equal(answer.status, 422);
      assert.doesNotMatch(answer.text, /canary/);
    });
    await withPolicy("leak", { spec, binding: { validationActions: ["Warn", "Audit"] } }, async () => {
      const answer = await submit("s", fields);
      assert.doesNotMatch(JSON.stringify(answer.headers), /canary/);
    });
  }
  const audit = JSON.stringify(await looseAuditEvents(server));
  assert.doesNotMatch(audit, /canary/);
});

test("Warn warns and Audit records; neither refuses", async () => {
  const spec = {
    validations: [{ expression: "false", message: "not good" }],
    auditAnnotations: [{ key: "who", valueExpression: "request.userInfo.username + ' ' + request.operation" }],
  };
  await withPolicy("soft", { spec, binding: { validationActions: ["Warn", "Audit"] } }, async () => {
    const body = secret("soft-one");
    const answer = await server.call("POST", secretsPath, { body, headers: { "Audit-Id": "soft-audit" } });
    assert.equal(answer.status, 201);
    const where = "ValidatingAdmissionPolicy 'soft' with binding 'soft-b'";
    assert.equal(answer.headers.warning, `299 - "Validation failed for ${where}: not good"`);
  });
  const audit = await looseAuditEvents(server);
  const event = audit.findLast(({ auditID }) => auditID === "soft-audit");
  const failure = JSON.parse(event.annotations["validation.policy.admission.k8s.io/validation_failure"]);
  assert.deepEqual(failure, [
    {
      message: "not good",
      policy: "soft",
      binding: "soft-b",
      expressionIndex: 0,
      validationActions: ["Warn", "Audit"],
    },
  ]);
  assert.equal(event.annotations["soft/who"], "strongroom-admin CREATE");
});

test("Old and new are there by operation, and namespaces, selectors, names and excluded rules decide what is meant", async () => {
  await create(server, secretsPath, secret("kept", { data: { a: "" } }));
  const all = ["CREATE", "UPDATE", "DELETE"];
  const expression =
    "request.operation == 'CREATE' ? oldObject == null : request.operation == 'DELETE' ? object == null : oldObject.metadata.name == object.metadata.name";
  await withPolicy(
    "operations",
    { spec: { validations: [{ expression }] }, rules: [rule(["secrets"], all)] },
    async () => {
      assert.equal((await submit("new")).status, 201);
      assert.equal((await server.call("DELETE", `${secretsPath}/kept?dryRun=All`)).status, 200);
      const patch = { body: { metadata: { labels: { a: "b" } } }, headers: { "Content-Type": patchTypes.merge } };
      assert.equal((await server.call("PATCH", `${secretsPath}/kept?dryRun=All`, patch)).status, 200);
    },
  );
  const never = { validations: [{ expression: "false" }] };
  const selector = { matchLabels: { env: "prod" } };
  await withPolicy("prod", { spec: never, binding: { matchResources: { namespaceSelector: selector } } }, async () => {
    assert.equal((await submit("s", {}, secretsIn("prod"))).status, 422);
    assert.equal((await submit("s")).status, 201);
  });
  await withPolicy("labelled", { spec: never, binding: { matchResources: { objectSelector: selector } } }, async () => {
    assert.equal((await submit("s")).status, 201);
    assert.equal((await submit("s", { metadata: { name: "s", labels: { env: "prod" } } })).status, 422);
  });
  await withPolicy("named", { spec: never, rules: [{ ...rule(["secrets"]), resourceNames: ["only"] }] }, async () => {
    assert.equal((await submit("other")).status, 201);
    assert.equal((await submit("only")).status, 422);
  });
  const matchConstraints = { resourceRules: [rule(["*"])], excludeResourceRules: [rule(["secrets"])] };
  await withPolicy("others", { spec: { ...never, matchConstraints } }, async () => {
    assert.equal((await submit("s")).status, 201);
    const map = await server.call("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", {
      body: { metadata: { name: "m" } },
    });
    assert.equal(map.status, 422);
  });
  await withPolicy("cluster", { spec: never, rules: [{ ...rule(["*"]), scope: "Cluster" }] }, async () => {
    assert.equal((await submit("s")).status, 201);
    const namespace = await server.call("POST", "/api/v1/namespaces?dryRun=All", { body: { metadata: { name: "n" } } });
    assert.equal(namespace.status, 422);
  });
});

test("Conditions, variables and the namespace take part", async () => {
  const spec = {
    matchConditions: [{ name: "not-root", expression: "request.userInfo.username != 'root'" }],
    variables: [
      {
        name: "env",
        expression: "'env' in namespaceObject.metadata.labels ? namespaceObject.metadata.labels.env : ''",
      },
      { name: "isProd", expression: "variables.env == 'prod'" },
    ],
    validations: [{ expression: "!variables.isProd || object.metadata.name.endsWith('-prod')" }],
  };
  await withPolicy("composed", { spec }, async () => {
    assert.equal((await submit("db", {}, secretsIn("prod"))).status, 422);
    assert.equal((await submit("db-prod", {}, secretsIn("prod"))).status, 201);
    assert.equal((await submit("db")).status, 201);
    const asRoot = {
      body: secret("db"),
      headers: { "Impersonate-User": "root", "Impersonate-Group": "system:masters" },
    };
    assert.equal((await server.call("POST", `${secretsIn("prod")}?dryRun=All`, asRoot)).status, 201);
  });
});

test("Parameters come from the objects that a binding names", async () => {
  const spec = {
    paramKind: { apiVersion: "v1", kind: "ConfigMap" },
    validations: [{ expression: "object.metadata.name.startsWith(params.data.prefix)" }],
  };
  const paramRef = { name: "limits", namespace: "default", parameterNotFoundAction: "Deny" };
  await withPolicy("limited", { spec, binding: { paramRef } }, async () => {
    const none = await submit("a");
    assert.match(none.json.message, /failed to configure binding: no params found for policy binding with `Deny`/);
    await create(server, "/api/v1/namespaces/default/configmaps", {
      metadata: { name: "limits", labels: { l: "m" } },
      data: { prefix: "x-" },
    });
    assert.equal((await submit("a")).status, 422);
    assert.equal((await submit("x-a")).status, 201);
  });
  const bySelector = { selector: { matchLabels: { l: "m" } }, parameterNotFoundAction: "Deny" };
  await withPolicy("selected", { spec, binding: { paramRef: bySelector } }, async () => {
    assert.equal((await submit("a")).status, 422);
  });
  const allowed = { name: "nowhere", parameterNotFoundAction: "Allow" };
  await withPolicy("allowed", { spec, binding: { paramRef: allowed } }, async () => {
    assert.equal((await submit("a")).status, 201);
  });
  const unknown = { ...spec, paramKind: { apiVersion: "example.com/v1", kind: "Limit" } };
  await withPolicy("unknown", { spec: unknown, binding: { paramRef } }, async () => {
    assert.match((await submit("a")).json.message, /failed to find resource referenced by paramKind/);
  });
});

test("What cannot be evaluated, or costs too much, is refused unless the policy ignores failures", async () => {
  const data = Object.fromEntries(Array.from({ length: 400 }, (_, index) => [`k${index}`, ""]));
  const costly = "object.data.all(a, object.data.all(b, a + b != ''))";
  for (const [expression, why] of [
    ["object.missing == 1", /resulted in error/],
    [costly, /costs more than is allowed/],
    ["object.metadata.name.matches('(')", /resulted in error/],
  ] as const) {
    await withPolicy("failing", { spec: { validations: [{ expression }] } }, async () => {
      assert.match((await submit("s", { data })).json.message, why);
    });
    await withPolicy("ignoring", { spec: { failurePolicy: "Ignore", validations: [{ expression }] } }, async () => {
      assert.equal((await submit("s", { data })).status, 201);
    });
  }
});

test("What the expressions of a policy cost together has an end too", async () => {
  const data = Object.fromEntries(Array.from({ length: 250 }, (_, index) => [`k${index}`, ""]));
  const expression = "object.data.all(a, object.data.all(b, a + b != ''))";
  const validations = (count: number) => Array.from({ length: count }, () => ({ expression }));
  await withPolicy("few", { spec: { validations: validations(5) } }, async () => {
    assert.equal((await submit("s", { data })).status, 201);
  });
  await withPolicy("many", { spec: { validations: validations(40) } }, async () => {
    assert.match((await submit("s", { data })).json.message, /running out of cost budget/);
  });
});

const invalid: readonly [spec: object, message: RegExp][] = [
  [
    {},
    /spec.matchConstraints: Required value, spec.validations: Required value: validations or auditAnnotations must contain/,
  ],
  [
    { matchConstraints: {}, validations: [{ expression: "true" }] },
    /spec.matchConstraints.resourceRules: Required value/,
  ],
  [
    {
      matchConstraints: { resourceRules: [rule(["secrets"])] },
      validations: [{ expression: "quantity('1').isGreaterThan(quantity('0'))" }],
    },
    /spec.validations\[0\].expression: Invalid value: .*: compilation failed: undeclared reference to 'isGreaterThan'|'quantity'/,
  ],
  [
    {
      matchConstraints: { resourceRules: [rule(["secrets"])] },
      validations: [{ expression: "authorizer.group('').resource('x').check('get').allowed()" }],
    },
    /compilation failed: undeclared reference to/,
  ],
  [
    { matchConstraints: { resourceRules: [rule(["secrets"])] }, validations: [{ expression: "params.x" }] },
    /compilation failed: undeclared reference to 'params'/,
  ],
  [
    {
      matchConstraints: { resourceRules: [rule(["secrets"], ["READ"])] },
      validations: [{ expression: "true", reason: "Gone" }],
    },
    /operations\[0\]: Unsupported value: "READ".*spec.validations\[0\].reason: Unsupported value: "Gone"/,
  ],
];

for (const [spec, message] of invalid) {
  test(`A policy is refused: ${message.source.slice(0, 80)}`, async () => {
    const answer = await server.call("POST", policies, { body: { metadata: { name: "p" }, spec } });
    assert.equal(answer.status, 422, answer.text);
    assert.match(answer.json.message, message);
  });
}

test("A binding says what becomes of failures, not both that they are denied and warned about", async () => {
  const refused = async (spec: object) =>
    (await server.call("POST", bindings, { body: { metadata: { name: "b" }, spec } })).json.message;
  assert.match(
    await refused({}),
    /spec.policyName: Required value, spec.validationActions: Required value: at least one/,
  );
  assert.match(
    await refused({ policyName: "p", validationActions: ["Deny", "Warn"] }),
    /must not contain both Deny and Warn/,
  );
  const both = { name: "n", selector: {}, parameterNotFoundAction: "Deny" };
  assert.match(
    await refused({ policyName: "p", validationActions: ["Deny"], paramRef: both }),
    /name and selector are mutually exclusive/,
  );
});

test("No policy is about policies: what locks everything out can be taken away", async () => {
  await withPolicy(
    "everything",
    { spec: { validations: [{ expression: "false" }] }, rules: [rule(["*"], ["*"])] },
    async () => {
      assert.equal((await submit("s")).status, 422);
      assert.equal(
        (
          await server.call("PATCH", `${policies}/everything`, {
            body: { metadata: { labels: { a: "b" } } },
            headers: { "Content-Type": patchTypes.merge },
          })
        ).status,
        200,
      );
    },
  );
});
