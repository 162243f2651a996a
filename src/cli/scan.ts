import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { SecretSigns } from "../sight/audit/secret-signs.ts";
import { scan } from "../sight/findings/scan.ts";
import { readBaseline, writeBaseline } from "../sight/reports/baseline.ts";
import { readExceptions } from "../sight/reports/exceptions.ts";
import { reportOfScan } from "../sight/reports/report-of-scan.ts";
import { reportSeverities } from "../sight/reports/report.ts";
import type { Report, ReportSeverity } from "../sight/reports/report.ts";
import type { Decisions } from "../sight/reports/triage.ts";
import { readSensitivities } from "../sight/risk/read-sensitivities.ts";
import { auditFlag, auditIsInput, auditNotes, readAuditLogs, sinceFlag } from "./audit-source.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { readPackageVersion } from "./package-files.ts";
import { outputFileFlag, reportFlag, reportTargets, writeTargets, writeWhole } from "./report-targets.ts";
import { readGraph, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";

const failFlag = valueFlag("fail-on", "SEVERITY", "Exit with 5 for a finding of this severity or above.");
const unknownFlag = switchFlag(
  "fail-on-unknown",
  "Exit with 5 also where something was refused or could not be used, or a binding names a role that is not there.",
);
const baselineFlag = valueFlag(
  "baseline",
  "FILE",
  "An earlier -o json, or what --write-baseline wrote: --fail-on is then for new findings only.",
);
const writeBaselineFlag = valueFlag(
  "write-baseline",
  "FILE",
  "Write what is found, excepted findings apart, as a baseline.",
);
const exceptionsFlag = valueFlag(
  "exceptions",
  "FILE",
  "A YAML file of findings to live with, each for a reason and a time.",
);

const sensitivitiesFlag = valueFlag(
  "sensitivities",
  "FILE",
  "A YAML file that says how sensitive which secrets are, from 0 to 1.",
);

/** `strongroom scan`. */
export const scanCommand: Command = {
  usage:
    `${sourceUsage} [--fail-on SEVERITY] [--fail-on-unknown] [--baseline FILE] [--write-baseline FILE] [--exceptions FILE] [--sensitivities FILE] ` +
    "[--audit PATH... [--since TIME]] [-o FORM[=FILE]]... [--output-file FILE]",
  examples: [
    { line: "strongroom scan --dump cluster.json", effect: "what is wrong around secrets, the worst first" },
    {
      line: "strongroom scan --git deploy/ --fail-on high",
      effect: "the same for manifests, as a check of a pipeline",
    },
    {
      line: "strongroom scan --git deploy/ -o sarif=scan.sarif -o html=scan.html",
      effect: "for a code host and for people, and nothing to standard output",
    },
    {
      line: "strongroom scan --dump cluster.json --audit /var/log/kubernetes/audit",
      effect: "the same, with what the logs show: who was refused which secret, and which are read",
    },
    {
      line: "strongroom scan --dump cluster.json --baseline last.json --fail-on medium",
      effect: "fail for what was not there last time",
    },
  ],
  flags: [
    ...sourceFlags,
    failFlag,
    unknownFlag,
    baselineFlag,
    writeBaselineFlag,
    exceptionsFlag,
    sensitivitiesFlag,
    auditFlag,
    sinceFlag,
    reportFlag,
    outputFileFlag,
  ],
  notes: [`SEVERITY is one of ${reportSeverities.join(", ")}.`, ...sourceNotes, ...auditNotes],
  operandsMax: 0,
  oneClusterOnly(invocation) {
    const input = auditIsInput(invocation);
    if (input !== undefined) return input;
    const toFile = reportTargets(invocation).some(({ file }) => file !== undefined);
    return toFile || invocation.flags.has(writeBaselineFlag) ? "a file must be for one cluster" : undefined;
  },
  async run(invocation) {
    const targets = reportTargets(invocation);
    const limit = severityOf(invocation.flags.one(failFlag));
    const decisions = await readDecisions(invocation);
    const rules = await fileOf(invocation, sensitivitiesFlag);
    const sensitivities = rules === undefined ? [] : readSensitivities(rules.text, rules.name);
    const logs = await readLogs(invocation);
    const options = { now: decisions.now.getTime(), sensitivities, ...(logs && { signs: logs.signs }) };
    const answer = scan(await readGraph(invocation), options);
    const report = reportOfScan(answer, decisions, await readPackageVersion(), logs?.audit);
    await writeTargets(report, targets, invocation);
    await keepBaseline(report, invocation);
    const failed = limit !== undefined && failsFor(report, limit);
    return failed || (invocation.flags.has(unknownFlag) && isPartial(report)) ? exitCodes.found : exitCodes.ok;
  },
};

async function readLogs(invocation: Invocation) {
  const { flags } = invocation;
  if (flags.has(sinceFlag) && !flags.has(auditFlag)) throw usageError("--since needs --audit PATH");
  if (!flags.has(auditFlag)) return undefined;
  const signs = new SecretSigns();
  const audit = await readAuditLogs(invocation, [signs]);
  return { signs, audit: { ...audit, lost: audit.lost + signs.lost } };
}

function severityOf(written: string | undefined): ReportSeverity | undefined {
  if (written === undefined) return undefined;
  const found = reportSeverities.find((severity) => severity === written);
  if (found === undefined) throw usageError(`--fail-on must be one of ${reportSeverities.join(", ")}`);
  return found;
}

/** What the baseline has is no reason to fail. */
function failsFor({ findings }: Report, limit: ReportSeverity): boolean {
  const worst = new Set(reportSeverities.slice(0, reportSeverities.indexOf(limit) + 1));
  return findings.some(({ severity, state }) => state !== "known" && worst.has(severity));
}

/** Kinds that a source does not have, or that were left out on purpose, are no reason: most sources lack some. */
function isPartial({ coverage: { gaps, unresolved, problems } }: Report): boolean {
  return gaps.some(({ reason }) => reason !== "level") || unresolved.length > 0 || problems.length > 0;
}

async function readDecisions(invocation: Invocation): Promise<Decisions> {
  const [baseline, exceptions] = [await fileOf(invocation, baselineFlag), await fileOf(invocation, exceptionsFlag)];
  return {
    baseline: baseline && readBaseline(baseline.text, baseline.name),
    exceptions: exceptions === undefined ? [] : readExceptions(exceptions.text, exceptions.name),
    now: new Date(),
  };
}

async function fileOf({ flags, environment }: Invocation, flag: Flag) {
  const name = flags.one(flag);
  if (name === undefined) return undefined;
  return { name, text: await readFile(resolve(environment.workingDirectory, name), "utf8") };
}

async function keepBaseline({ findings }: Report, { flags, environment }: Invocation): Promise<void> {
  const name = flags.one(writeBaselineFlag);
  if (name === undefined) return;
  await writeWhole(resolve(environment.workingDirectory, name), [writeBaseline(findings)]);
}
