/** Each form of a report, read by a reader of its own standard, says everything that was found and what is not known. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { parse } from "yaml";
import { scan } from "../../../src/sight/findings/scan.ts";
import { buildGraph } from "../../../src/sight/graph/build-graph.ts";
import { reportOfScan } from "../../../src/sight/reports/report-of-scan.ts";
import { readText } from "../../../src/sight/sources/file-source.ts";
import { reportForms, writeReport } from "../../../src/sight/reports/report-forms.ts";
import type { ReportForm } from "../../../src/sight/reports/report-forms.ts";
import type { GoneFinding, Report } from "../../../src/sight/reports/report.ts";
import { sampleFinding, sampleReport } from "../../support/report-samples.ts";
import { shapeErrors } from "../answer-schema.ts";
import { readCsv, readXml, sarifErrors } from "./read-forms.ts";

const plain = { columns: 100, color: false };
const write = (report: Report, form: ReportForm) => [...writeReport(report, form, plain)].join("");

/** Without fields that are undefined, which no form has. */
const bare = (value: Report): unknown => JSON.parse(JSON.stringify(value));

const path = sampleFinding();
const grant = sampleFinding({
  check: "SR-ACC-003",
  id: "SR-ACC-003/RoleBinding prod/all",
  fingerprint: "ffff",
  severity: "medium",
  message: "User bob may read every secret in prod",
  object: { kind: "RoleBinding", namespace: "prod", name: "all", place: "cluster prod" },
  path: [],
});
const excepted = sampleFinding({
  check: "SR-REF-001",
  fingerprint: "eeee",
  severity: "low",
  message: "Pod prod/x needs y",
});
const exception = { fingerprint: "eeee", check: undefined, object: undefined, place: "e.yaml:4" };
const known: readonly GoneFinding[] = [grant, { fingerprint: "aaaa", check: "SR-X", id: "SR-X/gone" }];
const report = sampleReport([path, grant, excepted], {
  exceptions: [
    { ...exception, reason: "the old one", expires: "2026-12-31" },
    { ...exception, fingerprint: "0", reason: "nobody", expires: "2026-12-31" },
    { ...exception, reason: "over", expires: "2026-01-01" },
  ],
  baseline: { byFingerprint: new Map(known.map((each) => [each.fingerprint, each])) },
});

/** Prometheus has numbers only. */
const formsWithNames = reportForms.filter((form) => form !== "prometheus");

test("JSON has the published shape, and YAML is the same", () => {
  const json: unknown = JSON.parse(write(report, "json"));
  assert.deepEqual(json, bare(report));
  assert.deepEqual(shapeErrors("scan-report", json), []);
  assert.deepEqual(parse(write(report, "yaml")), bare(report));
  assert.deepEqual(shapeErrors("scan-report", { ...report, findings: [{ ...path, severity: "worse" }] }), [
    "/findings/0/severity must be equal to one of the allowed values",
  ]);
});

test("Every form names every finding, those that are excepted, and what is not known with the right it takes", () => {
  for (const form of formsWithNames) {
    const text = write(report, form).replaceAll(/\s+/g, " ").replaceAll("`", "");
    const wanted = [
      "User jane",
      "User bob may read every secret in prod",
      "Pod prod/x needs y",
      "the old one",
      "list on pods",
    ];
    for (const words of [...wanted, "list on secrets in prod", "RoleBinding prod/gone"]) {
      assert.ok(text.includes(words), `${form} does not say: ${words}`);
    }
  }
});

test("A report without findings is one in every form", () => {
  const empty = sampleReport([]);
  assert.deepEqual(JSON.parse(write(empty, "json")), bare(empty));
  assert.deepEqual(parse(write(empty, "yaml")), bare(empty));
  assert.deepEqual(sarifErrors(JSON.parse(write(empty, "sarif"))), []);
  assert.ok(write(empty, "table").startsWith("0 findings: 0 critical"));
  for (const form of formsWithNames) assert.match(write(empty, form), /list on pods/, form);
});

interface Result {
  readonly ruleId: string;
  readonly [field: string]: unknown;
}

test("SARIF is valid by the official schema", () => {
  const log = JSON.parse(write(report, "sarif"));
  assert.deepEqual(sarifErrors(log), []);
  assert.notDeepEqual(sarifErrors({ ...log, version: "2.0" }), []);
  const [run] = log.runs;
  const results: readonly Result[] = run.results;
  assert.deepEqual(
    results.map(({ ruleId, level, baselineState, partialFingerprints }) => [
      ruleId,
      level,
      baselineState,
      partialFingerprints,
    ]),
    [
      ["SR-ACC-001", "error", "new", { "strongroom/v1": path.fingerprint }],
      ["SR-ACC-003", "warning", "unchanged", { "strongroom/v1": "ffff" }],
      ["SR-REF-001", "note", "new", { "strongroom/v1": "eeee" }],
    ],
  );
  assert.deepEqual(
    run.tool.driver.rules.map(({ id, properties }: { id: string; properties: Record<string, unknown> }) => [
      id,
      properties["security-severity"],
    ]),
    [
      ["SR-ACC-001", "7.5"],
      ["SR-ACC-003", "7.5"],
      ["SR-REF-001", undefined],
      ["SR-NONE-001", undefined],
    ],
  );
  for (const { ruleId, ruleIndex } of results) assert.equal(run.tool.driver.rules[Number(ruleIndex)].id, ruleId);
});

test("SARIF has places in files, objects as logical locations, ways as flows and exceptions as suppressions", () => {
  const [first, second, third] = JSON.parse(write(report, "sarif")).runs[0].results;
  assert.deepEqual(first.locations, [
    {
      physicalLocation: {
        artifactLocation: { uri: "cluster.yaml", uriBaseId: "%SRCROOT%" },
        region: { startLine: 12 },
      },
      logicalLocations: [{ name: "jane", kind: "User", fullyQualifiedName: "User jane" }],
    },
  ]);
  assert.deepEqual(Object.keys(second.locations[0]), ["logicalLocations"], "what is in no file has no physical place");
  const steps: readonly { location: { message: { text: string } } }[] = first.codeFlows[0].threadFlows[0].locations;
  assert.deepEqual(
    steps.map(({ location }) => location.message.text.split(",")[0]),
    [
      "User jane runs a command in Pod prod/web",
      "Pod prod/web has in it the token of ServiceAccount prod/operator",
      "ServiceAccount prod/operator gets every Secret",
    ],
  );
  assert.equal(second.codeFlows, undefined);
  assert.deepEqual([first.suppressions, third.suppressions[0].justification], [[], "the old one"]);
  const odd = sampleFinding({
    message: "User [a](http://x) and {0}",
    object: { kind: "Pod", namespace: "", name: "x", place: "", file: "./a b/ü%#?.yaml" },
  });
  const [result] = JSON.parse(write(sampleReport([odd]), "sarif")).runs[0].results;
  assert.ok(result.message.text.startsWith("User \\[a\\](http://x) and {{0}}"), result.message.text);
  assert.equal(result.locations[0].physicalLocation.artifactLocation.uri, "a%20b/%C3%BC%25%23%3F.yaml");
});

test("What was read from a running cluster or standard input has a place, and no file", () => {
  const grant =
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: all}\n" +
    "roleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: User, name: jane}]\n";
  const decisions = { exceptions: [], baseline: undefined, now: new Date(0) };
  const placed = (source: "cluster" | "manifests", file: string) => {
    const answer = scan(buildGraph(readText("manifests", file, grant)));
    const { findings } = reportOfScan({ ...answer, coverage: { ...answer.coverage, source } }, decisions, "1");
    return [findings[0]?.object.place, findings[0]?.object.file, findings[0]?.object.line];
  };
  assert.deepEqual(placed("manifests", "all.yaml"), ["all.yaml:1", "all.yaml", 1]);
  assert.deepEqual(placed("manifests", "-"), ["-:1", undefined, undefined]);
  assert.deepEqual(placed("cluster", "prod /apis/x"), ["prod /apis/x:1", undefined, undefined]);
});

test("CSV is a table by RFC 4180 with a row for each", () => {
  const [names, ...rows] = readCsv(write(report, "csv"));
  assert.equal(names?.[0], "record");
  assert.ok(rows.every((row) => row.length === names?.length));
  assert.deepEqual(
    rows.map(([record, , , check]) => [record, check]),
    [
      ["new", "SR-ACC-001"],
      ["known", "SR-ACC-003"],
      ["suppressed", "SR-REF-001"],
      ["gone", "SR-X"],
      ["unknown", ""],
      ["unknown", ""],
      ["unknown", ""],
      ["unknown", ""],
    ],
  );
});

test("JUnit has a case for each check and object: it fails, is skipped or passes", () => {
  const elements = readXml(write(report, "junit"));
  const cases = elements.filter(({ name }) => name === "testcase");
  assert.deepEqual(
    cases.slice(0, 4).map(({ attributes, children }) => [attributes["classname"], children]),
    [
      ["SR-ACC-001", ["failure"]],
      ["SR-ACC-003", ["skipped"]],
      ["SR-REF-001", ["skipped"]],
      ["SR-NONE-001", []],
    ],
  );
  const all = elements.find(({ name }) => name === "testsuites");
  const count = (word: string) => cases.filter(({ children }) => children.includes(word)).length;
  assert.deepEqual(
    [all?.attributes["tests"], all?.attributes["failures"], all?.attributes["skipped"]],
    [String(cases.length), String(count("failure")), String(count("skipped"))],
  );
  assert.equal(new Set(cases.map(({ attributes }) => JSON.stringify(attributes))).size, cases.length);
});

test("Objects for viewers in a cluster are one for each namespace and one for the cluster, with counts that fit", () => {
  const { items } = JSON.parse(write(report, "policyreport"));
  assert.deepEqual(
    items.map(({ kind, metadata, summary }: Record<string, Record<string, unknown>>) => [
      kind,
      metadata?.["namespace"],
      summary,
    ]),
    [
      ["ClusterPolicyReport", undefined, { pass: 0, fail: 1, warn: 0, error: 4, skip: 1 }],
      ["PolicyReport", "prod", { pass: 0, fail: 1, warn: 0, error: 0, skip: 0 }],
    ],
  );
  const [first] = items[0].results;
  assert.deepEqual([first.policy, first.rule, first.severity, first.result], ["SR-ACC-001", "a-check", "high", "fail"]);
  assert.deepEqual(first.resources, [{ kind: "User", name: "jane" }]);
  const many = Array.from({ length: 2500 }, (_, index) => sampleFinding({ fingerprint: String(index) }));
  const parts = JSON.parse(write(sampleReport(many), "policyreport")).items;
  assert.deepEqual(
    parts.map(({ metadata, results }: { metadata: { name: string }; results: unknown[] }) => [
      metadata.name,
      results.length,
    ]),
    [
      ["strongroom-scan-1", 1000],
      ["strongroom-scan-2", 1000],
      ["strongroom-scan-3", 504],
    ],
  );
});

test("The graph has each place and each step once", () => {
  const { graph } = JSON.parse(write(report, "opengraph"));
  assert.deepEqual(
    graph.nodes.map(({ id }: { id: string }) => id),
    [
      "User jane",
      "Pod prod/web",
      "ServiceAccount prod/operator",
      "every Secret",
      "RoleBinding prod/all",
      "strongroom coverage",
    ],
  );
  assert.deepEqual(
    graph.edges.map(({ kind }: { kind: string }) => kind),
    ["ExecPod", "TokenInPod", "GetSecret"],
  );
});

test("The numbers are those of the report, without a name of the cluster", () => {
  const text = write(report, "prometheus");
  assert.match(text, /^strongroom_scan_findings\{check="SR-ACC-001",severity="high"\} 1$/m);
  assert.match(text, /^strongroom_scan_new_findings\{severity="high"\} 1$/m);
  assert.match(text, /^strongroom_scan_excepted_findings 1$/m);
  assert.match(text, /^strongroom_scan_expired_exceptions 1$/m);
  assert.match(text, /^strongroom_scan_unknown\{kind="Pod"\} 1$/m);
  assert.doesNotMatch(text, /jane|prod/);
});

test("The table has the worst paths first, fits the terminal, and needs no colours", () => {
  const narrow = [...writeReport(report, "table", { columns: 60, color: false })].join("");
  for (const line of narrow.split("\n")) assert.ok(line.length <= 60 || !line.trim().includes(" "), line);
  assert.ok(narrow.startsWith("The worst 2 paths\n") || narrow.startsWith("The 2 worst paths\n"), narrow.slice(0, 40));
  assert.ok(narrow.indexOf("fix: Take pods/exec") < narrow.indexOf("2 findings: 0 critical, 1 high, 1 medium"));
  assert.ok(!narrow.includes("\u001b"));
  const colored = [...writeReport(report, "table", { columns: 60, color: true })].join("");
  assert.ok(colored.includes("\u001b[31mhigh\u001b[0m"));
  assert.equal(stripVTControlCharacters(colored), narrow, "colours change no line");
});

test("Of thousands of findings the table shows some and says how many more there are", () => {
  const many = Array.from({ length: 5000 }, (_, index) => sampleFinding({ fingerprint: String(index) }));
  const text = write(sampleReport(many), "table");
  assert.match(text, /^ {2}\.\.\. and 4980 more; -o json has all\.$/m);
  assert.ok(text.split("\n").length < 200);
});

test("10,000 findings are written in pieces of at most a finding, or an object of a thousand", () => {
  const many = Array.from({ length: 10_000 }, (_, index) => sampleFinding({ fingerprint: `f${index}` }));
  const large = sampleReport(many);
  for (const form of reportForms) {
    let [longest, whole] = [0, 0];
    for (const piece of writeReport(large, form, plain)) {
      longest = Math.max(longest, piece.length);
      whole += piece.length;
    }
    assert.ok(longest < (form === "policyreport" ? 1024 : 64) * 1024, `${form} has a piece of ${longest}`);
    if (form !== "table" && form !== "opengraph" && form !== "prometheus")
      assert.ok(whole > 1_000_000, `${form} has ${whole}`);
  }
});
