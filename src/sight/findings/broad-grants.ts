/** Bindings that let somebody do everything, or read every secret of a namespace or the cluster. */
import type { BindingFact, RoleFact, RuleFact } from "../facts/facts.ts";
import type { FactSet } from "../facts/fact-set.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import type { Ask } from "../graph/edge-rule.ts";
import { Rights } from "../graph/rights.ts";
import { RoleResolver } from "../graph/role-resolver.ts";
import { objectText } from "../questions/principal.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { kubectlGet } from "./kubectl-command.ts";
import { baseScore } from "./score.ts";
import type { Score } from "./score.ts";

/** The requests that read a secret at once. */
export const secretReads: readonly Ask[] = edgeRules.flatMap(({ direct, condition }) =>
  direct && condition.type === "rights" ? condition.needs.flat() : [],
);

/** Groups that everybody is in, or everybody of a kind. */
export const everybody = /^system:(?:authenticated|unauthenticated|anonymous|serviceaccounts(?::.*)?)$/;

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
export function isOfTheSystem({ kind, name, namespace }: { kind: string; name: string; namespace: string }): boolean {
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
  const read = rights.findOne(secretReads, "");
  const rule = everything ?? read?.rule;
  if (rule === undefined) return [];
  const everywhere = binding.namespace === "";
  const where = everywhere ? "in the cluster" : `in ${binding.namespace}`;
  const what = everything === undefined ? "read every secret" : "do everything";
  return [
    makeFinding({
      check: everything !== undefined ? "SR-ACC-002" : givesPeopleARole(binding) ? "SR-ACC-006" : "SR-ACC-003",
      object: binding,
      about: [objectText(role)],
      score: grantScore({ everywhere, open, everything: everything !== undefined }),
      message: `${names.join(", ")} may ${what} ${where}, by ${objectText(role)}`,
      evidence: [
        evidenceOf(binding, "roleRef", `it gives ${objectText(role)} to ${names.join(", ")}`),
        {
          ...evidenceOf({ ...role, at: rule.at }, `rules[${rule.number - 1}]`, ruleWords(rule)),
          object: ruleText(role, rule),
        },
      ],
      verify: {
        command: kubectlGet(binding),
        expect: "NotFound, or a binding of a narrower role",
      },
    }),
  ];
}

function ruleWords({ rule: { verbs, resources } }: RuleFact): string {
  return `it allows ${verbs.join(", ")} on ${resources.join(", ")}`;
}

function grantScore(grant: {
  readonly everywhere: boolean;
  readonly open: boolean;
  readonly everything: boolean;
}): Score {
  const { everywhere, open, everything } = grant;
  return baseScore(
    everything ? 8 : 7,
    {
      name: "reach",
      value: everywhere ? 1 : 0.75,
      because: everywhere ? "it counts in the whole cluster" : "it counts in one namespace",
    },
    {
      name: "holder",
      value: open ? 2 : 1,
      because: open ? "everybody of a kind has it" : "named subjects have it",
    },
  );
}

/** The roles of Kubernetes for people, in a namespace; that they read secrets is easily overlooked. */
function givesPeopleARole({ kind, roleRef, subjects }: BindingFact): boolean {
  const isRole = roleRef.kind === "ClusterRole" && (roleRef.name === "edit" || roleRef.name === "admin");
  const people = subjects.every((subject) => subject.kind !== "ServiceAccount" && !subject.name.startsWith("system:"));
  return kind === "RoleBinding" && isRole && people;
}

function ruleText(role: RoleFact, rule: RuleFact): string {
  return `${objectText(role)}, rule ${rule.number}`;
}
