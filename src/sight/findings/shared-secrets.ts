/** Secrets that more than ten may read directly, told together where the same ones may. */
import { capabilitiesReaching } from "../graph/capability.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";
import type { SecretFact } from "../facts/facts.ts";
import { nodeText, objectText } from "../questions/principal.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { baseScore } from "./score.ts";
import { sourceFlag } from "./source-flag.ts";
import { shellWord } from "./shell-word.ts";

const readersMax = 10;
const namesShown = 10;

interface Shared {
  readonly secrets: SecretFact[];
  readonly readers: readonly string[];
}

/** One for each namespace and group of readers. Groups count as one; whoever is in them is not known. */
export function sharedSecrets(graph: SecurityGraph): Finding[] {
  const holders = new Map<number, readonly number[]>();
  const found = new Map<string, Shared>();
  for (const secret of graph.facts.of("Secret")) {
    const capabilities = capabilitiesReaching("read-secret", secret.namespace, secret.name).flatMap(
      (capability) => graph.find({ type: "capability", capability }) ?? [],
    );
    const key = `${secret.namespace}\n${[...new Set(capabilities)].join(" ")}`;
    const known = found.get(key);
    if (known !== undefined) {
      known.secrets.push(secret);
      continue;
    }
    const numbers = new Set(capabilities.flatMap((each) => directHolders(graph, each, holders)));
    const readers = Array.from(numbers, (number) => nodeText(graph.nodes[number]!)).sort(); // numbers of nodes
    found.set(key, { secrets: [secret], readers });
  }
  return [...found.values()].flatMap((shared) => sharedFinding(graph, shared));
}

/** Who has a capability by a right of their own, but for the platform's own. */
function directHolders(
  graph: SecurityGraph,
  capability: number,
  known: Map<number, readonly number[]>,
): readonly number[] {
  const cached = known.get(capability);
  if (cached !== undefined) return cached;
  const { from, rule, incoming } = graph.edges;
  const edges = incoming.edges.slice(incoming.starts[capability], incoming.starts[capability + 1]);
  const holders = Array.from(edges).flatMap((edge) => {
    const node = graph.nodes[from[edge]!];
    const isPerson = node?.type === "user" || node?.type === "group";
    const isPlatform =
      isPerson &&
      /^system:(?!serviceaccounts?:|authenticated|unauthenticated|anonymous)|^system:serviceaccount:kube-system:/.test(
        node.name,
      );
    return edgeRules[rule[edge]!]?.direct === true && isPerson && !isPlatform ? [from[edge]!] : [];
  });
  const unique = [...new Set(holders)];
  known.set(capability, unique);
  return unique;
}

function sharedFinding(graph: SecurityGraph, { secrets, readers }: Shared): Finding[] {
  const sorted = secrets.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const [first] = sorted;
  if (first === undefined || readers.length <= readersMax) return [];
  const shown = objectText(first);
  const needed = graph.usersOf(first).length;
  const more = secrets.length > 1 ? ` and ${secrets.length - 1} more of ${first.namespace}` : "";
  return [
    makeFinding({
      check: "SR-ACC-008",
      object: first,
      score: baseScore(4.5, {
        name: "readers",
        value: Math.min(2, 1 + Math.log10(readers.length / readersMax) / 2),
        because: `${readers.length} may read it`,
      }),
      message: `${readers.length} may read ${shown}${more}, which ${needed === 0 ? "no workload" : needed === 1 ? "one workload" : `${needed} workloads`} needs`,
      evidence: readers.slice(0, namesShown).map((reader) => ({
        ...evidenceOf(first, "", "it may read the secret by a right of its own"),
        object: reader,
      })),
      verify: {
        command: `strongroom who-can ${shellWord(`${first.namespace}/${first.name}`)} --direct${sourceFlag(graph.facts.source)}`,
        expect: "fewer readers",
      },
    }),
  ];
}
