/** The edges that need no right: memberships, what is in pods, and whom capabilities concern. */
import { workloadKinds } from "../facts/facts.ts";
import type { FactReader } from "../facts/fact-set.ts";
import type { Fact, FactKind, SecretFact, WorkloadFact } from "../facts/facts.ts";
import { capabilitiesReaching } from "./capability.ts";
import type { Capability, CapabilityKind } from "./capability.ts";
import type { EdgeId } from "./edge-rule.ts";
import { accountOf, accountUser, groupsOf } from "./graph-node.ts";
import type { GraphNode } from "./graph-node.ts";
import { hasInside } from "./security-graph.ts";
import type { GraphBuilder } from "./unit.ts";

const everything = { namespace: "", name: "" };

/** The one group that needs no rights. */
export function addSuperUsers(builder: GraphBuilder): void {
  const masters = builder.node({ type: "group", name: "system:masters" });
  const anyRight = builder.node({ type: "capability", capability: { kind: "any-right", ...everything } });
  builder.edge(masters, anyRight, "super-user");
}

/** What follows from a fact by itself. */
export function addFact(builder: GraphBuilder, fact: Fact): void {
  if ("references" in fact) addWorkload(builder, fact);
  else if (fact.kind === "Secret") {
    if (fact.tokenOf !== "") addTokenSecret(builder, fact);
  } else if (fact.kind === "ServiceAccount") {
    // It can be reached without having any right.
    builder.claim(builder.node(accountUser(fact.namespace, fact.name)));
  }
}

/** The kinds of facts from which something follows by themselves. */
export const structuralKinds: ReadonlySet<FactKind> = new Set([...workloadKinds, "Secret", "ServiceAccount"]);

/** What follows from a node's being there; nothing for workloads and secrets, of which facts say it. */
export function addNode(builder: GraphBuilder, number: number, node: GraphNode): void {
  if (node.type === "capability") addConsequences(builder, number, node.capability);
  else addPrincipal(builder, number, node);
}

/** What a capability amounts to in turn. */
function addConsequences(builder: GraphBuilder, number: number, of: Capability): void {
  for (const [kind, id] of consequencesOf(of)) {
    const capability = { kind, namespace: of.namespace, name: "" };
    builder.edge(number, builder.node({ type: "capability", capability }), id);
  }
}

const everyoneElse: readonly CapabilityKind[] = ["become-user", "become-group", "become-node", "use-kubelet"];

function consequencesOf({ kind, namespace }: Capability): readonly (readonly [CapabilityKind, EdgeId])[] {
  if (kind === "run-pod") {
    return [
      ["read-secret", "new-pod-mounts"],
      ["become-account", "new-pod-runs-as"],
    ];
  }
  if (kind === "certify") {
    return [
      ["become-user", "certified-as"],
      ["become-account", "certified-as"],
    ];
  }
  if (kind !== "any-right") return [];
  const everywhere = namespace === "" ? everyoneElse : [];
  const kinds: CapabilityKind[] = ["read-secret", "become-account", "enter-pod", ...everywhere];
  return kinds.map((each) => [each, "grants-itself"]);
}

function addWorkload(builder: GraphBuilder, workload: WorkloadFact): void {
  const { kind, namespace, name, account, node: nodeName } = workload;
  const number = builder.node({ type: "workload", workload });
  // The pods of a controller have names of their own, so no rule names them by the controller's.
  connect(builder, capabilitiesReaching("enter-pod", namespace, kind === "Pod" ? name : ""), number);
  connect(builder, capabilitiesReaching("use-kubelet", "", nodeName), number);
  const proof = { grants: [], facts: [workload] };
  const user = accountUser(namespace, account);
  builder.claim(number);
  builder.claim(builder.node(user));
  addTokensInside(builder, number, workload);
  if (accountExists(builder.facts, namespace, account)) {
    if (hasToken(builder.facts, workload)) builder.edge(number, builder.node(user), "token-in-pod", proof);
    if (nodeName !== "" && !workload.mirror) {
      builder.edge(builder.node({ type: "node", name: nodeName }), builder.node(user), "node-requests-token", proof);
    }
  }
}

/** Secrets lead on as tokens. */
function addTokensInside(builder: GraphBuilder, number: number, workload: WorkloadFact): void {
  const { namespace, references } = workload;
  for (const name of new Set(references.filter(({ kind }) => kind === "secret").map(({ name }) => name))) {
    if (!hasInside(workload, name)) continue;
    for (const secret of builder.facts.named("Secret", namespace, name)) {
      if (secret.kind !== "Secret" || secret.tokenOf === "") continue;
      const proof = { grants: [], facts: [workload] };
      builder.edge(number, builder.node({ type: "secret", secret }), "secret-in-pod", proof);
    }
  }
}

/** The pod's own word wins over the account's. */
function hasToken(facts: FactReader, { mountsToken, namespace, account }: WorkloadFact): boolean {
  if (mountsToken !== undefined) return mountsToken;
  const accounts = facts.named("ServiceAccount", namespace, account);
  return accounts.length === 0 || accounts.some((fact) => "automount" in fact && fact.automount !== false);
}

/** Every namespace has the account `default`; of others, only a source with accounts can say that they are not there. */
function accountExists(facts: FactReader, namespace: string, name: string): boolean {
  if (name === "default" || !facts.knows("ServiceAccount", namespace)) return true;
  return facts.named("ServiceAccount", namespace, name).length > 0;
}

function addTokenSecret(builder: GraphBuilder, secret: SecretFact): void {
  const { namespace, name, tokenOf } = secret;
  const number = builder.node({ type: "secret", secret });
  builder.claim(number);
  connect(builder, capabilitiesReaching("read-secret", namespace, name), number);
  const proof = { grants: [], facts: [secret] };
  if (accountExists(builder.facts, namespace, tokenOf)) {
    builder.edge(number, builder.node(accountUser(namespace, tokenOf)), "token-secret", proof);
  }
}

/** Who can become somebody, and which groups everybody is in. */
function addPrincipal(builder: GraphBuilder, number: number, node: GraphNode): void {
  if (node.type === "user") {
    const account = accountOf(node.name);
    if (account === undefined) connect(builder, capabilitiesReaching("become-user", "", node.name), number);
    else if (accountExists(builder.facts, account.namespace, account.name)) {
      connect(builder, capabilitiesReaching("become-account", account.namespace, account.name), number);
    }
    join(builder, number, groupsOf(node.name));
  } else if (node.type === "group") {
    connect(builder, capabilitiesReaching("become-group", "", node.name), number);
    if (node.name === "system:masters") return;
    builder.link(
      builder.node({ type: "capability", capability: { kind: "certify", ...everything } }),
      number,
      "certified-as",
    );
    if (!everyone.has(node.name)) join(builder, number, ["system:authenticated"]);
  } else if (node.type === "node") {
    connect(builder, capabilitiesReaching("become-node", "", node.name), number);
    join(builder, number, ["system:nodes", "system:authenticated"]);
  }
}

const everyone: ReadonlySet<string> = new Set(["system:authenticated", "system:unauthenticated"]);

/** Groups without rights are not in the graph, and of no interest. */
function join(builder: GraphBuilder, member: number, groups: readonly string[]): void {
  for (const name of groups) builder.link(member, builder.node({ type: "group", name }), "member-of");
}

function connect(builder: GraphBuilder, capabilities: readonly Capability[], to: number): void {
  for (const from of new Set(capabilities.map((capability) => builder.node({ type: "capability", capability })))) {
    builder.link(from, to, "concerns");
  }
}
