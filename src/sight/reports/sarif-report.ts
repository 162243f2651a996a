/** SARIF 2.1.0 (OASIS): https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
import { readSentence, unknownSentences } from "./coverage-text.ts";
import { jsonText } from "./json-text.ts";
import { evidenceText, pathSentence } from "./path-sentence.ts";
import { reportObjectText } from "./report.ts";
import type {
  Report,
  ReportCheck,
  ReportFinding,
  ReportObject,
  ReportPlace,
  ReportSeverity,
  ReportStep,
  SuppressedFinding,
} from "./report.ts";
import { visible } from "./visible.ts";

const schema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

const levels = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  info: "none",
} as const satisfies Record<ReportSeverity, string>;

/**
 * One run, a result at a time. Rules are the checks; a result is a finding, excepted ones with the reason as a
 * suppression; ways are code flows; what is not known is a notification of the run.
 */
export function* writeSarif(report: Report): Generator<string> {
  const rules = new Map(report.checks.map(({ id }, index) => [id, index]));
  const worst = worstScores(report);
  const driver = {
    name: "Strongroom",
    semanticVersion: report.tool.version,
    rules: report.checks.map((check) => ruleOf(check, worst.get(check.id))),
  };
  const invocation = {
    executionSuccessful: true,
    endTimeUtc: report.generatedAt,
    toolExecutionNotifications: [
      { level: "note", message: messageOf(readSentence(report.coverage)) },
      ...unknownSentences(report.coverage).map((sentence) => ({ level: "warning", message: messageOf(sentence) })),
    ],
  };
  yield `{\n  "$schema": "${schema}",\n  "version": "2.1.0",\n  "runs": [\n    {\n`;
  yield `      "tool": ${jsonText({ driver }, 6)},\n`;
  yield `      "invocations": ${jsonText([invocation], 6)},\n`;
  yield '      "columnKind": "utf16CodeUnits",\n      "results": [';
  let separator = "\n";
  for (const found of [...report.findings, ...report.suppressed]) {
    yield `${separator}        ${jsonText(resultOf(found, rules.get(found.check)), 8)}`;
    separator = ",\n";
  }
  yield "\n      ]\n    }\n  ]\n}\n";
}

/** Code hosts sort by the number of a rule, so it is that of the worst finding. */
function worstScores(report: Report): Map<string, number> {
  const worst = new Map<string, number>();
  for (const { check, score } of report.findings) worst.set(check, Math.max(worst.get(check) ?? 0, score.value));
  return worst;
}

function ruleOf({ id, name, title, explanation, fix, frameworks }: ReportCheck, score: number | undefined): object {
  const tags = Object.entries(frameworks).flatMap(([name, ids]: [string, readonly string[]]) =>
    ids.map((each) => `${name}/${each}`),
  );
  return {
    id,
    name,
    shortDescription: messageOf(title),
    fullDescription: messageOf(explanation),
    help: messageOf(fix),
    properties: {
      tags: ["security", ...tags],
      ...(score === undefined ? {} : { "security-severity": score.toFixed(1) }),
    },
  };
}

function resultOf(found: ReportFinding | SuppressedFinding, ruleIndex: number | undefined): object {
  return {
    ruleId: found.check,
    ...(ruleIndex === undefined ? {} : { ruleIndex }),
    level: levels[found.severity],
    kind: found.severity === "info" ? "informational" : "fail",
    message: messageOf(`${found.message}. Fix: ${found.fix}`),
    locations: [locationOf(found.object)],
    ...(found.evidence.length === 0
      ? {}
      : {
          relatedLocations: found.evidence.map((evidence, index) => ({
            id: index + 1,
            ...physicalOf(evidence),
            message: messageOf(evidenceText(evidence)),
          })),
        }),
    ...(found.path.length === 0 ? {} : { codeFlows: [flowOf(found.path)] }),
    partialFingerprints: { "strongroom/v1": found.fingerprint },
    ...(found.state === undefined ? {} : { baselineState: found.state === "new" ? "new" : "unchanged" }),
    suppressions: "exception" in found ? [suppressionOf(found)] : [],
    rank: found.score.value * 10,
    properties: {
      severity: found.severity,
      score: found.score.value,
      factors: found.score.factors,
      unknown: found.unknown,
      verify: found.verify.command,
    },
  };
}

function suppressionOf({ exception }: SuppressedFinding): object {
  const { reason, expires, owner } = exception;
  return {
    kind: "external",
    status: "accepted",
    justification: visible(reason),
    properties: { expires, ...(owner === undefined ? {} : { owner }) },
  };
}

function locationOf(object: ReportObject): object {
  const { kind, namespace, name } = object;
  const fullName = reportObjectText({ kind, namespace, name });
  return {
    ...physicalOf(object),
    logicalLocations: [{ name, kind: kind === "" ? "object" : kind, fullyQualifiedName: fullName }],
  };
}

/** Nothing for what was read from no file of the tree, as a live cluster or standard input. */
function physicalOf({ file, line }: ReportPlace): object {
  if (file === undefined) return {};
  const region = line === undefined ? {} : { region: { startLine: line } };
  return { physicalLocation: { artifactLocation: artifactOf(file), ...region } };
}

/** Relative to wherever the checkout is, unless the person named an absolute path. */
function artifactOf(file: string): object {
  const uri = file.split("/").map(encodedSegment).join("/");
  if (file.startsWith("/")) return { uri: `file://${uri}` };
  return { uri: uri.replace(/^(?:\.\/)+/, ""), uriBaseId: "%SRCROOT%" };
}

/** A lone surrogate has no encoding. */
function encodedSegment(segment: string): string {
  return encodeURIComponent(segment.toWellFormed());
}

function flowOf(path: readonly ReportStep[]): object {
  const locations = path.map(({ from, verb, to, because, proof }, index) => ({
    executionOrder: index + 1,
    importance: "essential",
    location: {
      ...physicalOf(proof[0] ?? { place: "" }),
      logicalLocations: [{ fullyQualifiedName: from }],
      message: messageOf(`${from} ${verb} ${to}, since ${because}`),
    },
  }));
  return { message: messageOf(pathSentence(path)), threadFlows: [{ locations }] };
}

/** Clause 3.11.5: braces are for placeholders; 3.11.6: brackets before a parenthesis are a link, which no name may be. */
function messageOf(text: string): { readonly text: string } {
  const shown = visible(text);
  const unlinked = shown.includes("](") ? shown.replaceAll(/[\\[\]]/g, "\\$&") : shown;
  return { text: unlinked.replaceAll(/[{}]/g, "$&$&") };
}
