/**
 * Objects that viewers of a cluster show (wgpolicyk8s.io/v1alpha2): a PolicyReport for each namespace and a
 * ClusterPolicyReport, as a List for kubectl apply.
 * https://github.com/kubernetes-sigs/wg-policy-prototypes/tree/master/policy-report
 */
import { unknownSentences } from "./coverage-text.ts";
import { checkNamed } from "./check-named.ts";
import { jsonText } from "./json-text.ts";
import type { Report, ReportFinding, SuppressedFinding } from "./report.ts";
import { visible } from "./visible.ts";

/** An object of a cluster has at most about 1.5 MB; a result has some 700 bytes. */
const resultsMax = 1000;

interface PolicyResult {
  readonly result: "fail" | "warn" | "skip" | "error";
  readonly [field: string]: unknown;
}

/** The list, an object at a time. What is not known are results that could not be evaluated, of the whole cluster. */
export function* writePolicyReports(report: Report): Generator<string> {
  yield '{\n  "apiVersion": "v1",\n  "kind": "List",\n  "items": [';
  let separator = "\n";
  for (const item of policyReports(report)) {
    yield `${separator}    ${jsonText(item, 4)}`;
    separator = ",\n";
  }
  yield "\n  ]\n}\n";
}

function* policyReports(report: Report): Generator<object> {
  const byNamespace = Map.groupBy([...report.findings, ...report.suppressed], ({ object }) => object.namespace);
  const ofCluster = byNamespace.get("") ?? [];
  const unknown = unknownSentences(report.coverage).map((sentence): PolicyResult => ({
    ...stamped(report),
    policy: "coverage",
    result: "error",
    message: visible(sentence),
  }));
  yield* parts("", [...ofCluster.map((found) => resultOf(report, found)), ...unknown]);
  for (const [namespace, found] of byNamespace) {
    if (namespace === "") continue;
    yield* parts(
      namespace,
      found.map((each) => resultOf(report, each)),
    );
  }
}

function* parts(namespace: string, results: readonly PolicyResult[]): Generator<object> {
  for (let start = 0; start < results.length; start += resultsMax) {
    const part = results.slice(start, start + resultsMax);
    const count = (result: PolicyResult["result"]) => part.filter((each) => each.result === result).length;
    yield {
      apiVersion: "wgpolicyk8s.io/v1alpha2",
      kind: namespace === "" ? "ClusterPolicyReport" : "PolicyReport",
      metadata: {
        name: `strongroom-scan-${start / resultsMax + 1}`,
        ...(namespace === "" ? {} : { namespace }),
        labels: { "app.kubernetes.io/managed-by": "strongroom" },
      },
      summary: { pass: 0, fail: count("fail"), warn: count("warn"), error: count("error"), skip: count("skip") },
      results: part,
    };
  }
}

function resultOf(report: Report, found: ReportFinding | SuppressedFinding): PolicyResult {
  const { check, severity, message, object, fix, verify, fingerprint, score, state } = found;
  const { kind, namespace, name } = object;
  const excepted =
    "exception" in found ? { excepted: visible(found.exception.reason), until: found.exception.expires } : {};
  return {
    ...stamped(report),
    policy: check,
    rule: checkNamed(report.checks, check).name,
    category: "secrets",
    severity,
    result: "exception" in found ? "skip" : severity === "info" ? "warn" : "fail",
    scored: severity !== "info",
    message: visible(message),
    resources: [{ kind, name, ...(namespace === "" ? {} : { namespace }) }],
    properties: {
      fix: visible(fix),
      verify: visible(verify.command),
      fingerprint,
      score: String(score.value),
      ...(state === undefined ? {} : { state }),
      ...excepted,
    },
  };
}

function stamped({ generatedAt }: Report) {
  return { source: "strongroom", timestamp: { seconds: Math.floor(Date.parse(generatedAt) / 1000), nanos: 0 } };
}
