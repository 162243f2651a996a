import { checkOf } from "../sight/findings/check-registry.ts";
import type { Evidence, Finding } from "../sight/findings/finding.ts";
import { isAtLeast, severities } from "../sight/findings/score.ts";
import type { Severity } from "../sight/findings/score.ts";
import { scan } from "../sight/findings/scan.ts";
import type { ScanAnswer } from "../sight/findings/scan.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";
import { outputFlag, outputForm, readGraph, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";
import { coverageLines, stepLines } from "./sight-text.ts";

const failFlag = valueFlag("fail-on", "SEVERITY", "Exit with 1 for a finding of this severity or above.");

/** `strongroom scan`. */
export const scanCommand: Command = {
  usage: `${sourceUsage} [--fail-on SEVERITY] [-o FORM]`,
  examples: [
    { line: "strongroom scan --dump cluster.json", effect: "what is wrong around secrets, the worst first" },
    {
      line: "strongroom scan --git deploy/ --fail-on high",
      effect: "the same for manifests, as a check of a pipeline",
    },
  ],
  flags: [...sourceFlags, failFlag, outputFlag],
  notes: [`SEVERITY is one of ${severities.join(", ")}.`, ...sourceNotes],
  operandsMax: 0,
  async run(invocation) {
    const form = outputForm(invocation);
    const limit = severityOf(invocation.flags.one(failFlag));
    const answer = scan(await readGraph(invocation));
    if (form === "json") invocation.output.print(printableJson(answer));
    else for (const line of linesOf(answer)) invocation.output.print(printable(line));
    const failed = limit !== undefined && answer.findings.some(({ severity }) => isAtLeast(severity, limit));
    return failed ? exitCodes.failure : exitCodes.ok;
  },
};

function severityOf(written: string | undefined): Severity | undefined {
  if (written === undefined) return undefined;
  const found = severities.find((severity) => severity === written);
  if (found === undefined) throw usageError(`--fail-on must be one of ${severities.join(", ")}`);
  return found;
}

function linesOf({ findings, coverage }: ScanAnswer): string[] {
  const counts = severities.map(
    (severity) => `${findings.filter((each) => each.severity === severity).length} ${severity}`,
  );
  return [
    `${findings.length} finding${findings.length === 1 ? "" : "s"}: ${counts.join(", ")}.`,
    "",
    ...findings.flatMap((finding) => [...findingLines(finding), ""]),
    ...coverageLines(coverage),
  ];
}

function findingLines({ severity, score, check, message, evidence, path, fix }: Finding): string[] {
  const shown =
    path.length > 0
      ? path.flatMap((step, index) => stepLines(step, index + 1))
      : [...evidence.map(evidenceLine), `  fix: ${fix}`];
  return [`${score.value.toFixed(1)} ${severity} ${check} ${checkOf(check).name}: ${message}`, ...shown];
}

function evidenceLine({ object, place, field, text }: Evidence): string {
  return `  ${object} (${place})${field === "" ? "" : ` ${field}`}: ${text}`;
}
