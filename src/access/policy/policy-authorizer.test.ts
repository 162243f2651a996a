import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as assertProperty, asyncProperty, constantFrom, property, record, subarray } from "fast-check";
import { StrongroomError } from "../../errors/strongroom-error.ts";
import type { Attributes, Authorizer } from "../authorizer.ts";
import { fitsPattern } from "./name-pattern.ts";
import { policyAuthorizer } from "./policy-authorizer.ts";
import type { PolicyFacts } from "./policy-authorizer.ts";
import { PolicySet } from "./policy-set.ts";
import type { DenyRule, SecretPolicy } from "./secret-policy.ts";

const inner: Authorizer = { authorize: async () => ({ type: "allow", reason: "" }) };
const ann = { name: "ann", groups: ["devs", "system:authenticated"], uid: undefined, extra: new Map() };

function policy(rule: Partial<DenyRule>, more: Partial<SecretPolicy> = {}): SecretPolicy {
  return {
    id: "p",
    namespace: "",
    mode: "enforce",
    subjects: [{ type: "group", name: "devs" }],
    rules: [{ verbs: new Set(["*"]), namespaces: [], names: [], ...rule }],
    notBeforeMs: -Infinity,
    notAfterMs: Infinity,
    usesTime: false,
    ...more,
  };
}

function asked(name: string, verb = "get", resource = "secrets"): Attributes {
  const of = { apiGroup: "", apiVersion: "v1", resource, subresource: "", namespace: "ns", name };
  return { user: ann, verb, resource: of, path: undefined };
}

async function decide(policies: readonly SecretPolicy[], attributes: Attributes, nowMs = 0) {
  const set = new PolicySet();
  for (const each of policies) set.set(each, 0);
  return (await policyAuthorizer(factsOf(set, nowMs), inner).authorize(attributes)).type;
}

function factsOf(set: PolicySet, nowMs: number): PolicyFacts {
  return {
    policies: () => set,
    labels: async () => ({ tier: "top" }),
    now: () => new Date(nowMs),
    generation: () => set.generation(nowMs),
  };
}

test("A pattern fits what a regular expression of it fits", () => {
  const characters = constantFrom("a", "b", "-", "*", "?");
  const pattern = array(characters, { maxLength: 8 }).map((parts) => parts.join(""));
  const name = array(constantFrom("a", "b", "-"), { maxLength: 10 }).map((parts) => parts.join(""));
  assertProperty(
    property(pattern, name, (written, text) => {
      const expression = new RegExp(`^${written.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      assert.equal(fitsPattern(written, text), expression.test(text));
    }),
  );
});

test("A pattern made to be slow is not", () => {
  assert.equal(fitsPattern(`${"*a".repeat(8)}b`, "a".repeat(100_000)), false);
});

test("What is denied is denied whatever other policies say, and another policy never allows", async () => {
  const rule = record({
    verbs: subarray(["get", "list", "*"], { minLength: 1 }).map((verbs) => new Set(verbs)),
    namespaces: subarray(["ns", "n*", "other"]),
    names: subarray(["db", "d*", "web"]),
  });
  const policies = array(rule, { maxLength: 4 }).map((rules) => rules.map((each, n) => policy(each, { id: `p${n}` })));
  await assertProperty(
    asyncProperty(policies, policies, constantFrom("db", "web", ""), async (some, more, name) => {
      const [before, after] = [
        await decide(some, asked(name)),
        await decide([...some, ...more.map((each) => ({ ...each, id: `q${each.id}` }))], asked(name)),
      ];
      assert.ok(before === "allow" || after === "deny");
    }),
  );
});

test("While policies are not known nothing is decided, and open streams are told so by another generation", async () => {
  const set = new PolicySet();
  let lapses = 0;
  const facts: PolicyFacts = {
    ...factsOf(set, 0),
    policies() {
      if (lapses > 0) throw new StrongroomError("unavailable", "the policies must be known to decide");
      return set;
    },
    generation: () => set.generation(0) + lapses,
  };
  const authorizer = policyAuthorizer(facts, inner);
  const before = authorizer.generation?.();
  lapses++;
  assert.notEqual(authorizer.generation?.(), before);
  await assert.rejects(authorizer.authorize(asked("db")), { code: "unavailable" });
});

test("Policies are about secrets, and hold in their time", async () => {
  assert.equal(await decide([policy({})], asked("db")), "deny");
  assert.equal(await decide([policy({})], asked("db", "get", "configmaps")), "allow");
  const timed = policy({}, { notBeforeMs: 100, notAfterMs: 200 });
  for (const [nowMs, expected] of [
    [99, "allow"],
    [100, "deny"],
    [199, "deny"],
    [200, "allow"],
  ] as const) {
    assert.equal(await decide([timed], asked("db"), nowMs), expected, String(nowMs));
  }
});

test("The generation grows when a policy comes, goes, begins or ends, and else stays", () => {
  const set = new PolicySet();
  const seen = [set.generation(0)];
  set.set(policy({}, { notBeforeMs: 100, notAfterMs: 200 }), 0);
  for (const nowMs of [0, 99, 100, 199, 200, 300]) seen.push(set.generation(nowMs));
  set.remove("p", 300);
  seen.push(set.generation(300), set.generation(400));
  const changes = seen.slice(1).map((generation, index) => generation > seen[index]!); // one before each
  assert.deepEqual(changes, [true, false, true, false, true, false, true, false]);
});

test("A condition that fails denies", async () => {
  const failing = () => {
    throw new Error("no result");
  };
  assert.equal(await decide([policy({ condition: failing })], asked("db")), "deny");
  assert.equal(await decide([policy({ condition: () => false })], asked("db")), "allow");
});
