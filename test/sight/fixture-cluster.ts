/**
 * Clusters as YAML that say themselves who reads what, in the comments at their beginning:
 *
 *     # reads NAMESPACE/SECRET: KIND NAME by EDGE     EDGE is the first step
 *     # never NAMESPACE/SECRET: KIND NAME
 *
 *     # server strongroom                             what it is a dump of; a Kubernetes where nothing is said
 *
 * A line that ends with `# <- edge` is one without which somebody of `reads` no longer does; one with `# <- way` is one
 * without which somebody no longer does in the way that is said.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { buildGraph } from "../../src/sight/graph/build-graph.ts";
import type { SecurityGraph } from "../../src/sight/graph/security-graph.ts";
import { objectText } from "../../src/sight/questions/principal.ts";
import { whoCan } from "../../src/sight/questions/who-can.ts";
import { readText } from "../../src/sight/sources/file-source.ts";

export interface FixtureCluster {
  readonly name: string;
  readonly text: string;
  readonly claims: readonly Claim[];
}

export interface Claim {
  readonly secret: { readonly namespace: string; readonly name: string };
  readonly principal: string;
  /** The first step of the way; undefined for who must not read. */
  readonly edge: string | undefined;
}

const folder = join(import.meta.dirname, "clusters");
const everything = { onlyDirect: false, hopsMax: Infinity };

export function fixtureClusters(): FixtureCluster[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  return names.map((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    return { name: name.replace(/\.yaml$/, ""), text, claims: claimsOf(text) };
  });
}

function claimsOf(text: string): Claim[] {
  return Array.from(text.matchAll(/^# (reads|never) (\S+)\/(\S+): (\S+ \S+)(?: by (\S+))?$/gm), (found) => {
    const [, , namespace = "", name = "", principal = "", edge] = found;
    return { secret: { namespace, name }, principal, edge };
  });
}

/** Whether the cluster is a server of ours. */
export function isOfStrongroom(text: string): boolean {
  return /^# server strongroom$/m.test(text);
}

export function graphOf(text: string): SecurityGraph {
  const facts = readText("dump", "cluster.yaml", text);
  if (isOfStrongroom(text)) {
    facts.origin = {
      id: "fixture",
      version: "",
      server: "strongroom",
      level: "metadata",
      readAt: "2026-01-02T03:04:05Z",
    };
  }
  return buildGraph(facts);
}

/** Who reads a secret, with the first step of each. */
export function readersOf(graph: SecurityGraph, secret: Claim["secret"]): Map<string, string> {
  const { readers } = whoCan(graph, secret, everything);
  return new Map(readers.map(({ principal, path }) => [objectText(principal), path[0]?.edge ?? ""]));
}
