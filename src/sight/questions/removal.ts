/** Single things that can be taken away so that a step no longer works, and what the facts are then. */
import { principalOf } from "../../access/rbac/role-binding.ts";
import type { Subject } from "../../access/rbac/role-binding.ts";
import type { FactReader } from "../facts/fact-set.ts";
import type { BindingFact, Fact, RoleFact, RuleFact, WorkloadFact } from "../facts/facts.ts";
import { builtIn } from "../facts/provenance.ts";
import { accountOf, groupsOf } from "../graph/graph-node.ts";
import type { GraphNode } from "../graph/graph-node.ts";
import type { FactsOfPlace } from "../graph/live-graph.ts";
import type { Grant } from "../graph/rights.ts";
import type { SecretName } from "../graph/security-graph.ts";
import type { WalkedEdge } from "./path-steps.ts";
import { objectText } from "./principal.ts";

export const removalTypes = ["binding", "subject", "rule", "mount", "token", "token-secret"] as const;
export type RemovalType = (typeof removalTypes)[number];

/** How much work it is: rights are edited; roles are shared with others; programs have to be changed. */
export type Effort = "small" | "medium" | "large";

/** What the gain is divided by. */
export const effortWeight: Readonly<Record<Effort, number>> = { small: 1, medium: 2, large: 4 };

export interface Removal {
  readonly type: RemovalType;
  /** Stable, and different for different removals. */
  readonly id: string;
  /** What is removed, as a phrase: `subject User jane of RoleBinding a/b`. */
  readonly what: string;
  readonly effort: Effort;
  readonly changes: readonly FactsOfPlace[];
}

const bootstrapping = "kubernetes.io/bootstrapping";

/** Whatever can be taken away to break a step of a path to `secret`; nothing for steps that need nothing. */
export function removalsOf(facts: FactReader, edge: WalkedEdge, secret: SecretName): Removal[] {
  const { rule, proof, from, to } = edge;
  const found = proof.grants.flatMap((grant) => [
    ...(grant.binding === undefined ? [] : bindingRemovals(facts, grant.binding, from)),
    ...ruleRemovals(facts, grant),
  ]);
  // A binding that somebody can add themselves to.
  for (const fact of proof.facts) if ("roleRef" in fact) found.push(...bindingRemovals(facts, fact, from));
  const workloads = proof.facts.filter((fact): fact is WorkloadFact => "references" in fact);
  if (rule.id === "secret-in-pod" || rule.id === "node-reads-secret") {
    const { namespace, name } = to?.type === "secret" ? to.secret : secret;
    found.push(...workloads.map((workload) => mountRemoval(facts, workload, { namespace, name })));
  } else if (rule.id === "token-in-pod") found.push(...workloads.flatMap((each) => tokenRemovals(facts, each)));
  else if (rule.id === "token-secret") {
    for (const fact of proof.facts) {
      if (fact.kind !== "Secret") continue;
      found.push(
        removal(facts, fact, { type: "token-secret", what: objectText(fact), effort: "small" }, () => undefined),
      );
    }
  }
  return found;
}

function removal(
  facts: FactReader,
  { kind, namespace, name }: Fact,
  { type, what, effort }: Pick<Removal, "type" | "what" | "effort">,
  change: (fact: Fact) => Fact | undefined,
): Removal {
  const changed = facts.named(kind, namespace, name).flatMap((fact) => change(fact) ?? []);
  return { type, id: `${type}/${what}`, what, effort, changes: [{ kind, namespace, name, facts: changed }] };
}

/** The whole binding, and the one subject of it that the step stands on. */
function bindingRemovals(facts: FactReader, binding: BindingFact, from: GraphNode): Removal[] {
  const what = objectText(binding);
  const whole = removal(facts, binding, { type: "binding", what, effort: "small" }, () => undefined);
  const subject = binding.subjects.find((each) => isSubject(each, binding, from));
  if (binding.subjects.length < 2 || subject === undefined) return [whole];
  const named = `${subjectText(subject, binding)} of ${what}`;
  const single = removal(facts, binding, { type: "subject", what: named, effort: "small" }, (fact) =>
    "subjects" in fact ? { ...fact, subjects: fact.subjects.filter((each) => !isSame(each, subject, binding)) } : fact,
  );
  return [whole, single];
}

function isSubject(subject: Subject, binding: BindingFact, from: GraphNode): boolean {
  if (from.type !== "user" && from.type !== "group" && from.type !== "node") return false;
  const principal = principalOf(subject, binding.namespace);
  if (principal === undefined) return false;
  if (principal.type === from.type && principal.name === from.name) return true;
  return from.type === "user" && principal.type === "group" && groupsOf(from.name).includes(principal.name);
}

function isSame(a: Subject, b: Subject, binding: BindingFact): boolean {
  const [one, other] = [principalOf(a, binding.namespace), principalOf(b, binding.namespace)];
  return one?.type === other?.type && one?.name === other?.name;
}

function subjectText(subject: Subject, binding: BindingFact): string {
  const principal = principalOf(subject, binding.namespace);
  const account = principal?.type === "user" ? accountOf(principal.name) : undefined;
  if (account !== undefined) return `subject ${objectText({ kind: "ServiceAccount", ...account })}`;
  return `subject ${objectText({ kind: subject.kind, namespace: "", name: subject.name })}`;
}

/** In the role that has the rule: of an aggregated role, the one it was gathered from. */
function ruleRemovals(facts: FactReader, { role, rule }: Grant): Removal[] {
  if (rule.at === builtIn) return [];
  const holder = roleWith(facts, role, rule);
  if (holder === undefined) return [];
  const what = `rule ${rule.number} of ${objectText(holder)}`;
  const effort = holder.labels.has(bootstrapping) ? "large" : "medium"; // a start of the cluster brings it back
  const found = removal(facts, holder, { type: "rule", what, effort }, (fact) =>
    "rules" in fact ? { ...fact, rules: fact.rules.filter((each) => each !== rule) } : fact,
  );
  return [found];
}

function roleWith(facts: FactReader, role: RoleFact, rule: RuleFact): RoleFact | undefined {
  const own = facts.named(role.kind, role.namespace, role.name);
  const all = role.aggregates.length === 0 ? own : [...own, ...facts.of("ClusterRole")];
  return all.find((fact): fact is RoleFact => "rules" in fact && fact.rules.includes(rule));
}

function mountRemoval(facts: FactReader, workload: WorkloadFact, secret: SecretName): Removal {
  const what = `${objectText({ kind: "Secret", ...secret })} in ${objectText(workload)}`;
  return removal(facts, workload, { type: "mount", what, effort: "large" }, (fact) => {
    if (!("references" in fact)) return fact;
    const references = fact.references.filter(({ kind, name }) => kind !== "secret" || name !== secret.name);
    return { ...fact, references };
  });
}

/** In the one workload, and in all of the account that do not say themselves. */
function tokenRemovals(facts: FactReader, workload: WorkloadFact): Removal[] {
  const { namespace, account } = workload;
  const what = `the token in ${objectText(workload)}`;
  const own = removal(facts, workload, { type: "token", what, effort: "medium" }, (fact) =>
    "references" in fact ? { ...fact, mountsToken: false } : fact,
  );
  const accounts = facts.named("ServiceAccount", namespace, account);
  const [first] = accounts;
  if (workload.mountsToken !== undefined || first === undefined) return [own];
  const ofAll = `the tokens in pods of ${objectText(first)}`;
  const all = removal(facts, first, { type: "token", what: ofAll, effort: "medium" }, (fact) =>
    "automount" in fact ? { ...fact, automount: false } : fact,
  );
  return [own, all];
}
