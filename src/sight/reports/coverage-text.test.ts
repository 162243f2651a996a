import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleReport } from "../../../test/support/report-samples.ts";
import { unknownSentences } from "./coverage-text.ts";
import type { ReportNeed } from "./report.ts";

function refused(kind: string): ReportNeed {
  const because = `the cluster answered with 403: ${kind} is forbidden`;
  return { kind, namespace: "", reason: "forbidden", because, right: `list on ${kind}` };
}

function sentences(needs: readonly ReportNeed[], kindsMax?: number): string[] {
  return unknownSentences({ ...sampleReport([]).coverage, needs, unresolved: [], problems: [] }, kindsMax);
}

test("Where kinds are counted, many refusals are one sentence in the words of the first; elsewhere each has its own", () => {
  const many = ["A", "B", "C", "D", "E"].map(refused);
  assert.deepEqual(sentences(many, 2), [
    "Unknown, since the cluster refused it (as in: the cluster answered with 403: A is forbidden): A (list on A), B (list on B) " +
      "and 3 more kinds; -o json has all. In brackets is the right that it takes; strongroom sight role prints a role with all of them.",
  ]);
  assert.equal(sentences(many).length, 5);
  assert.equal(sentences(many.slice(0, 3), 2).length, 3);
  assert.match(
    sentences(many)[4] ?? "",
    /^Unknown: E, since the cluster answered with 403: E is forbidden; to know it takes/,
  );
});
