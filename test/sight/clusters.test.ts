/** Every edge of the table in a cluster of its own: who reads, who does not, and which line decides it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeRules } from "../../src/sight/graph/edge-rules.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { fixtureClusters, graphOf, readersOf } from "./fixture-cluster.ts";
import type { Claim } from "./fixture-cluster.ts";

const clusters = fixtureClusters();
const everything = { onlyDirect: false, hopsMax: Infinity };
const edgeMark = /# <- edge$/;

function holds(text: string, { secret, principal, edge }: Claim): boolean {
  const found = readersOf(graphOf(text), secret).get(principal);
  return edge === undefined ? found === undefined : found === edge;
}

for (const { name, text, claims } of clusters) {
  test(`${name}: exactly those read who are said to`, () => {
    assert.ok(claims.some(({ edge }) => edge !== undefined) && claims.some(({ edge }) => edge === undefined));
    for (const claim of claims) {
      const found = readersOf(graphOf(text), claim.secret).get(claim.principal);
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
      assert.deepEqual(graphOf(without).coverage.problems, [], `line ${index + 1} goes without a trace`);
      const flipped = positive.filter(({ secret, principal }) => !readersOf(graphOf(without), secret).has(principal));
      assert.ok(flipped.length > 0, `nothing changed without line ${index + 1}: ${lines[index]}`);
      for (const claim of claims.filter(({ edge }) => edge === undefined)) assert.ok(holds(without, claim));
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
          if (edge !== "member-of" && edge !== "super-user")
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
