/** JUnit XML as pipelines read it: a suite for each check, a case for each object that it found something of. */
import { unknownSentences } from "./coverage-text.ts";
import { evidenceText, pathSentence } from "./path-sentence.ts";
import { reportObjectText } from "./report.ts";
import type { Report, ReportCheck, ReportFinding, SuppressedFinding } from "./report.ts";
import { visible } from "./visible.ts";

/**
 * A check without findings is one case that passes. What was excepted, and with a baseline what was known, is skipped
 * with the reason; what is not known is skipped in a suite of its own.
 */
export function* writeJunit(report: Report): Generator<string> {
  const cases = Map.groupBy([...report.findings, ...report.suppressed], ({ check }) => check);
  const unknown = unknownSentences(report.coverage);
  const all = [...report.findings, ...report.suppressed];
  const failures = all.filter(isFailure).length;
  const passing = report.checks.filter(({ id }) => !cases.has(id)).length;
  const totals = [
    attribute("tests", String(all.length + passing + unknown.length)),
    attribute("failures", String(failures)),
    attribute("skipped", String(all.length - failures + unknown.length)),
  ].join("");
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="strongroom scan"${totals}>\n`;
  for (const check of report.checks) yield* writeSuite(check, cases.get(check.id) ?? [], report.generatedAt);
  yield openSuite("coverage", { tests: unknown.length, failures: 0, skipped: unknown.length }, report.generatedAt);
  for (const [index, sentence] of unknown.entries()) yield* writeUnknown(sentence, index + 1);
  yield "  </testsuite>\n</testsuites>\n";
}

type Case = ReportFinding | SuppressedFinding;

function isFailure(found: Case): boolean {
  return !("exception" in found) && found.state !== "known" && found.severity !== "info";
}

function* writeSuite(check: ReportCheck, found: readonly Case[], time: string): Generator<string> {
  const failures = found.filter(isFailure).length;
  const tests = Math.max(1, found.length);
  yield openSuite(check.id, { tests, failures, skipped: found.length - failures }, time);
  if (found.length === 0) yield `    <testcase${attribute("classname", check.id)}${attribute("name", check.title)}/>\n`;
  for (const each of found) yield writeCase(each);
  yield "  </testsuite>\n";
}

function openSuite(
  name: string,
  { tests, failures, skipped }: { readonly tests: number; readonly failures: number; readonly skipped: number },
  time: string,
): string {
  const counts = Object.entries({ tests, failures, errors: 0, skipped }).map(([key, value]) =>
    attribute(key, String(value)),
  );
  return `  <testsuite${attribute("name", name)}${counts.join("")}${attribute("timestamp", time.replace(/(\.\d+)?Z$/, ""))}>\n`;
}

function writeCase(found: Case): string {
  const file = found.object.file === undefined ? "" : attribute("file", found.object.file);
  const line = found.object.line === undefined ? "" : attribute("line", String(found.object.line));
  const name = `${reportObjectText(found.object)} [${found.fingerprint.slice(0, 8)}]`;
  const head = `    <testcase${attribute("classname", found.check)}${attribute("name", name)}${file}${line}>\n`;
  return `${head}      ${outcome(found)}\n    </testcase>\n`;
}

function outcome(found: Case): string {
  if ("exception" in found) {
    const { reason, expires } = found.exception;
    return `<skipped${attribute("message", `excepted until ${expires}: ${reason}; ${found.message}`)}/>`;
  }
  if (found.state === "known") return `<skipped${attribute("message", `in the baseline: ${found.message}`)}/>`;
  if (found.severity === "info") return `<system-out>${xmlText(found.message)}</system-out>`;
  const lines = [
    `${found.severity}, score ${found.score.value}`,
    found.message,
    ...found.evidence.map(evidenceText),
    ...(found.path.length === 0 ? [] : [`path: ${pathSentence(found.path)}`]),
    `fix: ${found.fix}`,
    `verify: ${found.verify.command}`,
  ];
  const head = `<failure${attribute("type", found.severity)}${attribute("message", found.message)}>`;
  return `${head}${lines.map(xmlText).join("\n")}</failure>`;
}

function* writeUnknown(sentence: string, number: number): Generator<string> {
  const name = attribute("name", `not known ${number}`);
  yield `    <testcase${attribute("classname", "coverage")}${name}>\n`;
  yield `      <skipped${attribute("message", sentence)}/>\n    </testcase>\n`;
}

function attribute(name: string, value: string): string {
  return ` ${name}="${xmlText(value)}"`;
}

/** What XML 1.0 does not allow is shown as `\u{HEX}` already. */
function xmlText(text: string): string {
  return visible(text).replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
