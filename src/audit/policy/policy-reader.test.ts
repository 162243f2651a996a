import assert from "node:assert/strict";
import { test } from "node:test";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { readAuditPolicy } from "./policy-reader.ts";

const head = "apiVersion: audit.k8s.io/v1\nkind: Policy\n";

/** What reading says of a policy after its first two lines; undefined when it is fine. */
function problemOf(text: string): string | undefined {
  try {
    readAuditPolicy(text);
    return undefined;
  } catch (error) {
    assert.ok(isStrongroomError(error, "invalid"), String(error));
    return error.message.replace("the audit policy must be valid: ", "");
  }
}

test("A policy is read with every field", () => {
  const policy = readAuditPolicy(`${head}metadata: {name: mine}
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: Request
  users: [jane]
  userGroups: [devs]
  verbs: [create]
  namespaces: [prod, ""]
  omitStages: [Panic]
  omitManagedFields: false
  resources: [{group: "", resources: [pods, "pods/*", "*/scale"], resourceNames: [web]}]
- level: None
  nonResourceURLs: ["/healthz*", "*"]
`);
  assert.deepEqual(policy, {
    omitStages: ["RequestReceived"],
    omitManagedFields: true,
    rules: [
      {
        level: "Request",
        users: ["jane"],
        userGroups: ["devs"],
        verbs: ["create"],
        namespaces: ["prod", ""],
        nonResourceURLs: [],
        omitStages: ["Panic"],
        omitManagedFields: false,
        resources: [{ group: "", resources: ["pods", "pods/*", "*/scale"], resourceNames: ["web"] }],
      },
      {
        level: "None",
        users: [],
        userGroups: [],
        verbs: [],
        namespaces: [],
        nonResourceURLs: ["/healthz*", "*"],
        omitStages: [],
        omitManagedFields: undefined,
        resources: [],
      },
    ],
  });
});

test("A policy may be JSON", () => {
  const text = JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules: [{ level: "Metadata" }] });
  assert.equal(readAuditPolicy(text).rules.length, 1);
});

const faults: readonly (readonly [text: string, problem: string])[] = [
  ["", `unknown group version field "", Kind="" in policy`],
  ["kind: Policy\nrules: []", 'unknown group version field "", Kind="Policy" in policy'],
  [
    "apiVersion: audit.k8s.io/v1beta1\nkind: Policy",
    'unknown group version field "audit.k8s.io/v1beta1", Kind="Policy"',
  ],
  ["apiVersion: v1\nkind: Secret\ndata: {password: aHVudGVyMg==}", 'unknown group version field "v1", Kind="Secret"'],
  [`${head}rules: []`, "loaded illegal policy with 0 rules"],
  [head, "loaded illegal policy with 0 rules"],
  [`${head}rules: [{verbs: [get]}]`, "rules[0].level: Required value"],
  [
    `${head}rules: [{level: Everything}]`,
    'rules[0].level: Unsupported value: "Everything": supported values: "None", "Metadata", "Request", "RequestResponse"',
  ],
  [
    `${head}rules: [{level: None, nonResourceURLs: [healthz]}]`,
    `rules[0].nonResourceURLs[0]: Invalid value: "healthz": non-resource URL rules must begin with a '/' character`,
  ],
  [
    `${head}rules: [{level: None, nonResourceURLs: ["/*/x"]}]`,
    `rules[0].nonResourceURLs[0]: Invalid value: "/*/x": non-resource URL wildcards '*' must be the final character of the rule`,
  ],
  [
    `${head}rules: [{level: None, nonResourceURLs: [/x], namespaces: [a]}]`,
    'rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs',
  ],
  [
    `${head}rules: [{level: None, nonResourceURLs: [/x], resources: [{resources: [pods]}]}]`,
    "rules cannot apply to both regular resources and non-resource URLs",
  ],
  [
    `${head}rules: [{level: None, resources: [{group: "", resourceNames: [a]}]}]`,
    'rules[0].resources[0].resourceNames: Invalid value: ["a"]: using resourceNames requires at least one resource',
  ],
  [
    `${head}rules: [{level: None, resources: [{group: rbac.authorization.k8s.io/v1}]}]`,
    'rules[0].resources[0].group: Invalid value: "rbac.authorization.k8s.io/v1": a lowercase RFC 1123 subdomain must consist of',
  ],
  [
    `${head}omitStages: [Begin]\nrules: [{level: None}]`,
    'omitStages[0]: Invalid value: "Begin": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
  ],
  [`${head}rules: [{level: None, omitStages: [Disclosed]}]`, 'rules[0].omitStages[0]: Invalid value: "Disclosed"'],
  [`${head}rules: [{level: None, ressources: []}]`, 'unknown field "rules[0].ressources"'],
  [`${head}rules: [{level: None, verbs: get}]`, "rules[0].verbs: must be a list"],
  [`${head}rules: [{level: None, verbs: [1]}]`, "rules[0].verbs[0]: must be a string"],
  [`${head}rules: [{level: None, omitManagedFields: "yes"}]`, "rules[0].omitManagedFields: must be true or false"],
  [`${head}rules: [None]`, "rules[0]: must be a mapping"],
  [`${head}rules: [{level: [`, "line 3 must be YAML"],
  [`${head}kind: Policy\nrules: []`, "line 3 must be YAML (duplicate key)"],
];

for (const [text, problem] of faults) {
  test(`A policy with a fault is refused: ${problem}`, () => {
    const found = problemOf(text);
    assert.ok(found?.includes(problem), found);
  });
}

test("All faults of a policy are told together", () => {
  const found = problemOf(`${head}omitStages: [A]\nrules: [{level: X}, {level: None, nonResourceURLs: [y]}]`);
  assert.equal(found?.split("; ").length, 3);
});

test("What is in a file that is no policy is not told", () => {
  assert.ok(!problemOf("apiVersion: v1\nkind: Secret\ndata: {password: aHVudGVyMg==}")?.includes("aHVudGVyMg"));
});
