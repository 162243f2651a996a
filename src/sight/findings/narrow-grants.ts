/** Grants of secrets that are not broad and still too much: to everybody, to another namespace, by the wrong verb. */
import type { ServerKind } from "../facts/server-profile.ts";
import type { FactSet } from "../facts/fact-set.ts";
import type { BindingFact, RoleFact, RuleFact } from "../facts/facts.ts";
import { Rights } from "../graph/rights.ts";
import type { Grant } from "../graph/rights.ts";
import { RoleResolver } from "../graph/role-resolver.ts";
import { objectText } from "../questions/principal.ts";
import { everybody, isOfTheSystem, secretReads } from "./broad-grants.ts";
import { evidenceOf, makeFinding } from "./finding.ts";
import type { Evidence, Finding } from "./finding.ts";
import { jsonPatch, kubectlGet } from "./kubectl-command.ts";
import { baseScore } from "./score.ts";

/** All of them. */
export function narrowGrants(facts: FactSet): Finding[] {
  const roles = new RoleResolver(facts);
  const bindings = [...facts.of("ClusterRoleBinding"), ...facts.of("RoleBinding")];
  return [
    ...bindings.flatMap((binding) =>
      roles.rolesOf(binding.roleRef, binding.namespace).flatMap((role) => {
        const rights = new Rights([{ binding, role, scope: binding.namespace }], () => false);
        return [...forEverybody(binding, rights), ...acrossNamespaces(binding, rights, facts.server.kind)];
      }),
    ),
    ...[...facts.of("ClusterRole"), ...facts.of("Role")].flatMap((role) => listsNamed(role)),
  ];
}

/** The names that a role reads, and the grant of the first of them; undefined for none. */
function namedReads(rights: Rights): { readonly names: readonly string[]; readonly grant: Grant } | undefined {
  const names = [...rights.namedTargets([secretReads])].sort();
  const grant = rights.findOne(secretReads, names[0] ?? "");
  return grant === undefined ? undefined : { names, grant };
}

function forEverybody(binding: BindingFact, rights: Rights): Finding[] {
  const reads = namedReads(rights);
  if (reads === undefined || rights.findOne(secretReads, "") !== undefined) return []; // all of them are said elsewhere
  return binding.subjects.flatMap((subject, index) => {
    const isDefault = subject.kind === "ServiceAccount" && subject.name === "default";
    if (!isDefault && (subject.kind === "ServiceAccount" || !everybody.test(subject.name))) return [];
    const namespace = isDefault ? subject.namespace || binding.namespace : "";
    const holder = objectText({ kind: subject.kind, namespace, name: subject.name });
    const path = `/subjects/${index}`;
    return [
      makeFinding({
        check: "SR-ACC-004",
        object: binding,
        about: [holder],
        score: baseScore(9, {
          name: "holder",
          value: isDefault ? 0.65 : 1,
          because: isDefault ? "every pod of the namespace that names no account" : "everybody of a kind",
        }),
        message: `${holder} reads ${namesText(reads.names)}, by ${objectText(binding)}`,
        evidence: [evidenceOf(binding, `subjects[${index}]`, `it names ${holder}`), grantEvidence(reads.grant)],
        patch: jsonPatch(binding, [
          { op: "test", path: `${path}/name`, value: subject.name },
          { op: "remove", path },
        ]),
        verify: { command: kubectlGet(binding, "-o jsonpath='{.subjects}'"), expect: `subjects without ${holder}` },
      }),
    ];
  });
}

function acrossNamespaces(binding: BindingFact, rights: Rights, server: ServerKind): Finding[] {
  const { namespace } = binding;
  const grant = rights.findOne(secretReads, "") ?? namedReads(rights)?.grant;
  if (namespace === "" || grant === undefined) return [];
  return binding.subjects.flatMap((subject, index) => {
    const from = subject.namespace || namespace;
    if (subject.kind !== "ServiceAccount" || from === namespace || isOfTheSystem(subject, server)) return [];
    const account = objectText({ kind: "ServiceAccount", namespace: from, name: subject.name });
    return [
      makeFinding({
        check: "SR-ACC-007",
        object: binding,
        about: [account],
        message: `${account} reads secrets of ${namespace}, by ${objectText(binding)}`,
        evidence: [evidenceOf(binding, `subjects[${index}]`, `it names ${account}`), grantEvidence(grant)],
        verify: { command: kubectlGet(binding, "-o jsonpath='{.subjects}'"), expect: `subjects without ${account}` },
      }),
    ];
  });
}

const listVerbs: ReadonlySet<string> = new Set(["list", "watch", "deletecollection"]);

/** Rules that name secrets, and so could do with get. */
function listsNamed(role: RoleFact): Finding[] {
  if (role.name.startsWith("system:")) return [];
  return role.rules.flatMap((rule) => {
    const { verbs, resources, apiGroups, resourceNames } = rule.rule;
    const listed = verbs.filter((verb) => listVerbs.has(verb));
    const isOfSecrets = resources.length === 1 && resources[0] === "secrets" && apiGroups.includes("");
    if (listed.length === 0 || !isOfSecrets || resourceNames.length === 0) return [];
    const path = `/rules/${rule.number - 1}/verbs`;
    const left = new Set([...verbs.filter((verb) => !listVerbs.has(verb)), "get"]);
    return [
      makeFinding({
        check: "SR-ACC-005",
        object: { ...role, at: rule.at },
        about: [`rules[${rule.number - 1}]`],
        message: `${objectText(role)} allows ${listed.join(", ")} on ${namesText(resourceNames)}, where get is enough`,
        evidence: [ruleEvidence(role, rule)],
        patch: jsonPatch(role, [{ op: "replace", path, value: [...left] }]),
        verify: {
          command: kubectlGet(role, `-o jsonpath='{.rules[${rule.number - 1}].verbs}'`),
          expect: "get, without list and watch",
        },
      }),
    ];
  });
}

function grantEvidence({ role, rule }: Grant): Evidence {
  return ruleEvidence(role, rule);
}

function ruleEvidence(role: RoleFact, rule: RuleFact): Evidence {
  const { verbs, resources, resourceNames } = rule.rule;
  const names = resourceNames.length === 0 ? "" : ` named ${namesText(resourceNames)}`;
  const text = `it allows ${verbs.join(", ")} on ${resources.join(", ")}${names}`;
  const shown = `${objectText(role)}, rule ${rule.number}`;
  return { ...evidenceOf({ ...role, at: rule.at }, `rules[${rule.number - 1}]`, text), object: shown };
}

function namesText(names: readonly string[]): string {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return `${names.slice(0, 5).join(", ")}${more}`;
}
