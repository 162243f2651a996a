/** The graph of a large cluster: how long it is built, how large it is, how long an answer takes. */
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import { pathsBetween } from "../../src/sight/questions/path-between.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { generateCluster } from "../generated-cluster.ts";
import { quantile } from "../report.ts";
import type { Section } from "../report.ts";

const large = { namespaces: 300, nodes: 3000, accounts: 5000, pods: 30_000, secrets: 20_000, bindings: 10_000 };
const small = { namespaces: 30, nodes: 300, accounts: 500, pods: 3000, secrets: 2000, bindings: 1000 };

export async function measureSight(quick: boolean): Promise<Section> {
  const size = quick ? small : large;
  const facts = generateCluster(size);
  const started = performance.now();
  const graph = buildGraph(facts);
  const buildSeconds = (performance.now() - started) / 1000;
  const milliseconds: number[] = [];
  const pathMilliseconds: number[] = [];
  let readers = 0;
  for (let n = 0; n < 200; n++) {
    const number = (n * 97) % size.secrets;
    const secret = { namespace: `team-${number % size.namespaces}`, name: `secret-${number}` };
    const asked = performance.now();
    const found = whoCan(graph, secret, { onlyDirect: false, hopsMax: Infinity }).readers;
    milliseconds.push(performance.now() - asked);
    readers += found.length;
    const accounts = found.filter(({ principal }) => principal.kind === "ServiceAccount");
    const account = accounts[n % accounts.length]?.principal;
    if (account === undefined) continue;
    const pathsAsked = performance.now();
    const ends = [`sa/${account.namespace}/${account.name}`, `secret/${secret.namespace}/${secret.name}`] as const;
    pathsBetween(graph, ...ends, 20);
    pathMilliseconds.push(performance.now() - pathsAsked);
  }
  const counts = `${size.pods} pods, ${size.secrets} secrets, ${size.bindings} bindings`;
  const edges = `${graph.nodes.length} nodes, ${graph.edges.from.length} edges`;
  return {
    name: `Sight: ${counts}`,
    figures: [
      { name: "build of the graph", value: buildSeconds, unit: "s", goal: { relation: "<", value: 60 }, detail: edges },
      {
        name: "memory of the process with facts and graph",
        value: process.memoryUsage().rss / 2 ** 20,
        unit: "MiB",
        goal: { relation: "<", value: 2048 },
      },
      {
        name: "who-can, 95th percentile",
        value: quantile(milliseconds, 0.95),
        unit: "ms",
        goal: { relation: "<", value: 50 },
        detail: `median ${quantile(milliseconds, 0.5).toFixed(1)} ms, ${Math.round(readers / milliseconds.length)} readers each`,
      },
      {
        name: "the 20 easiest paths of an account to a secret, 95th percentile",
        value: quantile(pathMilliseconds, 0.95),
        unit: "ms",
        goal: { relation: "<", value: 250 },
      },
    ],
  };
}
