import assert from "node:assert/strict";
import { test } from "node:test";
import { auditScope } from "./audit-policy.ts";
import type { AuditedRequest } from "./audit-policy.ts";
import { defaultAuditPolicy } from "./default-policy.ts";
import { readAuditPolicy } from "./policy-reader.ts";

/** `jane devs: get ""/secrets/token prod/db`, or `jane devs: get /healthz`. */
function request(text: string): AuditedRequest {
  const [who = "", what = ""] = text.split(": ");
  const [name = "", ...groups] = who.split(" ");
  const [verb = "", target = "", place = "/"] = what.split(" ");
  const user = name === "-" ? undefined : { name, groups };
  if (target.startsWith("/")) return { user, verb, resource: undefined, path: target };
  const [apiGroup = "", resource = "", subresource = ""] = target.split("/");
  const [namespace = "", object = ""] = place.split("/");
  return {
    user,
    verb,
    path: undefined,
    resource: { apiGroup: apiGroup === "core" ? "" : apiGroup, resource, subresource, namespace, name: object },
  };
}

/** Rules of a policy, in YAML's flow form; for each request the level that it goes out at. */
const tables: readonly { readonly rules: readonly string[]; readonly requests: Readonly<Record<string, string>> }[] = [
  {
    // The first that matches, and no other.
    rules: ["level: Metadata, users: [jane]", "level: None, userGroups: [devs]", "level: Request"],
    requests: {
      "jane devs: get core/pods prod/web": "Metadata",
      "joe ops devs: get core/pods prod/web": "None",
      "joe ops: get core/pods prod/web": "Request",
      "joe ops: get /healthz": "Request",
      "-: get core/pods prod/web": "Request",
    },
  },
  {
    // Nobody has no name and no groups.
    rules: ["level: Metadata, users: ['']", "level: Request, userGroups: [system:unauthenticated]"],
    requests: { "-: get /api": "None", "system:anonymous system:unauthenticated: get /api": "Request" },
  },
  {
    rules: ["level: Metadata, verbs: [get, list]"],
    requests: { "joe: get /api": "Metadata", "joe: list core/pods a/": "Metadata", "joe: watch core/pods a/": "None" },
  },
  {
    rules: ["level: Metadata, namespaces: [prod]", "level: Request, namespaces: ['']"],
    requests: {
      "joe: get core/pods prod/web": "Metadata",
      "joe: list core/nodes /": "Request",
      "joe: get core/pods test/web": "None",
      "joe: get /api": "None",
    },
  },
  {
    // A resource without its subresources, one subresource, all of one, one of all.
    rules: [
      "level: Metadata, resources: [{group: '', resources: [pods]}]",
      "level: Request, resources: [{group: '', resources: [services/status]}]",
      "level: RequestResponse, resources: [{group: apps, resources: ['deployments/*']}]",
      "level: None, resources: [{group: '*', resources: ['*/scale']}]",
      "level: Metadata, resources: [{group: batch}]",
      "level: Request, resources: [{group: x.example.com, resources: ['*']}]",
    ],
    requests: {
      "joe: get core/pods a/b": "Metadata",
      "joe: get core/pods/log a/b": "None",
      "joe: get core/services/status a/b": "Request",
      "joe: get core/services a/b": "None",
      "joe: get apps/deployments/scale a/b": "RequestResponse",
      "joe: get apps/deployments a/b": "RequestResponse",
      "joe: get apps/statefulsets/scale a/b": "None",
      "joe: get batch/jobs/status a/b": "Metadata",
      "joe: get x.example.com/things/status a/b": "Request",
      "joe: get other/pods a/b": "None",
    },
  },
  {
    rules: [
      "level: Metadata, resources: [{group: '', resources: [configmaps], resourceNames: [one]}]",
      "level: Request, resources: [{group: '*', resources: [configmaps]}]",
    ],
    requests: {
      "joe: get core/configmaps a/one": "Metadata",
      "joe: get core/configmaps a/two": "Request",
      "joe: create core/configmaps a/": "Request",
    },
  },
  {
    rules: ["level: Metadata, nonResourceURLs: ['/healthz*', /version]", "level: Request, nonResourceURLs: ['*']"],
    requests: {
      "joe: get /healthz": "Metadata",
      "joe: get /healthz/etcd": "Metadata",
      "joe: get /version": "Metadata",
      "joe: get /version/": "Request",
      "joe: get core/pods a/b": "None",
    },
  },
];

for (const { rules, requests } of tables) {
  const policy = readAuditPolicy(
    ["apiVersion: audit.k8s.io/v1", "kind: Policy", "rules:", ...rules.map((rule) => `- {${rule}}`)].join("\n"),
  );
  for (const [text, level] of Object.entries(requests)) {
    test(`By ${rules.join(" | ")}, ${text} goes out at ${level}`, () => {
      assert.equal(auditScope(policy, request(text)).level, level);
    });
  }
}

test("Stages left out are those of the policy and of the rule; managed fields are as the rule says, if it does", () => {
  const policy = readAuditPolicy(`apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- {level: Metadata, users: [a], omitStages: [ResponseStarted, RequestReceived]}
- {level: Metadata, users: [b], omitManagedFields: false}
`);
  const scope = (user: string) => auditScope(policy, request(`${user}: get /api`));
  assert.deepEqual(scope("a"), {
    level: "Metadata",
    omitStages: ["RequestReceived", "ResponseStarted"],
    omitManagedFields: true,
  });
  assert.deepEqual(scope("b"), { level: "Metadata", omitStages: ["RequestReceived"], omitManagedFields: false });
  assert.deepEqual(scope("c"), { level: "None", omitStages: ["RequestReceived"], omitManagedFields: true });
});

const byDefault: Readonly<Record<string, string>> = {
  "joe: get core/secrets a/b": "Metadata",
  "joe: list core/secrets /": "Metadata",
  "joe: watch core/secrets/metadata a/": "Metadata",
  "joe: create core/serviceaccounts/token a/b": "Metadata",
  "joe: create authentication.k8s.io/tokenreviews /": "Metadata",
  "joe: create rbac.authorization.k8s.io/roles a/": "RequestResponse",
  "joe: get rbac.authorization.k8s.io/roles a/b": "Metadata",
  "joe: create core/events a/": "None",
  "joe: update core/pods a/b": "Metadata",
  "joe: get core/pods a/b": "None",
  "joe: get /healthz": "None",
};

for (const [text, level] of Object.entries(byDefault)) {
  test(`By default, ${text} goes out at ${level}`, () => {
    assert.equal(auditScope(defaultAuditPolicy, request(text)).level, level);
  });
}
