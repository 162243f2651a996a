import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readConfiguredProviders } from "../encryption-audit/configured-providers.ts";
import type { ConfiguredProviders } from "../encryption-audit/configured-providers.ts";
import { EncryptionAudit } from "../encryption-audit/encryption-audit.ts";
import type { EncryptionReport, ResourceReport } from "../encryption-audit/encryption-audit.ts";
import { isInTheClear } from "../encryption-audit/stored-form.ts";
import { printableYaml } from "./answer-form.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { auditedSourceFlags, limitsOf, readAuditedSource, snapshotFlag } from "./encryption-audit-source.ts";
import type { AuditedSource } from "./encryption-audit-source.ts";
import { encryptionLines } from "./encryption-audit-text.ts";
import { exitCodes } from "./exit-code.ts";
import { repeatableFlag, switchFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";

const prefixFlag = valueFlag("etcd-prefix", "PATH", "As the kube-apiserver has it; /registry unless given.");
const resourceFlag = repeatableFlag("resource", "NAME", "Only this resource, such as secrets or deployments.apps.");
const failFlag = repeatableFlag(
  "fail-on",
  "WHAT",
  "Exit with 5 for objects that are clear, stale or unreadable, for history, or for what was left-behind.",
);
const namesFlag = switchFlag("names", "Name the objects that are in the clear or stale, up to 1000 in each form.");
const outputForms = ["table", "json", "yaml"] as const;
const outputFlag: Flag = { ...valueFlag("output", "FORM", "table (default), json or yaml."), short: "o" };
const configurationFlag = valueFlag(
  "encryption-provider-config",
  "FILE",
  "The EncryptionConfiguration of the kube-apiserver: stale is then what its first provider did not write. Its keys are not used.",
);
const reasons = ["clear", "stale", "unreadable", "history", "left-behind"] as const;
type Reason = (typeof reasons)[number];

const namesMax = 1000;

/** The answer in its published shape (schemas/encryption-audit.schema.json). */
export interface EncryptionAnswer extends EncryptionReport {
  readonly source: AuditedSource;
  /** The resources that `--fail-on` is about. */
  readonly judged: readonly string[];
  readonly limits: readonly string[];
}

/** `strongroom encryption audit`. */
export const encryptionAuditCommand: Command = {
  usage:
    "(--etcd-snapshot FILE | --etcd URL...) [--cacert FILE] [--cert FILE] [--key FILE] [--etcd-prefix PATH] [--encryption-provider-config FILE] [--resource NAME]... [--fail-on WHAT]... [--names] [-o FORM]",
  examples: [
    {
      line: "strongroom encryption audit --etcd-snapshot etcd.db",
      effect: "what a cluster has in the clear, and what under which key",
    },
    {
      line: "strongroom encryption audit --etcd-snapshot etcd.db --fail-on clear --fail-on stale",
      effect: "fail unless all secrets are under the newest key",
    },
    {
      line: "strongroom encryption audit --etcd-snapshot etcd.db --resource secrets --names",
      effect: "which secrets have to be written again",
    },
    {
      line: "strongroom encryption audit --etcd https://127.0.0.1:2379 --cacert ca.crt --cert c.crt --key c.key",
      effect: "the same of an etcd that runs, but for what is superseded",
    },
  ],
  flags: [...auditedSourceFlags, prefixFlag, configurationFlag, resourceFlag, failFlag, namesFlag, outputFlag],
  notes: [
    "It takes no key and prints no value. Stale is what is not in the form that the newest write of its resource has, or with " +
      "--encryption-provider-config the first provider of that file.",
    "WHAT is clear (objects in the clear), stale, unreadable (under no key of the configuration), history (superseded revisions in the clear), " +
      "or left-behind (copies in the clear in free pages). It is about the resources of --resource, or else about secrets and what the configuration has encrypted.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const form = readOutputForm(invocation);
    const failOn = readReasons(invocation);
    if (failOn.includes("unreadable") && !invocation.flags.has(configurationFlag)) {
      throw usageError("--fail-on unreadable must come with --encryption-provider-config");
    }
    const isPast = failOn.includes("history") || failOn.includes("left-behind");
    if (isPast && !invocation.flags.has(snapshotFlag)) {
      throw usageError(
        "--fail-on history and left-behind must be asked of a snapshot: an etcd that runs does not give out either",
      );
    }
    const answer = await audited(invocation);
    const { output } = invocation;
    if (form === "json") output.print(printableJson(answer));
    else if (form === "yaml") output.write(printableYaml(answer));
    else for (const line of encryptionLines(answer)) output.print(printable(line));
    return failOn.some((reason) => isGiven(answer, reason)) ? exitCodes.found : exitCodes.ok;
  },
};

function readOutputForm({ flags }: Invocation): (typeof outputForms)[number] {
  const written = flags.one(outputFlag) ?? "table";
  const form = outputForms.find((each) => each === written);
  if (form === undefined) throw usageError(`--output must be one of ${outputForms.join(", ")}`);
  return form;
}

function readReasons({ flags }: Invocation): Reason[] {
  return (flags.many(failFlag) ?? []).map((written) => {
    const reason = reasons.find((each) => each === written);
    if (reason === undefined) throw usageError(`--fail-on must be one of ${reasons.join(", ")}`);
    return reason;
  });
}

async function audited(invocation: Invocation): Promise<EncryptionAnswer> {
  const { flags } = invocation;
  const configuration = await readConfiguration(invocation);
  const audit = new EncryptionAudit({
    prefix: flags.one(prefixFlag) ?? "/registry",
    namesMax: flags.has(namesFlag) ? namesMax : 0,
    hasHistory: flags.has(snapshotFlag),
    configuration,
  });
  const source = await readAuditedSource(invocation, audit);
  return answerOf(audit.report(), source, flags.many(resourceFlag));
}

async function readConfiguration({ flags, environment }: Invocation): Promise<ConfiguredProviders | undefined> {
  const path = flags.one(configurationFlag);
  if (path === undefined) return undefined;
  return readConfiguredProviders(await readFile(resolve(environment.workingDirectory, path), "utf8"));
}

/** Nothing below the prefix is no answer: a wrong prefix would look like a cluster without secrets. */
function answerOf(
  report: EncryptionReport,
  source: AuditedSource,
  only: readonly string[] | undefined,
): EncryptionAnswer {
  if (report.objects === 0 && report.otherKeys.length > 0) {
    const found = report.otherKeys.map(({ prefix, keys }) => `${prefix} (${keys})`).join(", ");
    throw usageError(
      `a key must begin with ${report.prefix}/, and all begin with ${found}`,
      "Give the prefix that the kube-apiserver has with --etcd-prefix.",
    );
  }
  const resources = report.resources.filter(({ resource }) => only === undefined || only.includes(resource));
  return { ...report, source, resources, judged: only ?? judgedOf(resources), limits: limitsOf(source) };
}

/** Secrets, and what a configuration has encrypted: nobody expects the rest to be. */
function judgedOf(resources: readonly ResourceReport[]): string[] {
  const meant = resources.filter(({ unreadable, writtenAs }) => unreadable !== undefined && !isInTheClear(writtenAs));
  return Array.from(new Set(["secrets", ...meant.map(({ resource }) => resource)]));
}

function isGiven({ resources, judged }: EncryptionAnswer, reason: Reason): boolean {
  return resources.some((report) => judged.includes(report.resource) && countOf(report, reason) > 0);
}

function countOf(report: ResourceReport, reason: Reason): number {
  const { inTheClear, stale, unreadable, superseded, leftBehind } = report;
  const past = { history: superseded?.inTheClear ?? 0, "left-behind": leftBehind?.inTheClear ?? 0 };
  return { clear: inTheClear, stale, unreadable: unreadable ?? 0, ...past }[reason];
}
