/** Changes of the input that mean nothing change no answer; those that add take nothing away. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import type { SecurityGraph } from "../../src/sight/graph/security-graph.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { readFiles, readText } from "../../src/sight/sources/file-source.ts";
import { fixtureClusters, graphOf, isOfStrongroom } from "./fixture-cluster.ts";
import type { FixtureCluster } from "./fixture-cluster.ts";

// Said in another way, the text no longer says of which server it is.
const clusters = fixtureClusters().filter(({ text }) => !isOfStrongroom(text));
const everything = { onlyDirect: false, hopsMax: Infinity };

/** All answers about a cluster, without places. */
function answers(graph: SecurityGraph, { claims }: FixtureCluster): unknown[] {
  return claims.map(({ secret }) =>
    whoCan(graph, secret, everything).readers.map(({ path, ...reader }) => ({
      ...reader,
      path: path.map(({ edge, from, to }) => [edge, from, to]),
    })),
  );
}

function documentsOf({ text }: FixtureCluster): string[] {
  return text.split(/^---\n/m).filter((document) => !document.startsWith("#"));
}

test("The order of the documents does not matter", () => {
  for (const cluster of clusters) {
    const reversed = graphOf(documentsOf(cluster).toReversed().join("---\n"));
    assert.deepEqual(answers(reversed, cluster), answers(graphOf(cluster.text), cluster), cluster.name);
  }
});

test("A file for each object, one file, a List in JSON and a git tree are the same cluster", async () => {
  for (const cluster of clusters) {
    const folder = mkdtempSync(join(tmpdir(), "sr-"));
    try {
      for (const [index, text] of documentsOf(cluster).entries()) writeFileSync(join(folder, `${index}.yaml`), text);
      const expected = answers(graphOf(cluster.text), cluster);
      for (const source of ["dump", "manifests"] as const) {
        const graph = buildGraph(await readFiles(source, folder));
        assert.deepEqual(answers(graph, cluster), expected, cluster.name);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
    const items: unknown[] = parseAllDocuments(cluster.text).map((document): unknown => document.toJS());
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: items.filter((item) => item !== null) });
    assert.deepEqual(answers(graphOf(list), cluster), answers(graphOf(cluster.text), cluster), cluster.name);
  }
});

test("Rules that an aggregated role has in a manifest are overwritten; in a dump, they are what was gathered", () => {
  const role = {
    kind: "ClusterRole",
    metadata: { name: "whole" },
    rules: [{ verbs: ["get"], apiGroups: [""], resources: ["secrets"] }],
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: "of-nothing" } }] },
  };
  const binding = {
    kind: "ClusterRoleBinding",
    metadata: { name: "b" },
    roleRef: { kind: "ClusterRole", name: "whole" },
    subjects: [{ kind: "User", name: "jane" }],
  };
  const apiVersion = "rbac.authorization.k8s.io/v1";
  const items = [role, binding].map((item) => ({ apiVersion, ...item }));
  const text = JSON.stringify({ apiVersion: "v1", kind: "List", items });
  const readers = (source: "dump" | "manifests") =>
    whoCan(buildGraph(readText(source, "f", text)), { namespace: "a", name: "s" }, everything).readers.length;
  assert.deepEqual([readers("dump"), readers("manifests")], [2, 1], "system:masters always");
});

test("A second binding of the same role to the same subjects changes no answer", () => {
  for (const cluster of clusters) {
    const twice = documentsOf(cluster).flatMap((document) => {
      if (!/^kind: (?:Cluster)?RoleBinding$/m.test(document)) return [document];
      return [document, document.replace(/name: (\S+?)([,} ])/, "name: $1-again$2")];
    });
    const before = answers(graphOf(cluster.text), cluster);
    assert.deepEqual(answers(graphOf(twice.join("---\n")), cluster), before, cluster.name);
  }
});

test("Another name of a namespace is another name in the answer, and nothing else", () => {
  for (const cluster of clusters) {
    const renamed = cluster.text
      .replaceAll(/namespace: a\b/g, "namespace: zz")
      .replaceAll("serviceaccount:a:", "serviceaccount:zz:")
      .replaceAll("serviceaccounts:a", "serviceaccounts:zz");
    const claims = cluster.claims.map(({ secret, ...claim }) => ({
      ...claim,
      secret: { ...secret, namespace: secret.namespace === "a" ? "zz" : secret.namespace },
    }));
    const count = (graph: SecurityGraph, of: FixtureCluster) =>
      (answers(graph, of) as unknown[][]).map((each) => each.length);
    const expected = count(graphOf(cluster.text), cluster);
    assert.deepEqual(count(graphOf(renamed), { ...cluster, claims }), expected, cluster.name);
  }
});

test("Every cluster added to another leaves its readers readers", () => {
  const [first, ...others] = clusters;
  assert.ok(first !== undefined);
  for (const other of others) {
    const both = graphOf(`${first.text}---\n${other.text}`);
    for (const cluster of [first, other]) {
      for (const { secret, principal, edge } of cluster.claims) {
        if (edge === undefined) continue;
        const readers = whoCan(both, secret, everything).readers.map(
          ({ principal: { kind, namespace, name } }) => `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`,
        );
        assert.ok(readers.includes(principal), `${principal} in ${cluster.name} with ${other.name}`);
      }
    }
  }
});
