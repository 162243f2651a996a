/** Who comes to every secret of the cluster by more than one step: what nobody granted on purpose. */
import { builtIn } from "../facts/provenance.ts";
import type { ServerKind } from "../facts/server-profile.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";
import { pathsTo } from "../graph/shortest-paths.ts";
import { PathSteps } from "../questions/path-steps.ts";
import type { Step, Way } from "../questions/path-steps.ts";
import { objectText, principalsOf } from "../questions/principal.ts";
import type { Principal } from "../questions/principal.ts";
import { likelihoodOf } from "../questions/risk.ts";
import { makeFinding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { makeScore } from "./score.ts";
import { shellWord } from "./shell-word.ts";

/** One for each principal, for nodes one for each account that they run; who has the right itself is in the findings about grants. */
export function wideReach(graph: SecurityGraph): Finding[] {
  const everySecret = { kind: "read-secret", namespace: "", name: "" } as const;
  const target = graph.find({ type: "capability", capability: everySecret });
  if (target === undefined) return [];
  const { edges } = graph;
  const { starts, edges: incoming } = edges.incoming;
  const last = Array.from(incoming.slice(starts[target], starts[target + 1]), (edge) => {
    return { from: edges.from[edge]!, rule: edges.rule[edge]!, proof: graph.proof(edge) }; // edges have both
  });
  const paths = pathsTo(graph, last);
  const ways = new PathSteps(graph, paths, "every Secret");
  const reaching = principalsOf(graph).flatMap(({ number, principal }): Reaching[] => {
    const way = ways.from(number);
    const [first] = way.steps;
    // A tap sees what is written later, which is another thing than reading every secret.
    const taps = way.steps.some(({ edge }) => edge === "tap-by-webhook" || edge === "is-sent-secrets");
    return first === undefined || way.hops < 2 || first.edge === "member-of" || taps ? [] : [{ principal, way, first }];
  });
  // Thousands of nodes may run pods of one account.
  const groups = Map.groupBy(reaching, ({ principal, first }) => {
    return principal.kind === "Node" ? `every Node that runs ${first.to}` : objectText(principal);
  });
  return Array.from(groups, ([shown, members]) => findingOf(shown, members, graph.facts.server.kind));
}

interface Reaching {
  readonly principal: Principal;
  readonly way: Way;
  readonly first: Step;
}

function findingOf(shown: string, [member, ...others]: readonly Reaching[], server: ServerKind): Finding {
  if (member === undefined) throw new TypeError("a group must have a member");
  const { principal, way, first } = member;
  const more = others.length === 0 ? "" : ` (${others.length + 1} of them)`;
  const evidence = way.steps.flatMap(({ proof, because }) =>
    proof.map(({ object, place, at }) => ({ object, place, at, field: "", text: because })),
  );
  const source = likelihoodOf(principal, server) * way.ease;
  return makeFinding({
    check: "SR-ACC-001",
    object: { ...principal, at: evidence[0]?.at ?? builtIn },
    subject: shown,
    score: makeScore("risk", [
      { name: "source", value: source, because: `${shown} as an attacker, times the ease of the way` },
      { name: "sensitivity", value: 1, because: "every secret of the cluster" },
    ]),
    message: `${shown}${more} comes to every secret of the cluster in ${way.hops} steps`,
    evidence,
    path: way.steps,
    fix: first.fix,
    verify: { command: canReadAll(principal), expect: "no, and no way by who-can" },
  });
}

function canReadAll({ kind, namespace, name }: Principal): string {
  if (kind === "Group") return `kubectl auth can-i list secrets -A --as=anybody --as-group=${shellWord(name)}`;
  const user =
    kind === "ServiceAccount"
      ? `system:serviceaccount:${namespace}:${name}`
      : kind === "Node"
        ? `system:node:${name}`
        : name;
  return `kubectl auth can-i list secrets -A --as=${shellWord(user)}`;
}
