import { coverageSentences, unknownSentences } from "./coverage-text.ts";
import { markdownCode, markdownText } from "./markdown-text.ts";
import { evidenceText, pathFix, waySentence, worstPaths } from "./path-sentence.ts";
import { reportSeverities } from "./report.ts";
import type { Report, ReportFinding } from "./report.ts";

const worstShown = 5;

/** For a comment on a change or a page of a wiki: the worst ways, counts, every finding, and what is not known. */
export function* writeMarkdown(report: Report): Generator<string> {
  const { findings, suppressed, summary, gone, exceptions } = report;
  yield "# Strongroom scan\n\n";
  yield `${countSentence(report)}\n\n`;
  const worst = worstPaths(findings, worstShown);
  if (worst.length > 0) yield "## Worst paths\n\n";
  for (const [index, finding] of worst.entries()) {
    yield `${index + 1}. **${finding.severity}** ${markdownText(waySentence(finding))}\n`;
    yield `   - Fix: ${markdownText(pathFix(finding))}\n`;
  }
  if (worst.length > 0) yield "\n";
  for (const severity of reportSeverities) {
    if (summary.bySeverity[severity] === 0) continue;
    yield `## ${severity[0]?.toUpperCase()}${severity.slice(1)} (${summary.bySeverity[severity]})\n\n`;
    for (const finding of findings) if (finding.severity === severity) yield* writeFinding(finding);
    yield "\n";
  }
  if (suppressed.length > 0) {
    yield `## Excepted (${suppressed.length})\n\n`;
    for (const { message, exception } of suppressed) {
      yield `- ${markdownText(message)} - until ${exception.expires}: ${markdownText(exception.reason)}\n`;
    }
    yield "\n";
  }
  const notes = [
    ...exceptions.expired.map(({ expires, reason, place }) => `Expired on ${expires} (${place}): ${reason}`),
    ...exceptions.unmatched.map(({ reason, place }) => `Matches nothing (${place}): ${reason}`),
  ];
  if (notes.length > 0)
    yield `## Exceptions to look at\n\n${notes.map((note) => `- ${markdownText(note)}\n`).join("")}\n`;
  if (gone !== undefined && gone.length > 0) {
    yield `## Gone since the baseline (${gone.length})\n\n`;
    for (const { id } of gone) yield `- ${markdownText(id)}\n`;
    yield "\n";
  }
  yield "## Coverage\n\n";
  for (const sentence of coverageSentences(report.coverage)) yield `- ${markdownText(sentence)}\n`;
}

function countSentence({ summary, coverage }: Report): string {
  const counts = reportSeverities
    .filter((severity) => summary.bySeverity[severity] > 0)
    .map((severity) => `${summary.bySeverity[severity]} ${severity}`);
  const listed = counts.length === 0 ? "" : `: ${counts.join(", ")}`;
  const against = summary.new === undefined ? "" : ` ${summary.new} new, ${summary.known ?? 0} in the baseline.`;
  return `${summary.findings} findings${listed}.${against} ${summary.suppressed} excepted. Not known: ${unknownSentences(coverage).length}, see below.`;
}

function* writeFinding(finding: ReportFinding): Generator<string> {
  const state = finding.state === undefined ? "" : ` (${finding.state})`;
  yield `- **${finding.severity} ${finding.score.value}**${state} ${markdownText(finding.message)}\n`;
  yield `  - Check: ${markdownText(finding.check)}; fingerprint ${markdownCode(finding.fingerprint)}\n`;
  // The steps of a way say more than its evidence, which is the same objects.
  for (const evidence of finding.path.length > 0 ? [] : finding.evidence)
    yield `  - Evidence: ${markdownText(evidenceText(evidence))}
`;
  for (const [index, { from, verb, to, because }] of finding.path.entries()) {
    yield `  - Step ${index + 1}: ${markdownText(`${from} ${verb} ${to} - since ${because}`)}\n`;
  }
  for (const unknown of finding.unknown) yield `  - Unknown: ${markdownText(unknown)}\n`;
  yield `  - Fix: ${markdownText(finding.fix)}\n`;
  yield `  - Verify: ${markdownCode(finding.verify.command)}\n`;
}
