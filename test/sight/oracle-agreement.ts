/** Asks a server that speaks the API of Kubernetes about policies, to hold the graph of the same objects against it. */
import assert from "node:assert/strict";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import type { SecurityGraph } from "../../src/sight/graph/security-graph.ts";
import { readText } from "../../src/sight/sources/file-source.ts";
import type { Answer, Call } from "../running-server.ts";
import { graphAllows, pathOf, randomPolicy, reviewOf, triples } from "./oracle-policy.ts";

export type CallServer = (method: string, path: string, call?: Call) => Promise<Answer>;

const kinds = [
  "/apis/rbac.authorization.k8s.io/v1/roles",
  "/apis/rbac.authorization.k8s.io/v1/clusterroles",
  "/apis/rbac.authorization.k8s.io/v1/rolebindings",
  "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
  "/api/v1/serviceaccounts",
  "/api/v1/pods",
];

const reviewsPath = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
const askedAtOnce = 16;

/** What a server answers to every triple of a policy, and the graph of what it then has. */
export interface OracleAnswers {
  readonly answers: readonly boolean[];
  readonly graph: SecurityGraph;
}

/** Gives the server a policy for the time of the questions; namespaces stay. */
export async function askServer(call: CallServer, seed: number): Promise<OracleAnswers> {
  const policy = randomPolicy(seed);
  for (const object of policy) {
    const { status, text } = await call("POST", pathOf(object), { body: object });
    assert.ok(status === 201 || (status === 409 && object.kind === "Namespace"), text);
  }
  const graph = graphOfObjects(await objectsOf(call));
  const answers: boolean[] = [];
  const asked = triples();
  for (let place = 0; place < asked.length; place += askedAtOnce) {
    const some = asked.slice(place, place + askedAtOnce);
    answers.push(...(await Promise.all(some.map(async (triple) => isAllowed(call, reviewOf(triple))))));
  }
  for (const object of policy) {
    if (object.kind === "Namespace") continue;
    const { status, text } = await call("DELETE", `${pathOf(object)}/${object.metadata.name}`);
    assert.equal(status, 200, text);
  }
  return { answers, graph };
}

async function isAllowed(call: CallServer, review: object): Promise<boolean> {
  const { status, json, text } = await call("POST", reviewsPath, { body: review });
  assert.equal(status, 201, text);
  return json.status.allowed as boolean;
}

/** Raises for the first triple about which the graph and the oracle disagree; returns how many are allowed. */
export function assertAgreement(graph: SecurityGraph, answers: readonly boolean[]): number {
  const asked = triples();
  assert.equal(answers.length, asked.length);
  for (const [index, triple] of asked.entries()) {
    assert.equal(graphAllows(graph, triple), answers[index], JSON.stringify(triple));
  }
  return answers.filter(Boolean).length;
}

export function graphOfObjects(items: readonly object[]): SecurityGraph {
  return buildGraph(readText("dump", "server.json", JSON.stringify({ apiVersion: "v1", kind: "List", items })));
}

async function objectsOf(call: CallServer): Promise<object[]> {
  const items: object[] = [];
  for (const path of kinds) {
    const { status, json, text } = await call("GET", path);
    assert.equal(status, 200, text);
    const { kind, apiVersion, items: found } = json as { kind: string; apiVersion: string; items: object[] };
    items.push(...found.map((item) => ({ kind: kind.replace(/List$/, ""), apiVersion, ...item })));
  }
  return items;
}
