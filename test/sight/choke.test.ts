/** Choke points: what is claimed of a removal is what a graph without it says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { pathsTo } from "../../src/sight/graph/shortest-paths.ts";
import { choke } from "../../src/sight/questions/choke.ts";
import { objectText } from "../../src/sight/questions/principal.ts";
import { removalsOf } from "../../src/sight/questions/removal.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { edgeRules } from "../../src/sight/graph/edge-rules.ts";
import { readText } from "../../src/sight/sources/file-source.ts";
import { shapeErrors } from "./answer-schema.ts";
import { fixtureClusters } from "./fixture-cluster.ts";
import { run } from "./run-sight.ts";

const clusters = fixtureClusters();
const everything = { onlyDirect: false, hopsMax: Infinity };
const factsOf = (text: string) => readText("dump", "cluster.yaml", text);

const sum = (values: Iterable<number>) => Math.round(10 * [...values].reduce((all, risk) => all + risk, 0)) / 10;

test("In every fixture cluster, each removal that is shown does what it says, and never raises a risk", () => {
  let tried = 0;
  for (const { name, text, claims } of clusters) {
    for (const { secret } of claims) {
      const before = new Map(
        whoCan(buildGraph(factsOf(text)), secret, everything).readers.map(({ principal, risk }) => [
          objectText(principal),
          risk,
        ]),
      );
      const without = new Map<string, number>();
      const graph = buildGraph(factsOf(text));
      const paths = pathsTo(graph, graph.edgesTo(secret));
      for (const [from, number] of paths.next.entries()) {
        const last = paths.last.get(from);
        if (last === undefined && number < 0) continue;
        const to = last === undefined ? graph.edges.to[number]! : -1;
        const rule = edgeRules[last?.rule ?? graph.edges.rule[number]!]!;
        const proof = last?.proof ?? graph.proof(number);
        const edge = { from: graph.nodes[from]!, to: graph.nodes[to], toNumber: to, number, rule, proof };
        for (const { changes, what } of removalsOf(graph.facts, edge, secret)) {
          const changed = factsOf(text);
          for (const change of changes) changed.replace(change, change.facts);
          tried++;
          const { readers } = whoCan(buildGraph(changed), secret, everything);
          without.set(what, sum(readers.map(({ risk }) => risk)));
          for (const { principal, risk } of readers) {
            const old = before.get(objectText(principal));
            assert.ok(old !== undefined && risk <= old, `${objectText(principal)} without ${what} in ${name}`);
          }
        }
      }
      const answer = choke(factsOf(text), secret, 50);
      assert.equal(answer.risk, sum(before.values()), name);
      for (const { what, noLonger, still, risk, readers } of answer.removals) {
        assert.ok(risk < answer.risk, `${what} in ${name}`);
        assert.equal(risk, without.get(what), `${what} in ${name}`);
        assert.equal(readers, answer.readers - noLonger.length, `${what} in ${name}`);
        for (const { principal } of still) assert.ok(before.has(objectText(principal)));
      }
      const gains = answer.removals.map(
        ({ risk, effort }) => (answer.risk - risk) / { small: 1, medium: 2, large: 4 }[effort],
      );
      assert.deepEqual(
        gains,
        gains.toSorted((a, b) => b - a),
        name,
      );
    }
  }
  assert.ok(tried > 100);
});

const twoWays = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: a}
rules:
  - {verbs: [get], apiGroups: [""], resources: [secrets]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: one, namespace: a}
roleRef: {kind: Role, name: reader}
subjects: [{kind: User, name: jane}, {kind: User, name: joe}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: two, namespace: a}
roleRef: {kind: Role, name: reader}
subjects: [{kind: User, name: jane}]
`;

test("A fix that leaves another way is shown with that way", () => {
  const { removals, readers } = choke(factsOf(twoWays), { namespace: "a", name: "db" }, 10);
  assert.equal(readers, 3); // and system:masters
  const shown = removals.map(({ type, what, noLonger, still }) => [
    `${type} ${what}`,
    noLonger.map(({ name }) => name),
    still.map(({ principal, path }) => [principal.name, path[0]?.proof[0]?.object]),
  ]);
  assert.deepEqual(
    shown,
    [
      ["binding RoleBinding a/one", ["joe"], [["jane", "RoleBinding a/two"]]],
      ["subject subject User joe of RoleBinding a/one", ["joe"], []],
      ["rule rule 1 of Role a/reader", ["jane", "joe"], []],
    ].toSorted((a, b) => shown.findIndex(([x]) => x === a[0]) - shown.findIndex(([x]) => x === b[0])),
  );
});

test("choke says what to remove, what falls and who still reads, and how mounts and tokens are taken out", async () => {
  const ask = async (file: string, ...words: string[]) => (await run("choke", "a/db", "--dump", file, ...words)).stdout;
  const text = await ask("exec-pod.yaml");
  assert.match(text, /^Secret a\/db: \d can read it, with a risk of [\d.]+ in all\.$/m);
  assert.match(
    text,
    /Take out Secret a\/db in Pod a\/web: the risk falls by [\d.]+, \d of \d still read it \(effort: large\)/,
  );
  assert.match(text, /Delete RoleBinding a\/this-pod: .*\(effort: small\)\n {3}no longer: User this-pod$/m);
  const token = await ask("pod-identity.yaml", "--top", "50");
  assert.match(token, /Take out rule 1 of Role a\/\S+: the risk falls by/);
  const answer: unknown = JSON.parse(await ask("token-secret.yaml", "-o", "json"));
  assert.deepEqual(shapeErrors("choke", answer), []);
  assert.match(await ask("token-secret.yaml"), /Delete Secret a\/app-token: /);
  assert.match(await ask("token-secret.yaml", "-o", "mermaid"), /^flowchart LR/);
  assert.equal((await run("choke", "a/db", "--dump", "get-secret.yaml", "--top", "51")).code, 2);
  assert.equal((await run("choke", "db", "--dump", "get-secret.yaml")).code, 2);
});
