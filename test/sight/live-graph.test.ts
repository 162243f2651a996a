/** A graph that took changes one by one is the one that is built from what is there at the end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as assertProperty, property } from "fast-check";
import { factKey } from "../../src/sight/facts/fact-set.ts";
import type { Fact } from "../../src/sight/facts/facts.ts";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { edgeRules } from "../../src/sight/graph/edge-rules.ts";
import { nodeKey } from "../../src/sight/graph/graph-node.ts";
import { LiveGraph } from "../../src/sight/graph/live-graph.ts";
import type { SecurityGraph } from "../../src/sight/graph/security-graph.ts";
import { whatCan } from "../../src/sight/questions/what-can.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { anyChange, anyFact, knownFacts } from "./random-facts.ts";
import type { RandomChange } from "./random-facts.ts";

const everything = { onlyDirect: false, hopsMax: Infinity };
const secrets = [
  { namespace: "a", name: "db" },
  { namespace: "b", name: "token" },
  { namespace: "a", name: "new" },
];

/** Every node and every edge with what proves it, in an order that says nothing. */
function contentOf(graph: SecurityGraph): unknown {
  const { from, to, rule } = graph.edges;
  const edges = Array.from(from, (start, edge) => {
    const { grants, facts } = graph.proof(edge);
    const proof = [
      ...grants.map((grant) => [grant.binding?.name, grant.role.kind, grant.role.name, grant.rule.number]),
      ...facts.map(({ kind, namespace, name }) => [kind, namespace, name]),
    ];
    const ends = [start, to[edge]!].map((end) => nodeKey(graph.nodes[end]!));
    return JSON.stringify([ends, edgeRules[rule[edge]!]?.id, proof]);
  });
  return { nodes: graph.nodes.map(nodeKey).sort(), edges: edges.sort() };
}

function answersOf(graph: SecurityGraph): unknown {
  return [
    ...secrets.map((secret) => whoCan(graph, secret, everything)),
    whoCan(graph, { namespace: "a", name: "db" }, { onlyDirect: true, hopsMax: 2 }),
    ...["user/jane", "sa/b/app", "group/team"].map((subject) => whatCan(graph, subject)),
  ];
}

function assertSame(actual: SecurityGraph, expected: SecurityGraph): void {
  assert.deepEqual(contentOf(actual), contentOf(expected));
  assert.deepEqual(answersOf(actual), answersOf(expected));
}

function stateAfter(facts: readonly Fact[], changes: readonly RandomChange[]): Fact[] {
  const state = new Map<string, Fact>();
  for (const fact of facts) state.set(factKey(fact), fact);
  for (const { facts: left, ...place } of changes) {
    state.delete(factKey(place));
    for (const fact of left) state.set(factKey(fact), fact);
  }
  return [...state.values()];
}

test("After any changes, one by one or together, the graph is the one built from scratch", () => {
  let edges = 0;
  assertProperty(
    property(
      array(anyFact, { maxLength: 25 }),
      array(array(anyChange, { maxLength: 3 }), { maxLength: 12 }),
      (facts, steps) => {
        const live = new LiveGraph(knownFacts(facts));
        live.graph();
        for (const [index, step] of steps.entries()) {
          live.apply(step);
          const expected = buildGraph(knownFacts(stateAfter(facts, steps.slice(0, index + 1).flat())));
          assertSame(live.graph(), expected);
          edges += expected.edges.from.length;
        }
      },
    ),
    { numRuns: 300 },
  );
  assert.ok(edges > 10_000, "the clusters have edges");
});

test("The order of the facts does not matter, not even to the reasons that are given", () => {
  assertProperty(
    property(array(anyFact, { maxLength: 40 }), (facts) => {
      const state = stateAfter(facts, []);
      assertSame(buildGraph(knownFacts(state.toReversed())), buildGraph(knownFacts(state)));
    }),
    { numRuns: 200 },
  );
});

test("What-if answers for the changed cluster, and leaves everything as it was", () => {
  assertProperty(
    property(array(anyFact, { maxLength: 25 }), array(anyChange, { minLength: 1, maxLength: 5 }), (facts, changes) => {
      const live = new LiveGraph(knownFacts(facts));
      const before = { content: contentOf(live.graph()), answers: answersOf(live.graph()) };
      const asked = live.whatIf(changes, (graph) => [contentOf(graph), answersOf(graph)]);
      const changed = buildGraph(knownFacts(stateAfter(facts, changes)));
      assert.deepEqual(asked, [contentOf(changed), answersOf(changed)]);
      assert.deepEqual({ content: contentOf(live.graph()), answers: answersOf(live.graph()) }, before);
    }),
    { numRuns: 200 },
  );
});

test("What is unknown becomes known with its first object, and unknown again with a what-if undone", () => {
  const live = new LiveGraph(knownFacts([], []));
  assert.equal(whoCan(live.graph(), { namespace: "a", name: "s" }, everything).known, undefined);
  const at = { file: "f", document: 1, item: undefined, line: undefined };
  const secret = { kind: "Secret", namespace: "a", name: "s", type: "Opaque", keys: [], tokenOf: "", at } as const;
  const known = live.whatIf([{ ...secret, facts: [secret] }], (graph) => whoCan(graph, secret, everything).known);
  assert.equal(known, true);
  assert.equal(whoCan(live.graph(), { namespace: "a", name: "s" }, everything).known, undefined);
});

test("What a source tells is taken over: objects, and what it can no longer say", () => {
  const at = { file: "f", document: 1, item: undefined, line: undefined };
  const pod = {
    kind: "Pod",
    namespace: "a",
    name: "web",
    account: "gone",
    references: [],
    mountsToken: undefined,
    node: "",
    mirror: false,
    at,
  } as const;
  const live = new LiveGraph(knownFacts([]));
  live.take([{ type: "put", fact: pod }]);
  const hasToken = () => live.graph().edges.rule.includes(edgeRules.findIndex(({ id }) => id === "token-in-pod"));
  assert.equal(hasToken(), false, "the account is not there");
  const gap = { kind: "ServiceAccount", namespace: "a", reason: "forbidden", message: "refused" } as const;
  live.take([{ type: "gap", gap }]);
  assert.equal(hasToken(), true, "it may be there");
  assert.deepEqual(live.graph().coverage.gaps, [gap]);
  live.take([{ type: "known", kind: "ServiceAccount", namespace: "a" }]);
  assert.equal(hasToken(), false);
  live.take([
    { type: "problem", problem: { message: "broken", at } },
    { type: "delete", ...pod },
  ]);
  assert.deepEqual(live.graph().coverage.problems, [{ message: "broken", at }]);
  assert.equal(live.graph().find({ type: "workload", workload: pod }), undefined);
});

test("A graph that is asked after its facts changed raises instead of answering for another cluster", () => {
  const live = new LiveGraph(knownFacts([]));
  const graph = live.graph();
  live.apply([]);
  assert.throws(() => whoCan(graph, { namespace: "a", name: "s" }, everything), TypeError);
});

test("Changes that come and go leave nothing behind", () => {
  const role = { kind: "ClusterRole", namespace: "", name: "r", labels: new Map(), aggregates: [] } as const;
  const at = { file: "f", document: 1, item: undefined, line: undefined };
  const rule = { verbs: ["get"], apiGroups: [""], resources: ["secrets"], resourceNames: [], nonResourceURLs: [] };
  const live = new LiveGraph(knownFacts([{ ...role, at, rules: [{ rule, number: 1, at }] }]));
  live.graph();
  const before = live.size;
  for (let n = 0; n < 50; n++) {
    const subjects = [{ kind: "User", name: `user-${n}`, namespace: "" }];
    const place = { kind: "RoleBinding", namespace: `n-${n}`, name: "b" } as const;
    const binding = { ...place, roleRef: { kind: "ClusterRole", name: "r" }, subjects, at };
    live.apply([{ ...place, facts: [binding] }]);
    assert.ok(live.graph().find({ type: "user", name: `user-${n}` }) !== undefined);
    live.apply([{ ...place, facts: [] }]);
    live.graph();
  }
  assert.deepEqual(live.size, before);
});
