/** Tokens of accounts without rights, in pods that cannot do anything with them. */
import type { FactSet } from "../facts/fact-set.ts";
import { workloadKinds } from "../facts/facts.ts";
import type { WorkloadFact } from "../facts/facts.ts";
import { principalOf } from "../../access/rbac/role-binding.ts";
import { accountUser } from "../graph/graph-node.ts";
import { objectText } from "../questions/principal.ts";
import { everybody } from "./broad-grants.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { kubectlGet, mergePatch } from "./kubectl-command.ts";

const workloadsShown = 5;

/** One for each account. Only where the source knows every binding can an account be without rights. */
export function idleTokens(facts: FactSet): Finding[] {
  const isKnown = facts.source !== "manifests" && facts.knows("RoleBinding") && facts.knows("ClusterRoleBinding");
  const bound = isKnown ? boundNames(facts) : undefined;
  if (bound === undefined) return [];
  const holders = new Map<string, WorkloadFact[]>();
  for (const workload of workloadKinds.flatMap((kind) => facts.of(kind))) {
    const { namespace, account } = workload;
    if (namespace === "kube-system" || bound.has(accountUser(namespace, account).name) || !hasToken(facts, workload))
      continue;
    const key = `${namespace}\n${account}`;
    const known = holders.get(key);
    if (known === undefined) holders.set(key, [workload]);
    else known.push(workload);
  }
  return [...holders.values()].flatMap((workloads) => idleFinding(facts, workloads));
}

/** Users with rights; undefined where a group of all accounts has some that Kubernetes does not give it. */
function boundNames(facts: FactSet): Set<string> | undefined {
  const names = new Set<string>();
  for (const binding of [...facts.of("ClusterRoleBinding"), ...facts.of("RoleBinding")]) {
    for (const subject of binding.subjects) {
      const principal = principalOf(subject, binding.namespace);
      if (principal?.type === "user") names.add(principal.name);
      else if (principal !== undefined && everybody.test(principal.name) && !binding.name.startsWith("system:"))
        return undefined;
    }
  }
  return names;
}

/** By the pod's own word, else by the account's; a volume of its own is meant for something else than this API. */
function hasToken(facts: FactSet, { mountsToken, namespace, account }: WorkloadFact): boolean {
  if (mountsToken === false) return false;
  const accounts = facts.named("ServiceAccount", namespace, account);
  return !accounts.some((fact) => fact.kind === "ServiceAccount" && fact.automount === false);
}

function idleFinding(facts: FactSet, workloads: readonly WorkloadFact[]): Finding[] {
  const sorted = workloads.toSorted((a, b) => (objectText(a) < objectText(b) ? -1 : 1));
  const [first] = sorted;
  if (first === undefined) return [];
  const { namespace, account } = first;
  const [known] = facts.named("ServiceAccount", namespace, account);
  const object = known ?? { kind: "ServiceAccount", namespace, name: account, at: first.at };
  const count = workloads.length === 1 ? "one workload" : `${workloads.length} workloads`;
  return [
    makeFinding({
      check: "SR-ACC-010",
      object,
      message: `${objectText(object)} has no rights, and its token is in ${count}`,
      evidence: sorted
        .slice(0, workloadsShown)
        .map((workload) => evidenceOf(workload, "spec.automountServiceAccountToken", "not false, nor in the account")),
      patch: mergePatch(object, { automountServiceAccountToken: false }),
      verify: { command: kubectlGet(object, "-o jsonpath='{.automountServiceAccountToken}'"), expect: "false" },
    }),
  ];
}
