/** Bindings that let somebody do everything, or read every secret of a namespace or the cluster. */
import { createHash } from "node:crypto";
import type { BindingFact, RoleFact, RuleFact } from "../facts/facts.ts";
import type { Subject } from "../../access/rbac/role-binding.ts";
import { superGroups } from "../facts/server-profile.ts";
import type { ServerKind } from "../facts/server-profile.ts";
import type { FactSet } from "../facts/fact-set.ts";
import { edgeRules } from "../graph/edge-rules.ts";
import type { Ask } from "../graph/edge-rule.ts";
import { Rights } from "../graph/rights.ts";
import { RoleResolver } from "../graph/role-resolver.ts";
import { objectText } from "../questions/principal.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Evidence, Finding } from "./finding.ts";
import { kubectlGet } from "./kubectl-command.ts";
import { baseScore } from "./score.ts";
import type { Score } from "./score.ts";

/** The requests that read a secret at once. */
export const secretReads: readonly Ask[] = edgeRules.flatMap(({ direct, condition }) =>
  direct && condition.type === "rights" ? condition.needs.flat() : [],
);

/** Groups that everybody is in, or everybody of a kind. */
export const everybody = /^system:(?:authenticated|unauthenticated|anonymous|serviceaccounts(?::.*)?)$/;

/**
 * One for each binding of such a role to anybody but the system's own; the bindings of one role to the same ones in several
 * namespaces are one, as operators are given them.
 */
export function broadGrants(facts: FactSet): Finding[] {
  const roles = new RoleResolver(facts);
  const bindings = [...facts.of("ClusterRoleBinding"), ...facts.of("RoleBinding")];
  const grants = bindings.flatMap((binding) => {
    const subjects = binding.subjects.filter((subject) => !isOfTheSystem(subject, facts.server.kind));
    if (subjects.length === 0) return [];
    const names = subjects.map((subject) => {
      const namespace = subject.kind === "ServiceAccount" ? subject.namespace || binding.namespace : "";
      return objectText({ ...subject, namespace });
    });
    const open = subjects.some(({ kind, name }) => kind !== "ServiceAccount" && everybody.test(name));
    return roles
      .rolesOf(binding.roleRef, binding.namespace)
      .flatMap((role) => broadGrant(binding, role, { names: [...new Set(names)].sort(), open }));
  });
  return Array.from(Map.groupBy(grants, keyOf).values(), findingOf);
}

/** A role in a scope that lets somebody do everything, or read every secret. */
interface BroadGrant {
  readonly binding: BindingFact;
  readonly role: RoleFact;
  readonly rule: RuleFact;
  readonly isEverything: boolean;
  readonly names: readonly string[];
  readonly open: boolean;
}

function broadGrant(
  binding: BindingFact,
  role: RoleFact,
  { names, open }: Pick<BroadGrant, "names" | "open">,
): BroadGrant[] {
  const rights = new Rights([{ binding, role, scope: binding.namespace }], () => false);
  const everything = role.rules.find(({ rule }) =>
    [rule.verbs, rule.apiGroups, rule.resources].every((words) => words.includes("*")),
  );
  const rule = everything ?? rights.findOne(secretReads, "")?.rule;
  return rule === undefined ? [] : [{ binding, role, rule, isEverything: everything !== undefined, names, open }];
}

/** The same for the same role, or roles of one name, given to the same ones in any namespace. */
function keyOf({ binding, role, isEverything, names }: BroadGrant): string {
  const place = binding.namespace === "" ? binding.name : "";
  return JSON.stringify([binding.kind, place, role.kind, role.name, isEverything, names]);
}

/** What a cluster is made with: its administrators of last resort and its own controllers. */
export function isOfTheSystem({ kind, name, namespace }: Subject, server: ServerKind): boolean {
  if (kind === "ServiceAccount") return namespace === "kube-system";
  if (kind === "Group" && superGroups[server].includes(name)) return true;
  return name.startsWith("system:") && !everybody.test(name) && !name.startsWith("system:serviceaccount:");
}

const shownMax = 20;

function findingOf(grants: readonly BroadGrant[]): Finding {
  const sorted = grants.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
  const [first] = sorted;
  if (first === undefined) throw new TypeError("a group must have a grant");
  const { binding, role, isEverything, names, open } = first;
  const everywhere = binding.namespace === "";
  const what = isEverything ? "do everything" : "read every secret";
  const roleText = sorted.length === 1 ? objectText(role) : `${role.kind} ${role.name}`;
  return makeFinding({
    check: isEverything ? "SR-ACC-002" : givesPeopleARole(binding) ? "SR-ACC-006" : "SR-ACC-003",
    object: binding,
    ...(everywhere ? {} : { subject: names.join(", ") }),
    about: everywhere ? [objectText(role)] : [`${role.kind} ${role.name}`, namespacesId(sorted)],
    score: grantScore({ everywhere, open, everything: isEverything }),
    message: `${names.join(", ")} may ${what} ${whereText(sorted)}, by ${roleText}`,
    evidence: sorted.slice(0, shownMax).flatMap(evidenceOfGrant),
    verify: { command: kubectlGet(binding), expect: "NotFound, or a binding of a narrower role" },
  });
}

function placeOf({ binding: { namespace, name } }: BroadGrant): string {
  return `${namespace}\n${name}`;
}

const namespacesInId = 10;

/** Of which namespaces it is: a further one is another finding, that no baseline has. */
function namespacesId(grants: readonly BroadGrant[]): string {
  const names = [...new Set(grants.map(({ binding }) => binding.namespace))];
  if (names.length <= namespacesInId) return names.join(",");
  const digest = createHash("sha256").update(names.join("\n")).digest("hex").slice(0, 16);
  return `${names.length} namespaces ${digest}`;
}

const namespacesShown = 3;

function whereText(grants: readonly BroadGrant[]): string {
  const namespaces = [...new Set(grants.map(({ binding }) => binding.namespace))];
  if (namespaces[0] === "") return "in the cluster";
  if (namespaces.length === 1) return `in ${namespaces[0]}`;
  const more = namespaces.length > namespacesShown ? " and more" : "";
  return `in ${namespaces.length} namespaces (${namespaces.slice(0, namespacesShown).join(", ")}${more})`;
}

function evidenceOfGrant({ binding, role, rule, names }: BroadGrant): Evidence[] {
  return [
    evidenceOf(binding, "roleRef", `it gives ${objectText(role)} to ${names.join(", ")}`),
    {
      ...evidenceOf({ ...role, at: rule.at }, `rules[${rule.number - 1}]`, ruleWords(rule)),
      object: ruleText(role, rule),
    },
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
