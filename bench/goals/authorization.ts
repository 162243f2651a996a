/**
 * One decision by RBAC, and one change of its index, on a large policy: 5,000 bindings of 2,000 roles, among them one
 * group with 1,000 bindings everywhere, each to another role; and 500 policies that deny, of which a user has up to 60
 * with their groups. Timed one by one, so that the slow ones show.
 */
import type { Attributes, Authorizer } from "../../src/access/authorizer.ts";
import { policyAuthorizer } from "../../src/access/policy/policy-authorizer.ts";
import { PolicySet } from "../../src/access/policy/policy-set.ts";
import { disclosingVerbs } from "../../src/access/policy/secret-policy.ts";
import { rbacAuthorizer } from "../../src/access/rbac-authorizer.ts";
import { unionAuthorizer } from "../../src/access/union-authorizer.ts";
import type { PolicyRule } from "../../src/access/rbac/policy-rule.ts";
import { RbacIndex } from "../../src/access/rbac/rbac-index.ts";
import type { RoleBinding } from "../../src/access/rbac/role-binding.ts";
import { quantile } from "../report.ts";
import type { Section } from "../report.ts";

const roles = 2000;
const rulesPerRole = 8;
const bindings = 5000;
const namespaces = 200;
const heavyGroup = "heavy";
const heavyBindings = 1000;
const groupsOfUser = 50;
const denyingPolicies = 500;
const warmUp = 10_000;

const verbs = ["get", "list", "watch", "create", "update", "patch", "delete"];
const resources = ["secrets", "configmaps", "pods", "pods/log", "services", "deployments", "jobs", "*/scale"];
const apiGroups = ["", "apps", "batch"];

export async function measureAuthorization(quick: boolean): Promise<readonly Section[]> {
  const index = policy();
  const decisions = quick ? 20_000 : 100_000;
  const times = new Map<string, number[]>();
  const requests = [...askers()];
  // Until the code is compiled: not what a server that runs does.
  const authorizer = denying(index);
  for (let n = 0; n < warmUp; n++) await authorizer.authorize(requests[n % requests.length]!.attributes(n)); // there are some
  for (let n = 0; n < decisions; n++) {
    const { name, attributes } = requests[n % requests.length]!; // there are some
    const attributesNow = attributes(n);
    const from = process.hrtime.bigint();
    const decision = await authorizer.authorize(attributesNow);
    const microseconds = Number(process.hrtime.bigint() - from) / 1000;
    const label = `${name}, ${words[decision.type]}`;
    const known = times.get(label) ?? [];
    known.push(microseconds);
    times.set(label, known);
  }
  const all = [...times.values()].flat();
  const updates = timeUpdates(index, quick ? 200 : 1000);
  return [
    {
      name: `Authorization, ${bindings} bindings, ${roles} roles of ${rulesPerRole} rules, ${denyingPolicies} policies`,
      figures: [
        { name: "a decision, p99", value: quantile(all, 0.99), unit: "us", goal: { relation: "<=", value: 20 } },
        ...[...times].map(([name, values]) => ({
          name: `${name}, p99`,
          value: quantile(values, 0.99),
          unit: "us",
          detail: `p50 ${quantile(values, 0.5).toFixed(1)} us of ${values.length}`,
        })),
        {
          name: "a change of a role or binding, p99",
          value: quantile(updates, 0.99) / 1000,
          unit: "ms",
          goal: { relation: "<=", value: 5 },
          detail: `p50 ${quantile(updates, 0.5).toFixed(0)} us`,
        },
      ],
    },
  ];
}

const words = { allow: "allowed", deny: "denied by a policy", "no-opinion": "refused" } as const;

/** The authorizers of a server, with policies of users and groups on names and namespaces. */
function denying(index: RbacIndex): Authorizer {
  const set = new PolicySet();
  for (let n = 0; n < denyingPolicies; n++) {
    const subject = {
      type: n % 2 === 0 ? ("group" as const) : ("user" as const),
      name: n % 2 === 0 ? `group-${n}` : `user-${n}`,
    };
    const rule = {
      verbs: new Set(disclosingVerbs),
      namespaces: [`namespace-${n % 40}*`],
      names: [`object-1*-${n % 3}`],
    };
    const times = { notBeforeMs: -Infinity, notAfterMs: Infinity, usesTime: false };
    set.set({ id: `policy-${n}`, namespace: "", mode: "enforce", subjects: [subject], rules: [rule], ...times }, 0);
  }
  const facts = { policies: () => set, labels: async () => undefined, now: () => new Date(0), generation: () => 0 };
  const rbac = rbacAuthorizer({ index: () => index, generation: () => 0 });
  return policyAuthorizer(facts, unionAuthorizer([rbac]));
}

/** Roles and bindings that repeat nothing much, the same each time. */
function policy(): RbacIndex {
  const index = new RbacIndex(JSON.stringify);
  for (let n = 0; n < roles; n++) index.setRole({ namespace: "", name: `role-${n}`, rules: rulesOf(n) });
  for (let n = 0; n < bindings; n++) index.setBinding(bindingOf(n));
  return index;
}

function rulesOf(role: number): PolicyRule[] {
  return Array.from({ length: rulesPerRole }, (_, n) => ({
    verbs: [verbs[(role + n) % verbs.length]!, verbs[(role + n + 1) % verbs.length]!],
    apiGroups: [apiGroups[(role + n) % apiGroups.length]!],
    resources: [resources[(role * 3 + n) % resources.length]!],
    resourceNames: n % 2 === 0 ? [`object-${role}-${n}`] : [],
    nonResourceURLs: [],
  }));
}

function bindingOf(n: number): RoleBinding {
  const heavy = n < heavyBindings;
  return {
    namespace: heavy || n % 10 === 0 ? "" : `namespace-${n % namespaces}`,
    name: `binding-${n}`,
    roleRef: { kind: "ClusterRole", name: `role-${n % roles}` },
    subjects: heavy
      ? [{ kind: "Group", name: heavyGroup, namespace: "" }]
      : [
          { kind: "User", name: `user-${n % 1500}`, namespace: "" },
          { kind: "Group", name: `group-${n % 700}`, namespace: "" },
        ],
  };
}

interface Asker {
  readonly name: string;
  readonly attributes: (n: number) => Attributes;
}

function* askers(): Generator<Asker> {
  const groups = Array.from({ length: groupsOfUser }, (_, n) => `group-${n * 13}`);
  yield { name: "a user", attributes: (n) => asked(`user-${n % 1500}`, ["system:authenticated"], n) };
  yield { name: `a user with ${groupsOfUser} groups`, attributes: (n) => asked("somebody", groups, n) };
  yield { name: `a group with ${heavyBindings} bindings`, attributes: (n) => asked("somebody", [heavyGroup], n) };
  yield { name: "nobody", attributes: (n) => asked("stranger", ["system:authenticated"], n) };
  // No rule of any role allows these: the group's roles are all looked at.
  yield {
    name: `a group with ${heavyBindings} bindings, an object that no role names`,
    attributes: (n) => asked("somebody", [...groups, heavyGroup], n, { resource: "nodes", name: "other" }),
  };
}

function asked(
  name: string,
  groups: readonly string[],
  n: number,
  target: { readonly resource: string; readonly name: string } = {
    resource: resources[n % 3]!,
    name: `object-${n % roles}-0`,
  },
): Attributes {
  return {
    user: { name, groups, uid: undefined, extra: new Map() },
    verb: verbs[n % verbs.length]!,
    resource: {
      apiGroup: "",
      apiVersion: "v1",
      subresource: "",
      namespace: `namespace-${n % namespaces}`,
      ...target,
    },
    path: undefined,
  };
}

/** Microseconds of changes: a role with other rules, a binding taken and given. */
function timeUpdates(index: RbacIndex, count: number): number[] {
  const times: number[] = [];
  for (let n = 0; n < count; n++) {
    const from = process.hrtime.bigint();
    if (n % 2 === 0) index.setRole({ namespace: "", name: `role-${n % roles}`, rules: rulesOf(n + 1) });
    else index.setBinding(bindingOf(n));
    times.push(Number(process.hrtime.bigint() - from) / 1000);
  }
  return times;
}
