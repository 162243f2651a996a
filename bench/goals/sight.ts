/** The graph of a large cluster: how long it is built, how large it is, how long a change and an answer take. */
import type { BindingFact } from "../../src/sight/facts/facts.ts";
import { LiveGraph } from "../../src/sight/graph/live-graph.ts";
import { LiveSight } from "../../src/sight/live/live-sight.ts";
import type { ObjectFeed, ObjectState } from "../../src/sight/live/object-feed.ts";
import { pathsBetween } from "../../src/sight/questions/path-between.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { generateCluster } from "../generated-cluster.ts";
import { generatedObjects } from "../generated-objects.ts";
import type { ClusterSize } from "../generated-cluster.ts";
import { scanFigures } from "./scan-dump.ts";
import { quantile } from "../report.ts";
import type { Figure, Section } from "../report.ts";

const large = { namespaces: 300, nodes: 3000, accounts: 5000, pods: 30_000, secrets: 20_000, bindings: 10_000 };
const small = { namespaces: 30, nodes: 300, accounts: 500, pods: 3000, secrets: 2000, bindings: 1000 };

export async function measureSight(quick: boolean): Promise<Section> {
  const size = quick ? small : large;
  const facts = generateCluster(size);
  const started = performance.now();
  const live = new LiveGraph(facts);
  const { nodes, edges } = live.graph();
  const buildSeconds = (performance.now() - started) / 1000;
  return {
    name: `Sight: ${size.pods} pods, ${size.secrets} secrets, ${size.bindings} bindings`,
    figures: [
      {
        name: "build of the graph",
        value: buildSeconds,
        unit: "s",
        goal: { relation: "<", value: 60 },
        detail: `${nodes.length} nodes, ${edges.from.length} edges`,
      },
      {
        name: "memory of the process with facts and graph",
        value: process.memoryUsage().rss / 2 ** 20,
        unit: "MiB",
        goal: { relation: "<", value: 2048 },
      },
      ...answerFigures(live, size),
      changeFigure(live, size),
      directFigure(),
      ...(await workerFigures(generatedObjects(facts))),
      ...scanFigures(quick),
    ],
  };
}

function answerFigures(live: LiveGraph, size: ClusterSize): Figure[] {
  const graph = live.graph();
  const milliseconds: number[] = [];
  const pathMilliseconds: number[] = [];
  let readers = 0;
  for (let n = 0; n < 200; n++) {
    const secret = secretOf(size, n);
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
  return [
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
  ];
}

const subjects = 10_000;

/** One secret that each of many accounts may get, by bindings of a hundred each. */
function directFigure(): Figure {
  const size = { namespaces: 100, nodes: 100, accounts: subjects, pods: 1000, secrets: 2000, bindings: 1000 };
  const facts = generateCluster(size);
  const secret = secretOf(size, 0);
  const { namespace } = secret;
  const at = { file: "generated", document: 1, item: undefined, line: 1 };
  const rule = {
    verbs: ["get"],
    apiGroups: [""],
    resources: ["secrets"],
    resourceNames: [secret.name],
    nonResourceURLs: [],
  };
  const rules = [{ number: 1, at, rule }];
  facts.add({ kind: "Role", namespace, name: "shared", at, labels: new Map(), aggregates: [], rules });
  for (let n = 0; n < subjects / 100; n++) {
    const bound = Array.from({ length: 100 }, (_, index) => index * 100 + n);
    facts.add({
      ...bindingOf({ kind: "RoleBinding", namespace, name: `shared-${n}` }, ""),
      roleRef: { kind: "Role", name: "shared" },
      subjects: bound.map((account) => ({
        kind: "ServiceAccount",
        namespace: `team-${account % size.namespaces}`,
        name: `account-${account}`,
      })),
    });
  }
  const graph = new LiveGraph(facts).graph();
  const milliseconds: number[] = [];
  let readers = 0;
  for (let n = 0; n < 50; n++) {
    const asked = performance.now();
    readers = whoCan(graph, secret, { onlyDirect: true, hopsMax: Infinity }).readers.length;
    milliseconds.push(performance.now() - asked);
  }
  return {
    name: `who-can --direct of a secret that ${subjects.toLocaleString("en-US")} accounts may get, 95th percentile`,
    value: quantile(milliseconds, 0.95),
    unit: "ms",
    goal: { relation: "<", value: 50 },
    detail: `median ${quantile(milliseconds, 0.5).toFixed(1)} ms, ${readers} readers`,
  };
}

/** One RoleBinding comes, changes its subject, goes; each time until the graph can be asked. */
function changeFigure(live: LiveGraph, size: ClusterSize): Figure {
  const milliseconds: number[] = [];
  for (let n = 0; n < 60; n++) {
    const place = { kind: "RoleBinding", namespace: `team-${n % size.namespaces}`, name: "changing" } as const;
    for (const user of ["one", "other", undefined]) {
      const facts = user === undefined ? [] : [bindingOf(place, user)];
      const started = performance.now();
      live.apply([{ ...place, facts }]);
      live.graph();
      milliseconds.push(performance.now() - started);
    }
  }
  return {
    name: "change of one RoleBinding, 95th percentile",
    value: quantile(milliseconds, 0.95),
    unit: "ms",
    goal: { relation: "<", value: 100 },
    detail: `median ${quantile(milliseconds, 0.5).toFixed(1)} ms`,
  };
}

const objectsPerPage = 1000;

/** A graph of its own in its thread, fed page by page as our store is read; meanwhile this thread looks at its own clock. */
async function workerFigures(objects: readonly ObjectState[]): Promise<Figure[]> {
  const feed: ObjectFeed = {
    version: "v1.34.0",
    async follow(_isLookedAt, tell) {
      for (let place = 0; place < objects.length; place += objectsPerPage) {
        for (const object of objects.slice(place, place + objectsPerPage)) tell(object);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return { caughtUp: async () => {}, [Symbol.asyncDispose]: async () => {} };
    },
  };
  const failures: unknown[] = [];
  const timers = { now: () => Date.now(), after: () => ({ cancel: () => {} }) };
  await using sight = new LiveSight({ feed, timers, onError: (error) => void failures.push(error) });
  const turns = watchTurns();
  const started = performance.now();
  await sight.ask({
    type: "who-can",
    secret: { namespace: "team-1", name: "secret-1" },
    onlyDirect: false,
    hopsMax: undefined,
    limit: 100,
  });
  const seconds = (performance.now() - started) / 1000;
  const longest = turns.end();
  if (failures.length > 0) throw failures[0];
  return [
    { name: "first answer of the server's own graph, from nothing", value: seconds, unit: "s" },
    {
      name: "longest turn of the server's own thread meanwhile, processor time",
      value: longest.processor,
      unit: "ms",
      goal: { relation: "<", value: 50 },
      detail: `${longest.clock.toFixed(0)} ms by the clock, with what else the machine did`,
    },
  ];
}

/**
 * The longest turn of the event loop of this thread in milliseconds, by the clock and by the processor time that the thread
 * took: what others of the machine take shows in the first only.
 */
function watchTurns() {
  let isEnded = false;
  const longest = { clock: 0, processor: 0 };
  const read = () => {
    const { user, system } = process.threadCpuUsage();
    return { clock: performance.now(), processor: (user + system) / 1000 };
  };
  let last = read();
  const turn = () => {
    const now = read();
    longest.clock = Math.max(longest.clock, now.clock - last.clock);
    longest.processor = Math.max(longest.processor, now.processor - last.processor);
    last = now;
    if (!isEnded) setImmediate(turn);
  };
  setImmediate(turn);
  return {
    end: () => {
      isEnded = true;
      return longest;
    },
  };
}

function bindingOf(place: Pick<BindingFact, "kind" | "namespace" | "name">, user: string): BindingFact {
  return {
    ...place,
    at: { file: "changed", document: 1, item: undefined, line: undefined },
    roleRef: { kind: "ClusterRole", name: "edit" },
    subjects: [{ kind: "User", name: user, namespace: "" }],
  };
}

/** One of the secrets, another for each number. */
function secretOf(size: ClusterSize, n: number): { readonly namespace: string; readonly name: string } {
  const number = (n * 97) % size.secrets;
  return { namespace: `team-${number % size.namespaces}`, name: `secret-${number}` };
}
