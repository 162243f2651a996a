/** References to what is not there. Only a source that has objects of the kind can say that one is not. */
import type { FactSet } from "../facts/fact-set.ts";
import { workloadKinds } from "../facts/facts.ts";
import type { BindingFact, WorkloadFact } from "../facts/facts.ts";
import { placeText } from "../facts/provenance.ts";
import { defaultRoles } from "../graph/default-roles.ts";
import { objectText } from "../questions/principal.ts";
import type { Finding } from "./finding.ts";

/** All of them. */
export function missingReferences(facts: FactSet): Finding[] {
  const bindings = [...facts.of("ClusterRoleBinding"), ...facts.of("RoleBinding")];
  return [
    ...workloadKinds.flatMap((kind) => facts.of(kind).flatMap((workload) => missingOfWorkload(facts, workload))),
    ...bindings.flatMap((binding) => [...missingRole(facts, binding), ...missingAccounts(facts, binding)]),
  ];
}

function missingOfWorkload(facts: FactSet, workload: WorkloadFact): Finding[] {
  const { namespace, references, account } = workload;
  const shown = objectText(workload);
  const evidence = [{ object: shown, place: placeText(workload.at) }];
  const names = references.filter(({ kind, optional }) => kind === "secret" && !optional).map(({ name }) => name);
  const secrets = [...new Set(names)]
    .filter((name) => isMissing(facts, "Secret", namespace, name))
    .map((name): Finding => ({
      id: `missing-secret/${shown}/${name}`,
      check: "missing-secret",
      severity: facts.source === "dump" ? "medium" : "low",
      message: `${shown} needs ${objectText({ kind: "Secret", namespace, name })}, ${absence(facts)}: without it, it does not start`,
      evidence,
      path: [],
      fix: "Correct the name in the workload, or create the secret; whoever creates it first decides what is in it.",
    }));
  if (account === "default" || !isMissing(facts, "ServiceAccount", namespace, account)) return secrets;
  const missing: Finding = {
    id: `missing-workload-account/${shown}/${account}`,
    check: "missing-workload-account",
    severity: "low",
    message: `${shown} runs as ServiceAccount ${namespace}/${account}, which is not there`,
    evidence,
    path: [],
    fix: "Create the account, or name another one.",
  };
  return [...secrets, missing];
}

/** Roles of the system are in every cluster, if not in every source. */
function missingRole(facts: FactSet, binding: BindingFact): Finding[] {
  const { kind, name } = binding.roleRef;
  if (kind !== "Role" && kind !== "ClusterRole") return [];
  if (kind === "ClusterRole" && (defaultRoles.has(name) || name.startsWith("system:"))) return [];
  if (!isMissing(facts, kind, kind === "Role" ? binding.namespace : "", name)) return [];
  const shown = objectText(binding);
  return [
    {
      id: `missing-role/${shown}`,
      check: "missing-role",
      severity: "medium",
      message: `${shown} binds ${kind} ${name}, which is not there: whoever creates it decides what the subjects may do`,
      evidence: [{ object: shown, place: placeText(binding.at) }],
      path: [],
      fix: "Delete the binding, or correct the name of the role in a new one.",
    },
  ];
}

function missingAccounts(facts: FactSet, binding: BindingFact): Finding[] {
  const shown = objectText(binding);
  return binding.subjects.flatMap((subject): Finding[] => {
    const namespace = subject.namespace || binding.namespace;
    if (subject.kind !== "ServiceAccount" || subject.name === "default" || namespace === "") return [];
    if (!isMissing(facts, "ServiceAccount", namespace, subject.name)) return [];
    const account = objectText({ kind: "ServiceAccount", namespace, name: subject.name });
    return [
      {
        id: `missing-account/${shown}/${account}`,
        check: "missing-account",
        severity: "medium",
        message: `${shown} gives rights to ${account}, which is not there: whoever creates it has them`,
        evidence: [{ object: shown, place: placeText(binding.at) }],
        path: [],
        fix: "Take the subject out of the binding.",
      },
    ];
  });
}

/** Manifests can leave to others what they do not declare. */
function absence({ source }: FactSet): string {
  return source === "dump" ? "which is not there" : "which no manifest declares";
}

function isMissing(
  facts: FactSet,
  kind: "Secret" | "ServiceAccount" | "Role" | "ClusterRole",
  namespace: string,
  name: string,
): boolean {
  return facts.knows(kind) && facts.named(kind, namespace, name).length === 0;
}
