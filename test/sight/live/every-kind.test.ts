/** Each kind that is looked at, from a cluster that serves all of them: asked for, in the roles, collected, unknown when refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { groupsOfKind, resourceOf } from "../../../src/sight/facts/fact-kind.ts";
import { allKinds } from "../../../src/sight/facts/facts.ts";
import type { FactKind } from "../../../src/sight/facts/facts.ts";
import { needsOf } from "../../../src/sight/reports/coverage-needs.ts";
import { answerCoverage } from "../../../src/sight/questions/who-can.ts";
import { buildGraph } from "../../../src/sight/graph/build-graph.ts";
import { Collection } from "../../../src/sight/sources/collection.ts";
import { sightRole } from "../../../src/sight/sources/cluster/sight-role.ts";
import { readText } from "../../../src/sight/sources/file-source.ts";
import { refuse, sendJson, startScriptedCluster } from "./scripted-cluster.ts";
import type { ScriptedCluster } from "./scripted-cluster.ts";

const forever = new AbortController().signal;
const canary = "canary-of-an-operator";

/** A kind as the cluster serves it: constraints have kinds of their own. */
interface Served {
  readonly kind: FactKind;
  readonly objectKind: string;
  readonly group: string;
  readonly resource: string;
}

const served: readonly Served[] = allKinds.map((kind) => {
  const group = groupsOfKind(kind).find((each) => each !== "extensions") ?? "";
  const objectKind = kind === "Constraint" ? "K8sAllowedRepos" : kind;
  return { kind, objectKind, group, resource: kind === "Constraint" ? "k8sallowedrepos" : resourceOf(kind) };
});

function discovery(isWanted: (group: string) => boolean) {
  const groups = Map.groupBy(
    served.filter(({ group }) => isWanted(group)),
    ({ group }) => group,
  );
  const items = Array.from(groups, ([name, kinds]) => ({
    metadata: { name },
    versions: [
      {
        version: "v1",
        freshness: "Current",
        resources: kinds.map(({ objectKind, resource }) => {
          return { resource, responseKind: { kind: objectKind }, scope: "Namespaced", verbs: ["list", "watch"] };
        }),
      },
    ],
  }));
  return { kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", items };
}

/** One object of each kind, or 403 for each. */
function startFullCluster(answers: "objects" | "refusals"): Promise<ScriptedCluster> {
  return startScriptedCluster((url, response) => {
    if (url.pathname === "/api")
      return sendJson(
        response,
        discovery((group) => group === ""),
      );
    if (url.pathname === "/apis")
      return sendJson(
        response,
        discovery((group) => group !== ""),
      );
    const found = served.find(({ group, resource }) => {
      return url.pathname === `${group === "" ? "/api" : `/apis/${group}`}/v1/${resource}`;
    });
    if (found === undefined) return false;
    if (answers === "refusals") return refuse(response, 403);
    const spec = { provider: { fake: { data: [{ key: "k", value: canary }] } }, secretName: "named" };
    const items = [{ metadata: { name: "x", namespace: "a", resourceVersion: "1" }, spec, data: { k: "" } }];
    return sendJson(response, { kind: "List", apiVersion: "v1", metadata: { resourceVersion: "7" }, items });
  });
}

test("Each kind is listed, is a fact, and stays in a dump without what operators are told", async () => {
  await using cluster = await startFullCluster("objects");
  const collection = new Collection();
  using source = cluster.source({ level: "full" });
  const facts = await source.collect(collection, forever);
  assert.deepEqual(facts.coverage.unknown, []);
  assert.deepEqual(facts.coverage.gaps, []);
  const files = [...collection.files(facts)];
  for (const { kind, objectKind } of served) {
    assert.equal(facts.of(kind).length, 1, kind);
    const file = files.find(({ name }) => name.startsWith(`${objectKind.toLowerCase()}.`));
    assert.ok(file?.text.includes('"name":"x"'), kind);
    const isOfOperator = ["SecretStore", "ClusterSecretStore", "Issuer", "ClusterIssuer", "VaultAuth"].includes(kind);
    if (isOfOperator) assert.doesNotMatch(file?.text ?? canary, /canary|fake/, kind);
  }
  for (const kind of ["SecretStore", "Issuer", "Certificate"] as const) {
    const file = files.find(({ name }) => name.startsWith(`${kind.toLowerCase()}.`));
    const again = readText("dump", file?.name ?? "", file?.text ?? "").of(kind);
    assert.deepEqual(
      again.flatMap(({ secrets }) => secrets),
      [{ namespace: "a", name: "named" }],
      kind,
    );
  }
});

test("Each kind that is refused is unknown, with the right that is missing; the role has all of them", async () => {
  await using cluster = await startFullCluster("refusals");
  using source = cluster.source({ level: "full" });
  const facts = await source.read(forever);
  const role = sightRole({ level: "full", verifies: false });
  for (const { kind, group, resource } of served) {
    assert.equal(facts.knows(kind), false, kind);
    const gap = facts.coverage.gaps.find((each) => each.kind === kind);
    const rule = `{apiGroups: ["${group}"], resources: ["${resource}"], verbs: ["list"]}`;
    assert.deepEqual([gap?.reason, gap?.missing?.rule], ["forbidden", rule], kind);
    assert.ok(role.includes(`"${kind === "Constraint" ? "*" : resource}"`), kind);
  }
  assert.deepEqual([...facts.coverage.unknown].sort(), [...allKinds].sort());
});

test("Each kind that a dump does not have is unknown, with the right that reading it takes", () => {
  const facts = readText("dump", "d.yaml", "apiVersion: v1\nkind: Node\nmetadata: {name: worker}\n");
  const expected = allKinds.filter((kind) => kind !== "Node");
  assert.deepEqual(facts.coverage.unknown, expected);
  const needs = needsOf(answerCoverage(buildGraph(facts)));
  assert.deepEqual(needs.map(({ kind }) => kind).sort(), [...expected].sort());
  const right = (kind: FactKind) => needs.find((need) => need.kind === kind)?.right;
  assert.equal(right("NetworkPolicy"), "list on networkpolicies.networking.k8s.io");
  assert.equal(right("ClusterSecretStore"), "list on clustersecretstores.external-secrets.io");
});
