/** The easiest ways, in order, against all ways there are. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { easiestWays } from "../../src/sight/graph/k-paths.ts";
import type { WayEnd } from "../../src/sight/graph/k-paths.ts";
import type { LastEdge, SecurityGraph } from "../../src/sight/graph/security-graph.ts";
import { edgeCosts, pathsTo } from "../../src/sight/graph/shortest-paths.ts";
import { pathBetween, pathsBetween } from "../../src/sight/questions/path-between.ts";
import { principalsOf } from "../../src/sight/questions/principal.ts";
import { fixtureClusters, graphOf } from "./fixture-cluster.ts";
import { run, subjectOf } from "./run-sight.ts";

/** The costs of all ways that visit nothing twice, by trying them all. */
function allCosts(graph: SecurityGraph, start: number, last: readonly LastEdge[]): number[] {
  const found: number[] = [];
  const visited = new Set<number>();
  const go = (node: number, cost: number) => {
    visited.add(node);
    const rules = new Set(last.filter(({ from }) => from === node).map(({ rule }) => rule));
    for (const rule of rules) found.push(cost + edgeCosts[rule]!);
    const { starts, edges } = graph.edges.outgoing;
    for (const edge of edges.subarray(starts[node], starts[node + 1])) {
      const to = graph.edges.to[edge]!;
      if (!visited.has(to)) go(to, cost + edgeCosts[graph.edges.rule[edge]!]!);
    }
    visited.delete(node);
  };
  go(start, 0);
  return found.sort((a, b) => a - b);
}

function costOf(graph: SecurityGraph, end: WayEnd): number {
  let cost = 0;
  for (let way: WayEnd | undefined = end; way !== undefined; way = way.before) {
    cost += edgeCosts[way.last?.rule ?? graph.edges.rule[way.edge]!]!;
  }
  return cost;
}

test("Of every principal in every fixture cluster, all ways are found, the easiest first", () => {
  let several = 0;
  for (const { name, text, claims } of fixtureClusters()) {
    const graph = graphOf(text);
    for (const { secret } of claims) {
      const last = graph.edgesTo(secret);
      const paths = pathsTo(graph, last);
      for (const { number: start } of principalsOf(graph)) {
        const expected = allCosts(graph, start, last).map((cost) => cost.toFixed(8));
        const { ways, complete } = easiestWays(graph, { start, last, paths, count: expected.length + 1 });
        const costs = ways.map((way) => costOf(graph, way).toFixed(8));
        assert.deepEqual([costs, complete], [expected, true], name);
        if (expected.length > 1) several++;
        const few = easiestWays(graph, { start, last, paths, count: 1 });
        assert.deepEqual(few.ways.length, Math.min(1, expected.length));
        assert.equal(few.complete, expected.length <= 1);
      }
    }
  }
  assert.ok(several > 20, "the clusters have places with several ways");
});

test("The first of several paths is the one path that path shows", () => {
  for (const { text, claims, name } of fixtureClusters()) {
    const graph = graphOf(text);
    for (const { secret, principal } of claims) {
      const [from, to] = [subjectOf(principal), `secret/${secret.namespace}/${secret.name}`];
      const one = pathBetween(graph, from, to);
      const [first] = pathsBetween(graph, from, to, 3).paths;
      assert.equal(first?.hops ?? 0, one.hops, `${principal} in ${name}`);
      assert.ok(Math.abs((first?.ease ?? 0) - one.ease) < 1e-9, `${principal} in ${name}`);
    }
  }
});

test("path --top and --all show several paths, or say that none is known", async () => {
  const ask = (...flags: string[]) =>
    run("path", "user/owner", "secret/a/db", "--dump", "default-roles.yaml", ...flags);
  const top = await ask("--top", "2");
  assert.match(top.stdout, /^2 paths\.\nThere are more, /);
  assert.match(top.stdout, /^Path 2: /m);
  const all = JSON.parse((await ask("--all", "-o", "json")).stdout) as { paths: unknown[]; complete: boolean };
  assert.ok(all.paths.length > 2 && all.complete);
  assert.equal(new Set(all.paths.map((path) => JSON.stringify(path))).size, all.paths.length);
  const none = await run("path", "user/nobody", "secret/a/db", "--dump", "default-roles.yaml", "--all");
  assert.match(none.stdout, /^No path from user\/nobody to secret\/a\/db is known\.$/m);
  for (const flags of [
    ["--top", "0"],
    ["--top", "1001"],
    ["--top", "x"],
    ["--top", "2", "--all"],
  ]) {
    assert.equal((await ask(...flags)).code, 2, flags.join(" "));
  }
});
