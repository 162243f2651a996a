/** People who may act as an account of their namespace that reads secrets beyond it. */
import { accountOf } from "../graph/graph-node.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";
import { grantText } from "../questions/path-steps.ts";
import { nodeText, objectText } from "../questions/principal.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { shellWord } from "./shell-word.ts";

interface Holder {
  readonly number: number;
  readonly edge: number;
}

/** One for each person or group and account. */
export function strongerAccounts(graph: SecurityGraph): Finding[] {
  const strong = strongAccounts(graph);
  return graph.nodes.flatMap((node, number) => {
    if (node.type !== "capability" || node.capability.kind !== "become-account" || node.capability.namespace === "")
      return [];
    const { namespace, name } = node.capability;
    const accounts = (strong.get(namespace) ?? []).filter((account) => name === "" || account.name === name);
    if (accounts.length === 0) return [];
    return peopleWith(graph, number).flatMap((holder) =>
      accounts.flatMap((account) => strongerFinding(graph, holder, { namespace, ...account })),
    );
  });
}

interface StrongAccount {
  readonly name: string;
  /** The edge that shows it. */
  readonly edge: number;
}

/** Accounts that read every secret of another namespace, or of all, by their namespace. */
function strongAccounts(graph: SecurityGraph): Map<string, StrongAccount[]> {
  const found = new Map<string, StrongAccount[]>();
  const { from, to, rule } = graph.edges;
  for (let edge = 0; edge < from.length; edge++) {
    if (edgeRules[rule[edge]!]?.direct !== true) continue;
    const [holder, target] = [graph.nodes[from[edge]!], graph.nodes[to[edge]!]];
    if (holder?.type !== "user" || target?.type !== "capability" || target.capability.kind !== "read-secret") continue;
    const account = accountOf(holder.name);
    if (account === undefined || target.capability.namespace === account.namespace || target.capability.name !== "")
      continue;
    const known = found.get(account.namespace) ?? [];
    if (!known.some(({ name }) => name === account.name)) known.push({ name: account.name, edge });
    found.set(account.namespace, known);
  }
  return found;
}

function peopleWith(graph: SecurityGraph, capability: number): Holder[] {
  const { from, rule, incoming } = graph.edges;
  const edges = incoming.edges.slice(incoming.starts[capability], incoming.starts[capability + 1]);
  return Array.from(edges).flatMap((edge) => {
    const node = graph.nodes[from[edge]!];
    const isPerson = (node?.type === "user" || node?.type === "group") && !node.name.startsWith("system:");
    return isPerson && edgeRules[rule[edge]!]?.id === "impersonate-account" ? [{ number: from[edge]!, edge }] : [];
  });
}

function strongerFinding(
  graph: SecurityGraph,
  { number, edge }: Holder,
  account: StrongAccount & { readonly namespace: string },
): Finding[] {
  const [grant] = graph.proof(edge).grants;
  const [strength] = graph.proof(account.edge).grants;
  const person = graph.nodes[number];
  if (grant?.binding === undefined || strength?.binding === undefined || person === undefined) return [];
  const shown = objectText({ kind: "ServiceAccount", namespace: account.namespace, name: account.name });
  const everywhere = strength.binding.namespace === "" ? "everywhere" : `in ${strength.binding.namespace}`;
  return [
    makeFinding({
      check: "SR-ACC-009",
      object: grant.binding,
      about: [nodeText(person), shown],
      message: `${nodeText(person)} may act as ${shown}, which reads secrets ${everywhere}`,
      evidence: [
        evidenceOf(grant.binding, "roleRef", grantText(grant)),
        evidenceOf(strength.binding, "roleRef", grantText(strength)),
      ],
      verify: {
        command: `kubectl auth can-i impersonate serviceaccounts/${shellWord(account.name)} -n ${shellWord(account.namespace)} --as=${shellWord(person.type === "user" ? person.name : "anybody")}`,
        expect: "no",
      },
    }),
  ];
}
