import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleFinding } from "../../../test/support/report-samples.ts";
import { waySentence, worstPaths } from "./path-sentence.ts";
import type { ReportFinding, ReportStep } from "./report.ts";

function step(from: string, to: string, binding: string): ReportStep {
  const proof = binding === "" ? [] : [{ object: binding, place: "f:1" }];
  return { edge: "get-secret", verb: "gets", from, to, because: "it may", proof, fix: "" };
}

function way(...path: ReportStep[]): ReportFinding {
  return sampleFinding({ check: "SR-RSK-001", path });
}

function grant(name: string): ReportFinding {
  const object = { kind: "ClusterRoleBinding", namespace: "", name, place: "f:1" };
  return sampleFinding({ check: "SR-ACC-003", path: [], object, message: `by ${name}` });
}

test("The worst paths are each there once: a grant that one stands on is no further path", () => {
  const web = step("Pod a/web", "User w", "");
  const findings = [
    way(web, step("User w", "Secret a/x", "ClusterRoleBinding web")),
    grant("web"),
    grant("people"),
    way(step("Group people", "Secret a/x", "ClusterRoleBinding people")),
    way(web, step("User w", "Secret a/x", "ClusterRoleBinding web")),
    way(step("User z", "User w", "RoleBinding a/z"), step("User w", "Secret a/x", "ClusterRoleBinding web")),
    sampleFinding({ check: "SR-LIFE-001", path: [], message: "old" }),
    sampleFinding({ check: "SR-ACC-011", path: [], message: "a certificate is no way" }),
  ];
  assert.deepEqual(worstPaths(findings, 5).map(waySentence), [
    "Pod a/web gets User w, which gets Secret a/x",
    "Group people gets Secret a/x",
    "User z gets User w, which gets Secret a/x",
  ]);
  assert.equal(worstPaths(findings, 2).length, 2);
  assert.deepEqual(worstPaths([grant("people")], 5).map(waySentence), ["by people"]);
  const wide = { ...way(step("User u", "Secret a/x", "")), secrets: 12 };
  assert.equal(waySentence(wide), "User u gets Secret a/x and 11 more secrets");
});

test("Of one score, each kind of way comes before a second of its kind", () => {
  const own = (name: string) => way({ ...step(`Pod a/${name}`, `Secret a/${name}`, ""), edge: "secret-in-pod" });
  const other = way(step("User u", "Secret a/x", "RoleBinding a/u"));
  const lower = sampleFinding({
    check: "SR-RSK-001",
    score: { ...own("z").score, value: 1 },
    path: [{ ...step("Pod a/low", "Secret a/l", ""), edge: "token-in-pod" }],
  });
  const shown = worstPaths([own("one"), own("two"), own("three"), other, lower], 5).map(({ path }) => path[0]?.from);
  assert.deepEqual(shown, ["Pod a/one", "User u", "Pod a/two", "Pod a/three", "Pod a/low"]);
});
