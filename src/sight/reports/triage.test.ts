import assert from "node:assert/strict";
import { test } from "node:test";
import { isStrongroomError } from "../../errors/strongroom-error.ts";
import { readBaseline, writeBaseline } from "./baseline.ts";
import type { FindingException } from "./exceptions.ts";
import { writeJson } from "./json-report.ts";
import { sampleFinding, sampleReport } from "../../../test/support/report-samples.ts";
import { triage } from "./triage.ts";

const now = new Date("2026-11-25T12:00:00Z");
const finding = (name: string) => {
  return sampleFinding({ fingerprint: `print-${name}`, object: { kind: "User", namespace: "", name, place: "f:1" } });
};
const [ann, bob, eve] = [finding("ann"), finding("bob"), finding("eve")];
const exception = (given: Partial<FindingException>): FindingException => {
  return {
    fingerprint: undefined,
    check: undefined,
    object: undefined,
    reason: "r",
    expires: "2027-01-01",
    place: "e:1",
    ...given,
  };
};

test("What an exception fits is set apart with its reason, counted and kept", () => {
  const exceptions = [
    exception({ check: "SR-ACC-001", object: "User b*", reason: "first" }),
    exception({ fingerprint: "print-bob", reason: "second" }),
    exception({ fingerprint: "print-ann", reason: "over", expires: "2026-11-24" }),
    exception({ fingerprint: "print-zoe", reason: "nobody" }),
  ];
  const judged = triage([ann, bob, eve], { exceptions, baseline: undefined, now });
  assert.deepEqual(judged.findings, [ann, eve]);
  assert.deepEqual(
    judged.suppressed.map(({ id, exception: { reason } }) => [id, reason]),
    [[bob.id, "first"]],
  );
  assert.deepEqual([judged.summary.findings, judged.summary.suppressed, judged.summary.bySeverity.high], [2, 1, 2]);
  const reasons = (list: readonly { readonly reason: string }[]) => list.map(({ reason }) => reason);
  assert.deepEqual(reasons(judged.exceptions.expired), ["over"]);
  assert.deepEqual(reasons(judged.exceptions.unmatched), ["nobody"], "an exception beside another is used too");
});

test("Against an earlier report or a baseline, findings are new or known, and what is gone is named", () => {
  const report = sampleReport([ann, bob], { exceptions: [exception({ fingerprint: "print-bob" })] });
  for (const text of [[...writeJson(report)].join(""), writeBaseline([ann, bob])]) {
    const baseline = readBaseline(text, "b.json");
    const judged = triage([bob, eve], { exceptions: [], baseline, now });
    assert.deepEqual(
      judged.findings.map(({ id, state }) => [id, state]),
      [
        [bob.id, "known"],
        [eve.id, "new"],
      ],
    );
    assert.deepEqual(judged.gone, [{ fingerprint: "print-ann", check: ann.check, id: ann.id }]);
    assert.deepEqual([judged.summary.new, judged.summary.known, judged.summary.gone], [1, 1, 1]);
  }
  assert.equal(writeBaseline([bob, ann]), writeBaseline([ann, bob]));
});

test("What is no baseline is refused", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["{", /b\.json must be JSON/],
    ["[]", /must be a JSON object/],
    ["{}", /must be a ScanReport or a ScanBaseline/],
    ['{"apiVersion":"strongroom.dev/v1","kind":"ScanBaseline"}', /must have a list of findings/],
    [
      '{"apiVersion":"strongroom.dev/v1","kind":"ScanBaseline","findings":[{"fingerprint":1}]}',
      /each finding must have/,
    ],
    ['{"apiVersion":"strongroom.dev/v2","kind":"ScanBaseline","findings":[]}', /of strongroom\.dev\/v1/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => readBaseline(text, "b.json"),
      (error) => isStrongroomError(error) && error.code === "invalid" && message.test(error.message),
      text,
    );
  }
});
