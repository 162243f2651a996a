/** The edges that need no right: memberships, what is in pods, and whom capabilities concern. */
import { workloadKinds } from "../facts/facts.ts";
import type { FactSet } from "../facts/fact-set.ts";
import type { SecretFact, WorkloadFact } from "../facts/facts.ts";
import { capabilitiesReaching } from "./capability.ts";
import type { Capability, CapabilityKind } from "./capability.ts";
import type { EdgeId } from "./edge-rule.ts";
import { accountOf, accountUser, groupsOf } from "./graph-node.ts";
import type { GraphNode } from "./graph-node.ts";
import { hasInside, tokenSecrets } from "./security-graph.ts";
import type { GraphBuilder } from "./security-graph.ts";

const everything = { namespace: "", name: "" };

/** Adds them all; the edges from rights must be there. */
export function addStructure(builder: GraphBuilder): void {
  addConsequences(builder);
  for (const kind of workloadKinds) {
    for (const workload of builder.facts.of(kind)) addWorkload(builder, workload);
  }
  for (const secret of tokenSecrets(builder.facts)) addTokenSecret(builder, secret);
  const nodes = builder.nodes.slice();
  for (const [number, node] of nodes.entries()) addPrincipal(builder, number, node);
}

/** What capabilities amount to in turn. */
function addConsequences(builder: GraphBuilder): void {
  const masters = builder.node({ type: "group", name: "system:masters" });
  const anyRight = builder.node({ type: "capability", capability: { kind: "any-right", ...everything } });
  builder.edge(masters, anyRight, "super-user");
  for (const [from, node] of builder.nodes.slice().entries()) {
    if (node.type !== "capability") continue;
    for (const [kind, id] of consequencesOf(node.capability)) {
      const capability = { kind, namespace: node.capability.namespace, name: "" };
      builder.edge(from, builder.node({ type: "capability", capability }), id);
    }
  }
}

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
  const everywhere: CapabilityKind[] = namespace === "" ? ["become-user", "become-group", "use-kubelet"] : [];
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
  if (accountExists(builder.facts, namespace, account)) {
    if (hasToken(builder.facts, workload)) builder.edge(number, builder.node(user), "token-in-pod", proof);
    if (nodeName !== "" && !workload.mirror) {
      builder.edge(builder.node({ type: "node", name: nodeName }), builder.node(user), "node-requests-token", proof);
    }
  }
}

/** The pod's own word wins over the account's. */
function hasToken(facts: FactSet, { mountsToken, namespace, account }: WorkloadFact): boolean {
  if (mountsToken !== undefined) return mountsToken;
  const accounts = facts.named("ServiceAccount", namespace, account);
  return accounts.length === 0 || accounts.some((fact) => "automount" in fact && fact.automount !== false);
}

/** Every namespace has the account `default`; of others, only a source with accounts can say that they are not there. */
function accountExists(facts: FactSet, namespace: string, name: string): boolean {
  if (name === "default" || !facts.knows("ServiceAccount", namespace)) return true;
  return facts.named("ServiceAccount", namespace, name).length > 0;
}

function addTokenSecret(builder: GraphBuilder, secret: SecretFact): void {
  const { namespace, name, tokenOf } = secret;
  const number = builder.node({ type: "secret", secret });
  connect(builder, capabilitiesReaching("read-secret", namespace, name), number);
  for (const kind of workloadKinds) {
    for (const workload of builder.facts.of(kind)) {
      if (workload.namespace !== namespace || !hasInside(workload, name)) continue;
      const proof = { grants: [], facts: [workload] };
      builder.edge(builder.node({ type: "workload", workload }), number, "secret-in-pod", proof);
    }
  }
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
    const certify = builder.find({ type: "capability", capability: { kind: "certify", ...everything } });
    if (certify !== undefined) builder.edge(certify, number, "certified-as");
    if (!everyone.has(node.name)) join(builder, number, ["system:authenticated"]);
  } else if (node.type === "node") {
    connect(builder, capabilitiesReaching("become-node", "", node.name), number);
    join(builder, number, ["system:nodes", "system:authenticated"]);
  }
}

const everyone: ReadonlySet<string> = new Set(["system:authenticated", "system:unauthenticated"]);

/** Groups without rights are no nodes, and of no interest. */
function join(builder: GraphBuilder, member: number, groups: readonly string[]): void {
  for (const name of groups) {
    const group = builder.find({ type: "group", name });
    if (group !== undefined) builder.edge(member, group, "member-of");
  }
}

function connect(builder: GraphBuilder, capabilities: readonly Capability[], to: number): void {
  const seen = new Set<number>();
  for (const capability of capabilities) {
    const from = builder.find({ type: "capability", capability });
    if (from !== undefined && !seen.has(from)) builder.edge(from, to, "concerns");
    if (from !== undefined) seen.add(from);
  }
}
