/** Bindings that let somebody do everything, or read every secret of a namespace or the cluster. */
import type { BindingFact, RoleFact, RuleFact } from "../facts/facts.ts";
import type { FactSet } from "../facts/fact-set.ts";
import { placeText } from "../facts/provenance.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import type { Ask } from "../graph/edge-rule.ts";
import { Rights } from "../graph/rights.ts";
import { RoleResolver } from "../graph/role-resolver.ts";
import { objectText } from "../questions/principal.ts";
import type { Finding, Severity } from "./finding.ts";

/** The requests that read a secret at once. */
const reads: readonly Ask[] = edgeRules.flatMap(({ direct, condition }) =>
  direct && condition.type === "rights" ? condition.needs.flat() : [],
);

const everybody = /^system:(?:authenticated|unauthenticated|anonymous|serviceaccounts(?::.*)?)$/;

/** One for each binding of such a role to anybody but the system's own. */
export function broadGrants(facts: FactSet): Finding[] {
  const roles = new RoleResolver(facts);
  const bindings = [...facts.of("ClusterRoleBinding"), ...facts.of("RoleBinding")];
  return bindings.flatMap((binding) => {
    const subjects = binding.subjects.filter(({ kind, name, namespace }) => !isOfTheSystem({ kind, name, namespace }));
    if (subjects.length === 0) return [];
    const names = subjects.map((subject) => {
      const namespace = subject.kind === "ServiceAccount" ? subject.namespace || binding.namespace : "";
      return objectText({ ...subject, namespace });
    });
    const open = subjects.some(({ kind, name }) => kind !== "ServiceAccount" && everybody.test(name));
    return roles
      .rolesOf(binding.roleRef, binding.namespace)
      .flatMap((role) => grantFinding(binding, role, { names, open }));
  });
}

/** What a cluster is made with: its administrators of last resort and its own controllers. */
function isOfTheSystem({ kind, name, namespace }: { kind: string; name: string; namespace: string }): boolean {
  if (kind === "ServiceAccount") return namespace === "kube-system";
  return name.startsWith("system:") && !everybody.test(name) && !name.startsWith("system:serviceaccount:");
}

function grantFinding(
  binding: BindingFact,
  role: RoleFact,
  { names, open }: { readonly names: readonly string[]; readonly open: boolean },
): Finding[] {
  const rights = new Rights([{ binding, role, scope: binding.namespace }], () => false);
  const everything = role.rules.find(({ rule }) =>
    [rule.verbs, rule.apiGroups, rule.resources].every((words) => words.includes("*")),
  );
  const read = rights.findOne(reads, "");
  const rule = everything ?? read?.rule;
  if (rule === undefined) return [];
  const check = everything === undefined ? "reads-every-secret" : "grants-everything";
  const everywhere = binding.namespace === "";
  const where = everywhere ? "in the cluster" : `in ${binding.namespace}`;
  const what = check === "grants-everything" ? "do everything" : "read every secret";
  const shown = objectText(binding);
  return [
    {
      id: `${check}/${shown}/${objectText(role)}`,
      check,
      severity: severityOf(everywhere, open),
      message: `${names.join(", ")} may ${what} ${where}, by ${objectText(role)}`,
      evidence: [
        { object: shown, place: placeText(binding.at) },
        { object: ruleText(role, rule), place: placeText(rule.at) },
      ],
      path: [],
      fix:
        check === "grants-everything"
          ? "Name verbs and resources in a role of its own."
          : "Name the secrets in resourceNames.",
    },
  ];
}

function ruleText(role: RoleFact, rule: RuleFact): string {
  return `${objectText(role)}, rule ${rule.number}`;
}

function severityOf(everywhere: boolean, open: boolean): Severity {
  if (open) return "critical";
  return everywhere ? "high" : "medium";
}
