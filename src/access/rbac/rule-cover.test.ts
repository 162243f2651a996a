import assert from "node:assert/strict";
import { test } from "node:test";
import { array, assert as assertProperty, property } from "fast-check";
import { anyAction, anyRule, rule } from "../../../test/support/rbac-rules.ts";
import { compactRules, compactText, missingRules, simpleRuleCount, breakDown } from "./rule-cover.ts";
import { ruleAllows } from "./policy-rule.ts";
import type { PolicyRule } from "./policy-rule.ts";

const both: PolicyRule = { ...rule("get v1 builds"), nonResourceURLs: ["/apis"] };

/** What is held, what is asked for, and what is missing; the cases of upstream's policy_comparator_test.go. */
const cases: readonly (readonly [name: string, held: PolicyRule[], asked: PolicyRule[], missing: PolicyRule[]])[] = [
  ["the same rule", [rule("get v1 builds")], [rule("get v1 builds")], []],
  ["a subresource of everything", [rule("get v1 */scale")], [rule("get v1 foo/scale")], []],
  [
    "several rules that together make one",
    [rule("delete v1 deployments"), rule("delete v1 builds"), rule("update v1 builds,deployments")],
    [rule("delete,update v1 builds,deployments")],
    [],
  ],
  [
    "several rules over several groups",
    ["group1", "group2"].flatMap((group) => [
      rule(`delete ${group} deployments`),
      rule(`delete ${group} builds`),
      rule(`update ${group} builds,deployments`),
    ]),
    [rule("delete,update group1,group2 builds,deployments")],
    [],
  ],
  [
    "one rule over several groups that is asked for in parts",
    [rule("delete,update group1,group2 builds,deployments")],
    ["group1", "group2"].flatMap((group) => [
      rule(`delete ${group} deployments`),
      rule(`delete ${group} builds`),
      rule(`update ${group} builds,deployments`),
    ]),
    [],
  ],
  [
    "one verb on one resource short",
    [rule("delete,update v1 builds,deployments"), rule("delete v1 pods")],
    [rule("delete,update v1 builds,deployments,pods")],
    [rule("update v1 pods")],
  ],
  ["all groups over some", [rule("get * roles")], [rule("get group1,group2 roles")], []],
  ["one group is not all", [rule("get dummy-group roles")], [rule("get * roles")], [rule("get * roles")]],
  ["all groups over all", [rule("get * roles")], [rule("get * roles")], []],
  ["all verbs over some", [rule("* v1 roles")], [rule("watch,list v1 roles")], []],
  [
    "a list of verbs is not all",
    [rule("get,list,watch,create,update,delete,exec v1 roles")],
    [rule("* v1 roles")],
    [rule("* v1 roles")],
  ],
  ["all verbs over all", [rule("* v1 roles")], [rule("* v1 roles")], []],
  ["all resources over one", [rule("get v1 *")], [rule("get v1 resourcegroup:deployments")], []],
  [
    "a list of resources is not all",
    [rule("get v1 roles,resourcegroup:deployments")],
    [rule("get v1 *")],
    [rule("get v1 *")],
  ],
  ["all resources over all", [rule("get v1 *")], [rule("get v1 *")], []],
  ["all names over some", [rule("get v1 pods")], [rule("get v1 pods foo,bar")], []],
  ["some names are not all", [rule("get v1 pods foo,bar")], [rule("get v1 pods")], [rule("get v1 pods")]],
  ["the same path", [rule("* /apis")], [rule("* /apis")], []],
  ["all paths over some", [rule("* *")], [rule("* /apis,/apis/v1,/")], []],
  ["what is below a path does not contain it", [rule("* /apis/*")], [rule("get /apis,/apis/v1")], [rule("get /apis")]],
  ["what is below a path", [rule("* /apis/*")], [rule("get /apis/v1/foo,/apis/v1")], []],
  ["paths beside resources", [both], [both], []],
  ["paths beside resources, of which only those are held", [rule("get v1 builds")], [both], [rule("get /apis")]],
  ["a subresource of another resource", [rule("get v1 foo/scale")], [rule("get v1 */scale")], [rule("get v1 */scale")]],
  [
    "a resource does not contain its subresources",
    [rule("get v1 foo")],
    [rule("get v1 foo/scale")],
    [rule("get v1 foo/scale")],
  ],
  ["res/* is no pattern", [rule("get v1 foo/*")], [rule("get v1 foo/scale")], [rule("get v1 foo/scale")]],
];

for (const [name, held, asked, missing] of cases) {
  test(`Rules cover ${missing.length === 0 ? "" : "not "}what is asked for: ${name}`, () => {
    assert.deepEqual(missingRules(held, asked), missing);
  });
}

const anyRules = array(anyRule, { maxLength: 3 });

test("Rules cover themselves", () => {
  assertProperty(property(anyRules, (rules) => assert.deepEqual(missingRules(rules, rules), [])));
});

test("What covers what covers something covers it", () => {
  assertProperty(
    property(anyRules, anyRules, anyRules, (a, b, c) => {
      // What a has beside what it needs does not matter: so many chains hold, and the property is not empty.
      const ab = [...a, ...b];
      const reached = missingRules(b, c).length === 0;
      assert.equal(missingRules(ab, b).length, 0);
      if (reached) assert.deepEqual(missingRules(ab, c), []);
      if (missingRules(a, b).length === 0 && reached) assert.deepEqual(missingRules(a, c), []);
    }),
  );
});

test("Who holds more misses nothing more", () => {
  assertProperty(
    property(anyRules, anyRules, anyRules, (held, more, asked) => {
      const before = missingRules(held, asked);
      const after = missingRules([...held, ...more], asked);
      for (const missing of after) assert.ok(before.some((rule) => JSON.stringify(rule) === JSON.stringify(missing)));
    }),
  );
});

test("Nothing that covered rules allow is beyond the rules that cover them", () => {
  assertProperty(
    property(anyRules, anyRules, anyAction, (held, asked, action) => {
      const missing = missingRules(held, asked);
      const allowed = asked.some((rule) => ruleAllows(rule, action));
      const accounted = [...held, ...missing].some((rule) => ruleAllows(rule, action));
      assert.ok(!allowed || accounted);
    }),
  );
});

test("A rule is broken down into as many simple rules as were counted", () => {
  assertProperty(property(anyRule, (rule) => assert.equal([...breakDown(rule)].length, simpleRuleCount(rule))));
});

test("What is missing is told in one line for each resource and name", () => {
  const missing = missingRules([], [rule("get,list -,apps secrets a"), rule("get - pods"), rule("get,post /x")]);
  assert.deepEqual(
    compactRules(missing)
      .map((each) => compactText(each, JSON.stringify))
      .sort(),
    [
      '{APIGroups:[""], Resources:["pods"], Verbs:["get"]}',
      '{APIGroups:[""], Resources:["secrets"], ResourceNames:["a"], Verbs:["get" "list"]}',
      '{APIGroups:["apps"], Resources:["secrets"], ResourceNames:["a"], Verbs:["get" "list"]}',
      '{NonResourceURLs:["/x"], Verbs:["get"]}',
      '{NonResourceURLs:["/x"], Verbs:["post"]}',
    ],
  );
});
