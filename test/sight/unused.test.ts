/** Rights that nobody used: what is said of them, and that the smaller roles allow what was used and no more. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { array, asyncProperty, assert as assertProperty, constantFrom, record, subarray } from "fast-check";
import { parseAllDocuments } from "yaml";
import type { PolicyRule } from "../../src/access/rbac/policy-rule.ts";
import { readAuditStream } from "../../src/sight/audit/read-audit.ts";
import { Usage } from "../../src/sight/audit/usage.ts";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { allowsUse } from "../../src/sight/questions/least-role.ts";
import { unused } from "../../src/sight/questions/unused.ts";
import { readText } from "../../src/sight/sources/file-source.ts";
import { TestHome } from "../cli/program.ts";
import { shapeErrors } from "./answer-schema.ts";
import { runIn } from "./run-sight.ts";

interface Asked {
  readonly user: string;
  readonly verb: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly groups?: readonly string[];
  readonly code?: number;
}

let ids = 0;

function event({ user, verb, resource, namespace = "a", name, groups = [], code = 200 }: Asked): object {
  const [plain, subresource] = resource.split("/");
  return {
    kind: "Event",
    apiVersion: "audit.k8s.io/v1",
    auditID: `id-${ids++}`,
    stage: "ResponseComplete",
    requestURI: "/",
    verb,
    user: { username: user, groups },
    objectRef: {
      resource: plain,
      apiVersion: "v1",
      namespace,
      ...(name && { name }),
      ...(subresource && { subresource }),
    },
    responseStatus: { code },
    requestReceivedTimestamp: "2026-03-01T10:00:00.000000Z",
    stageTimestamp: "2026-03-01T10:00:00.000000Z",
  };
}

const lines = (events: readonly object[]) => events.map((each) => `${JSON.stringify(each)}\n`).join("");

const cluster = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: a}
rules:
  - {verbs: [get, list], apiGroups: [""], resources: [secrets]}
  - {verbs: [create], apiGroups: [""], resources: [pods/exec]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: a}
roleRef: {kind: Role, name: reader}
subjects: [{kind: User, name: jane}, {kind: ServiceAccount, name: app}, {kind: Group, name: devs}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: exact}
rules: [{verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: [db]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: exact}
roleRef: {kind: ClusterRole, name: exact}
subjects: [{kind: User, name: joe}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: idle, namespace: b}
roleRef: {kind: ClusterRole, name: exact}
subjects: [{kind: User, name: joe}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: dangling, namespace: b}
roleRef: {kind: Role, name: gone}
subjects: [{kind: User, name: joe}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: own, namespace: b}
roleRef: {kind: ClusterRole, name: edit}
subjects: [{kind: User, name: joe}]
`;

async function answerOf(text: string, events: readonly object[]) {
  const usage = new Usage();
  const audit = await readAuditStream(Readable.from([Buffer.from(lines(events))]), [usage]);
  return { ...unused(buildGraph(readText("dump", "cluster.yaml", text)), usage, audit), usage };
}

test("A role that would do creates without names: the name of what is created is not what was decided about", async () => {
  const role = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: maker, namespace: a}
rules: [{verbs: ["*"], apiGroups: [""], resources: ["*"]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: makers, namespace: a}
roleRef: {kind: Role, name: maker}
subjects: [{kind: User, name: jane}]
`;
  const { bindings } = await answerOf(role, [
    event({ user: "jane", verb: "create", resource: "secrets", name: "db" }),
    event({ user: "jane", verb: "get", resource: "secrets", name: "db" }),
    event({ user: "jane", verb: "create", resource: "pods/exec", name: "web" }),
  ]);
  const made = bindings.flatMap(({ smaller }) => smaller).find((each) => "rules" in each);
  assert.deepEqual(
    (made as { rules: PolicyRule[] }).rules.map(({ verbs: allowed, resources, resourceNames = [] }) => {
      return [allowed, resources, resourceNames];
    }),
    [
      [["create"], ["pods/exec"], ["web"]],
      [["get"], ["secrets"], ["db"]],
      [["create"], ["secrets"], []],
    ],
  );
});

test("Nobody is told to delete what the cluster makes anew", async () => {
  const binding = (name: string, subject: string) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${JSON.stringify(name)}}
roleRef: {kind: ClusterRole, name: all}
subjects: [{kind: Group, name: ${JSON.stringify(subject)}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: all}
rules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}]
`;
  const told = async (name: string, subject: string) => (await answerOf(binding(name, subject), [])).bindings.length;
  assert.equal(await told("cluster-admin", "system:masters"), 0);
  assert.equal(await told("system::extension-apiserver-authentication-reader", "someone"), 0);
  assert.equal(await told("cluster-admin", "people"), 1);
  assert.equal(await told("admins", "system:masters"), 1);
});

test("Bindings are not used, used in part, or used in full, by requests that succeeded in their scope", async () => {
  const answer = await answerOf(cluster, [
    event({ user: "jane", verb: "get", resource: "secrets", name: "db" }),
    event({ user: "jane", verb: "get", resource: "secrets", name: "tls" }),
    event({ user: "jane", verb: "list", resource: "secrets", namespace: "b" }),
    event({ user: "mary", verb: "get", resource: "secrets", name: "db", groups: ["devs"] }),
    event({ user: "jane", verb: "create", resource: "pods/exec", name: "p", code: 403 }),
    event({ user: "joe", verb: "get", resource: "secrets", name: "db" }),
  ]);
  assert.equal(answer.inUse, 1);
  assert.deepEqual(
    answer.leftOut.map(({ binding }) => binding),
    ["RoleBinding b/dangling", "RoleBinding b/own"],
  );
  const [idle, partly] = answer.bindings;
  assert.deepEqual(
    [idle?.binding, idle?.count, idle?.smaller, idle?.idleSubjects],
    ["RoleBinding b/idle", 0, [], ["User joe"]],
  );
  assert.deepEqual(
    [partly?.binding, partly?.count, partly?.idleSubjects],
    ["RoleBinding a/readers", 3, ["ServiceAccount a/app"]],
  );
  assert.deepEqual(
    partly?.rules.map(({ rule, count, unseen }) => [rule, count, unseen]),
    [
      [1, 3, false],
      [2, 0, true],
    ],
  );
  const metadata = { name: "reader-used-by-readers", namespace: "a" };
  const apiVersion = "rbac.authorization.k8s.io/v1";
  assert.deepEqual(partly?.smaller, [
    {
      apiVersion,
      kind: "Role",
      metadata,
      rules: [{ verbs: ["get"], apiGroups: [""], resources: ["secrets"], resourceNames: ["db", "tls"] }],
    },
    {
      apiVersion,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader-used-by-readers" },
      subjects: [
        { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "jane" },
        { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "devs" },
      ],
    },
  ]);
});

const verbs = ["get", "list", "create", "delete"];
const resources = ["secrets", "pods", "pods/exec"];

test("Of any role and any requests, the smaller role allows each request that the role allowed, and no more than the role", async () => {
  let smaller = 0;
  const anyRule = record({
    verbs: subarray(["*", ...verbs], { minLength: 1 }),
    apiGroups: constantFrom([""], ["*"]),
    resources: subarray(["*", ...resources], { minLength: 1 }),
    resourceNames: subarray(["db", "tls"]),
  });
  const anyAsked = record({
    user: constantFrom("jane", "joe", "mary"),
    verb: constantFrom(...verbs),
    resource: constantFrom(...resources),
    namespace: constantFrom("a", "b"),
    name: constantFrom("db", "tls", "x", ""),
  });
  await assertProperty(
    asyncProperty(array(anyRule, { minLength: 1, maxLength: 3 }), array(anyAsked), async (rules, asked) => {
      const apiVersion = "rbac.authorization.k8s.io/v1";
      const items = [
        { apiVersion, kind: "Role", metadata: { name: "r", namespace: "a" }, rules },
        {
          apiVersion,
          kind: "RoleBinding",
          metadata: { name: "b", namespace: "a" },
          roleRef: { kind: "Role", name: "r" },
          subjects: [
            { kind: "User", name: "jane" },
            { kind: "User", name: "joe" },
          ],
        },
      ];
      const answer = await answerOf(JSON.stringify({ apiVersion: "v1", kind: "List", items }), asked.map(event));
      const [role] = answer.bindings[0]?.smaller ?? [];
      if (role === undefined) return;
      smaller++;
      const none = { verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
      const complete = (rule: Partial<PolicyRule>): PolicyRule => ({ ...none, ...rule });
      const least = (role["rules"] as Partial<PolicyRule>[]).map((rule) => complete(rule)); // as manifests are written
      const old = rules.map((rule) => complete(rule));
      const allows = (some: readonly PolicyRule[], use: Parameters<typeof allowsUse>[1]) =>
        some.some((rule) => allowsUse(rule, use));
      for (const user of ["jane", "joe"]) {
        for (const use of answer.usage.of(user)?.rights.values() ?? []) {
          if (use.namespace === "a") assert.equal(allows(least, use), allows(old, use), JSON.stringify(use));
        }
      }
      for (const verb of verbs) {
        for (const resource of ["secrets", "pods", "other"]) {
          for (const name of ["db", "tls", "x", "other", ""]) {
            const use = {
              verb,
              group: "",
              resource,
              subresource: "",
              namespace: "a",
              name,
              count: 1,
              first: 0,
              last: 0,
            };
            assert.ok(!allows(least, use) || allows(old, use), `${verb} ${resource}/${name} is new`);
          }
        }
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(smaller > 30, `${smaller}`);
});

test("unused prints roles to be applied; with them and without the binding nobody who used it loses what they used", async () => {
  using home = new TestHome();
  writeFileSync(home.at("cluster.yaml"), cluster);
  writeFileSync(home.at("audit.log"), lines([event({ user: "jane", verb: "get", resource: "secrets", name: "db" })]));
  const ask = (...words: string[]) =>
    runIn(home.path, "unused", ...words, "--dump", "cluster.yaml", "--audit", "audit.log");
  const text = await ask();
  assert.deepEqual([text.code, text.stderr], [0, ""]);
  assert.match(text.stdout, /^3 bindings: 2 not used at all, 1 used in part, 0 used in full\.$/m);
  assert.match(
    text.stdout,
    /^RoleBinding a\/readers \(cluster\.yaml:\d+\) of Role a\/reader: used 1 time, last 2026-/m,
  );
  assert.match(text.stdout, /^ {2}rule 2 \(cluster\.yaml:\d+\) was not used; nobody asked for it at all/m);
  const { stdout: manifests } = await ask("--manifests");
  assert.deepEqual(
    parseAllDocuments(manifests).map((document) => (document.toJS() as { kind: string }).kind),
    ["Role", "RoleBinding"],
  );
  writeFileSync(home.at("smaller.yaml"), manifests);
  const adds = await runIn(home.path, "what-if", "-f", "smaller.yaml", "--dump", "cluster.yaml");
  assert.equal(adds.code, 0, `the smaller role gives nobody anything: ${adds.stdout}`);
  const json = JSON.parse((await ask("-o", "json")).stdout) as unknown;
  assert.deepEqual(shapeErrors("unused", json), []);
  assert.match((await ask("-o", "dot")).stdout, /style=dashed/);
  assert.equal((await runIn(home.path, "unused", "--dump", "cluster.yaml")).code, 2);
  assert.equal((await ask("a/db", "--manifests")).code, 2);
});

test("unused of a secret names who can read it and never did", async () => {
  using home = new TestHome();
  writeFileSync(home.at("cluster.yaml"), cluster);
  writeFileSync(home.at("audit.log"), lines([event({ user: "jane", verb: "get", resource: "secrets", name: "db" })]));
  const ask = (...words: string[]) =>
    runIn(home.path, "unused", "a/db", "--dump", join(home.path, "cluster.yaml"), "--audit", "audit.log", ...words);
  const { stdout } = await ask();
  assert.match(stdout, /^Secret a\/db: \d can read it, \d of them never did in these logs\.$/m);
  assert.match(stdout, /^User joe, directly$/m);
  assert.doesNotMatch(stdout, /^User jane/m);
  assert.deepEqual(shapeErrors("unused-secret", JSON.parse((await ask("-o", "json")).stdout)), []);
});
