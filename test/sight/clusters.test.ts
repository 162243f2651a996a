/** Every edge of the table in a cluster of its own: who reads, who does not, and which line decides it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeRules } from "../../src/sight/graph/edge-rules.ts";
import type { SecurityGraph } from "../../src/sight/graph/security-graph.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { fixtureClusters, graphOf, readersOf } from "./fixture-cluster.ts";
import type { Claim } from "./fixture-cluster.ts";

const clusters = fixtureClusters();
const everything = { onlyDirect: false, hopsMax: Infinity };
const edgeMark = /# <- (edge|way)$/;

function holds(graph: SecurityGraph, { secret, principal, edge }: Claim): boolean {
  const found = readersOf(graph, secret).get(principal);
  return edge === undefined ? found === undefined : found === edge;
}

for (const { name, text, claims } of clusters) {
  test(`${name}: exactly those read who are said to`, () => {
    assert.ok(claims.some(({ edge }) => edge !== undefined) && claims.some(({ edge }) => edge === undefined));
    const graph = graphOf(text);
    for (const claim of claims) {
      const found = readersOf(graph, claim.secret).get(claim.principal);
      assert.equal(found, claim.edge, `${claim.principal} reads ${claim.secret.namespace}/${claim.secret.name}`);
    }
  });

  test(`${name}: without a line that bears an edge, somebody reads no longer`, () => {
    const lines = text.split("\n");
    const bearing = lines.flatMap((line, index) => (edgeMark.test(line) ? [index] : []));
    assert.ok(bearing.length > 0);
    const positive = claims.filter(({ edge }) => edge !== undefined);
    for (const index of bearing) {
      const without = lines.toSpliced(index, 1).join("\n");
      const graph = graphOf(without);
      assert.deepEqual(graph.coverage.problems, [], `line ${index + 1} goes without a trace`);
      const isWay = lines[index]?.endsWith("way") === true;
      const flipped = positive.filter(({ secret, principal, edge }) => {
        const found = readersOf(graph, secret).get(principal);
        return isWay ? found !== edge : found === undefined;
      });
      assert.ok(flipped.length > 0, `nothing changed without line ${index + 1}: ${lines[index]}`);
      for (const claim of claims.filter(({ edge }) => edge === undefined)) assert.ok(holds(graph, claim));
    }
  });
}

test("Every edge of the table is a step, or a part of one, in some cluster", () => {
  const seen = new Set<string>();
  for (const { text, claims } of clusters) {
    const graph = graphOf(text);
    for (const { secret } of claims) {
      for (const { path } of whoCan(graph, secret, everything).readers) for (const { edge } of path) seen.add(edge);
    }
  }
  const steps = edgeRules.filter(({ free, id }) => !free || id === "member-of").map(({ id }) => id);
  assert.deepEqual(
    steps.filter((id) => !seen.has(id)),
    [],
  );
});

test("Every step says why, with the place of what proves it", () => {
  for (const { text, claims } of clusters) {
    const graph = graphOf(text);
    for (const { secret } of claims) {
      for (const { path } of whoCan(graph, secret, everything).readers) {
        for (const { edge, because, proof } of path) {
          assert.notEqual(because, "");
          // A node need not be in the source for its pods to be on it.
          if (!["member-of", "super-user", "kubelet-credentials"].includes(edge))
            assert.match(proof[0]?.place ?? "", /^(?:cluster\.yaml:\d+|Kubernetes)/);
        }
      }
    }
  }
});

test("Nothing in an answer is a value of a secret", () => {
  for (const { text, claims } of clusters) {
    const graph = graphOf(text);
    for (const { secret } of claims) {
      assert.doesNotMatch(JSON.stringify(whoCan(graph, secret, everything)), /aHVudGVyMg|hunter2/);
    }
  }
});
