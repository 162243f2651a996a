/** Reports for tests and benchmarks: of any number of findings, with names as the caller wants them. */
import { missingRight } from "../../src/sight/facts/coverage-gap.ts";
import { needsOf } from "../../src/sight/reports/coverage-needs.ts";
import { reportVersion } from "../../src/sight/reports/report.ts";
import type { Report, ReportFinding, ReportStep } from "../../src/sight/reports/report.ts";
import { triage } from "../../src/sight/reports/triage.ts";
import type { Decisions } from "../../src/sight/reports/triage.ts";

const frameworks = { cis: ["5.1.2"], nsa: ["C-0015"], owaspK8s: ["K03"], attack: ["T1552.007"] };

/** A finding with a way of three steps; `given` takes the place of its fields. */
export function sampleFinding(given: Partial<ReportFinding> = {}): ReportFinding {
  const name = given.object?.name ?? "jane";
  const steps = [
    ["exec-pod", "runs a command in", `User ${name}`, "Pod prod/web"],
    ["token-in-pod", "has in it the token of", "Pod prod/web", "ServiceAccount prod/operator"],
    ["get-secret", "gets", "ServiceAccount prod/operator", "every Secret"],
  ] as const;
  return {
    id: `SR-ACC-001/User ${name}`,
    fingerprint: "0123456789abcdef0123456789abcdef",
    check: "SR-ACC-001",
    title: "Somebody comes to every secret",
    severity: "high",
    score: { value: 7.5, formula: "product", factors: [{ name: "base", value: 7.5, because: "of the check" }] },
    frameworks,
    message: `User ${name} comes to every secret of the cluster in 3 steps`,
    object: { kind: "User", namespace: "", name, place: "cluster.yaml:12", file: "cluster.yaml", line: 12 },
    evidence: [
      {
        object: "Role prod/operator, rule 1",
        place: "cluster.yaml:3",
        file: "cluster.yaml",
        line: 3,
        field: "rules[0]",
        text: "it allows get on secrets",
      },
    ],
    explanation: "Each step is allowed by itself.",
    fix: "Take pods/exec out of the role.",
    patch: { format: "json-patch", target: "Role prod/operator", text: "[]", command: "kubectl patch role operator" },
    verify: { command: `kubectl auth can-i list secrets -A --as=${name}`, expect: "no" },
    path: steps.map(([edge, verb, from, to]): ReportStep => {
      const because = `RoleBinding prod/operators (cluster.yaml:20) gives Role prod/operator to ${from}`;
      return {
        edge,
        verb,
        from,
        to,
        because,
        proof: [{ object: "Role prod/operator", rule: 1, place: "cluster.yaml:3" }],
        fix: "",
      };
    }),
    unknown: [],
    ...given,
  };
}

/** A report of them, with something unknown in its coverage. */
export function sampleReport(findings: readonly ReportFinding[], decisions: Partial<Decisions> = {}): Report {
  const coverage = {
    source: "dump",
    files: 1,
    objects: { Role: 1 },
    unknown: ["Pod"],
    gaps: [
      {
        kind: "Secret",
        namespace: "prod",
        reason: "forbidden",
        message: "the cluster refused it",
        missing: missingRight({ verbs: ["list"], group: "", resource: "secrets", namespace: "prod" }),
      },
    ],
    otherObjects: 2,
    problems: [{ message: "it is there twice", at: { file: "a.yaml", document: 1, item: undefined, line: 4 } }],
    unresolved: [{ binding: "RoleBinding prod/gone", role: "Role prod/gone" }],
  } as const;
  const now = decisions.now ?? new Date("2026-11-25T12:00:00Z");
  const judged = triage(findings, { exceptions: [], baseline: undefined, ...decisions, now });
  const ids = [...new Set([...findings.map(({ check }) => check), "SR-NONE-001"])];
  return {
    apiVersion: reportVersion,
    kind: "ScanReport",
    tool: { name: "strongroom", version: "1.2.3" },
    generatedAt: now.toISOString(),
    coverage: { ...coverage, needs: needsOf(coverage) },
    checks: ids.map((id) => ({
      id,
      name: "a-check",
      title: "It is so",
      explanation: "It is.",
      fix: "Mend it.",
      frameworks,
    })),
    ...judged,
  };
}
