/** Policies of a Strongroom server in the answers of sight: whom they hold back for certain is no reader, and no other is left out. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { LiveGraph } from "../../src/sight/graph/live-graph.ts";
import { objectText } from "../../src/sight/questions/principal.ts";
import type { Principal } from "../../src/sight/questions/principal.ts";
import { whatCan } from "../../src/sight/questions/what-can.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { readText } from "../../src/sight/sources/file-source.ts";
import { startTestServer } from "../running-server.ts";
import { create, createNamespace, secret, secretsIn } from "../support/api-objects.ts";
import { bindingObject, coreRule, rbacPath, roleObject } from "../support/rbac-objects.ts";
import { runIn } from "./run-sight.ts";

const everything = { onlyDirect: false, hopsMax: Infinity };
const rights = `
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: prod}
---
apiVersion: v1
kind: Secret
metadata: {name: web, namespace: prod}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules: [{verbs: [get, list], apiGroups: [""], resources: [secrets]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: readers}
roleRef: {kind: ClusterRole, name: reader}
subjects:
- {kind: User, name: ann}
- {kind: Group, name: devs}
- {kind: Group, name: "system:authenticated"}
- {kind: ServiceAccount, name: app, namespace: prod}
- {kind: ServiceAccount, name: controller, namespace: kube-system}
`;

interface Policy {
  readonly kind?: string;
  readonly namespace?: string;
  readonly subject?: string;
  readonly mode?: string;
  readonly deny?: string;
  readonly more?: string;
}

function policy({ kind = "ClusterSecretPolicy", subject = "kind: User, name: ann", ...rest }: Policy): string {
  const { namespace, mode = "enforce", deny = "{}", more = "" } = rest;
  const place = namespace === undefined ? "" : `, namespace: ${namespace}`;
  return `${rights}---
apiVersion: strongroom.dev/v1
kind: ${kind}
metadata: {name: p${place}}
spec: {mode: ${mode}, subjects: [{${subject}}], deny: [${deny}]${more}}
`;
}

function factsOf(text: string, server: "strongroom" | "kubernetes" = "strongroom") {
  const facts = readText("dump", "d.yaml", text);
  facts.origin = { id: "x", version: "", server, level: "metadata", readAt: "2026-01-02T03:04:05Z" };
  return facts;
}

const graphOf = (...of: Parameters<typeof factsOf>) => buildGraph(factsOf(...of));

/** `ann` and the like of those who are bound, with the words of a policy where one may hold them back. */
function readersOf(text: string, name: string, server?: "kubernetes"): string[] {
  const answer = whoCan(graphOf(text, server), { namespace: "prod", name }, everything);
  return answer.readers
    .filter(({ principal }) => /^(?:ann|devs|app|controller)$/.test(principal.name))
    .map(({ principal, path }) => {
      const isLimited = path.some(({ because }) => because.includes("a policy of the server denies a part of it"));
      return `${principal.name}${isLimited ? " (in part)" : ""}`;
    })
    .sort();
}

const all = ["ann", "app", "controller", "devs"];
const others = ["app", "controller", "devs"];
for (const [title, given, readersOfDb, readersOfWeb = readersOfDb] of [
  ["denies everything", {}, others],
  ["only warns", { mode: "warn" }, all],
  ["denies another namespace", { deny: "{namespaces: [test]}" }, all],
  ["denies the namespace", { deny: "{namespaces: ['pro?']}" }, others],
  ["denies names", { deny: "{names: ['d*']}" }, others, all],
  ["denies names of the namespace", { deny: "{namespaces: [prod], names: [db]}" }, others, all],
  ["denies one of two verbs", { deny: "{verbs: [get]}" }, all],
  ["denies both verbs in two rules", { deny: "{verbs: [get]}, {verbs: [list]}" }, others],
  ["denies by labels", { deny: "{selector: {matchLabels: {a: b}}}" }, ["ann (in part)", ...others]],
  ["denies by a condition", { deny: "{condition: 'true'}" }, ["ann (in part)", ...others]],
  ["denies for a time", { more: ", notAfter: 2027-01-01T00:00:00Z" }, ["ann (in part)", ...others]],
  ["denies a group", { subject: "kind: Group, name: devs" }, ["ann", "app", "controller"]],
  ["denies an account", { subject: "kind: ServiceAccount, name: app, namespace: prod" }, ["ann", "controller", "devs"]],
  [
    "denies everybody, which controllers and nodes are not meant by",
    { subject: 'kind: Group, name: "system:authenticated"' },
    ["controller"],
  ],
  ["is of the namespace", { kind: "SecretPolicy", namespace: "prod", deny: "{names: [db]}" }, others, all],
  ["is of another namespace", { kind: "SecretPolicy", namespace: "test" }, all],
] as readonly [string, Policy, string[], string[]?][]) {
  test(`Who a policy holds back that ${title} does not read by a right of their own, and all others do`, () => {
    // What everybody may is looked at below.
    const text = policy(given).replace('- {kind: Group, name: "system:authenticated"}\n', "");
    assert.deepEqual([readersOf(text, "db"), readersOf(text, "web")], [readersOfDb, readersOfWeb]);
  });
}

test("On a Kubernetes server an object of that kind holds nobody back", () => {
  assert.deepEqual(readersOf(policy({}), "db", "kubernetes"), all);
});

test("A policy for everybody leaves the group to those who are not meant", () => {
  const text = policy({ subject: 'kind: Group, name: "system:authenticated"' });
  const answer = whoCan(graphOf(text), { namespace: "prod", name: "db" }, everything);
  assert.ok(answer.readers.some(({ principal }) => principal.name === "system:authenticated"));
});

test("what-can says so too, and a policy that is deleted gives back what it took", () => {
  const withoutEverybody = policy({}).replace('- {kind: Group, name: "system:authenticated"}\n', "");
  const facts = factsOf(withoutEverybody);
  const before = [...facts.of("ClusterSecretPolicy")];
  const live = new LiveGraph(facts);
  const reached = () => whatCan(live.graph(), "user/ann").namespaces.map(({ namespace }) => namespace);
  assert.deepEqual(reached(), []);
  const place = { kind: "ClusterSecretPolicy", namespace: "", name: "p" } as const;
  live.apply([{ ...place, facts: [] }]);
  assert.deepEqual(reached(), ["*"]);
  live.apply([{ ...place, facts: before }]);
  assert.deepEqual(reached(), []);
});

const server = await startTestServer();
after(() => server[Symbol.asyncDispose]());

test("Answers about a server with policies agree with what it decides, and a review leaves out whom one denies", async () => {
  await createNamespace(server, "prod");
  for (const name of ["db", "web", "api"]) await create(server, secretsIn("prod"), secret(name));
  await create(server, `${rbacPath}/clusterroles`, roleObject("reader", coreRule("get,list", "secrets")));
  for (const subject of ["User ann", "User bob", "Group devs"]) {
    const name = `readers-${subject.split(" ")[1]}`;
    await create(server, `${rbacPath}/clusterrolebindings`, bindingObject(name, "ClusterRole reader", subject));
  }
  const policies = "/apis/strongroom.dev/v1/clustersecretpolicies";
  const denying = (name: string, subject: object, deny: object[]) => ({
    apiVersion: "strongroom.dev/v1",
    kind: "ClusterSecretPolicy",
    metadata: { name },
    spec: { mode: "enforce", subjects: [subject], deny },
  });
  await create(server, policies, denying("ann", { kind: "User", name: "ann" }, [{ names: ["d*"] }]));
  await create(server, policies, denying("devs", { kind: "Group", name: "devs" }, [{ namespaces: ["prod"] }]));
  const run = await runIn(server.dataDir, "who-can", "prod/db", "--kubeconfig", server.kubeconfig, "--verify", "200");
  assert.match(run.stdout, /^Verified: (\d+) of \1 agree with what the cluster decides\.$/m);
  assert.doesNotMatch(run.stdout, /^Disagreement/m);
  const review = { apiVersion: "strongroom.dev/v1", kind: "WhoCanReview", spec: { namespace: "prod", secret: "db" } };
  const asked = await server.call("POST", "/apis/strongroom.dev/v1/whocanreviews", { body: review });
  const readers: { principal: Principal }[] = asked.json.status.readers;
  const names = new Set(readers.map(({ principal }) => objectText(principal)));
  assert.deepEqual(
    ["User bob", "User ann", "Group devs"].map((name) => names.has(name)),
    [true, false, false],
  );
});
