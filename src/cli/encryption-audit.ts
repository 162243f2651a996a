import { resolve } from "node:path";
import { EncryptionAudit } from "../encryption-audit/encryption-audit.ts";
import type { EncryptionReport, ResourceReport } from "../encryption-audit/encryption-audit.ts";
import { isStrongroomError } from "../errors/strongroom-error.ts";
import { EtcdSnapshot } from "../etcd-snapshot/etcd-snapshot.ts";
import { printableYaml } from "./answer-form.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { encryptionLines } from "./encryption-audit-text.ts";
import { exitCodes } from "./exit-code.ts";
import { repeatableFlag, switchFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { printable, printableJson } from "./printable.ts";

const snapshotFlag = valueFlag(
  "etcd-snapshot",
  "FILE",
  "What etcdctl snapshot save wrote, or the file member/snap/db of an etcd that does not run.",
);
const prefixFlag = valueFlag("etcd-prefix", "PATH", "As the kube-apiserver has it; /registry unless given.");
const resourceFlag = repeatableFlag("resource", "NAME", "Only this resource, such as secrets or deployments.apps.");
const failFlag = repeatableFlag("fail-on", "WHAT", "Exit with 5 for objects that are clear or stale, or for history.");
const namesFlag = switchFlag("names", "Name the objects that are in the clear or stale, up to 1000 in each form.");
const outputForms = ["table", "json", "yaml"] as const;
const outputFlag: Flag = { ...valueFlag("output", "FORM", "table (default), json or yaml."), short: "o" };
const reasons = ["clear", "stale", "history"] as const;
type Reason = (typeof reasons)[number];

const namesMax = 1000;

/** What was read, and what of it cannot be seen. */
export interface AuditedSource {
  readonly kind: "snapshot" | "database";
  readonly name: string;
  readonly bytes: number;
  /** Whether a hash of the file was there and was right. */
  readonly hash: "verified" | "none";
  readonly pages: { readonly total: number; readonly examined: number; readonly notExamined: number };
  readonly pageBytes: number;
}

/** The answer in its published shape (schemas/encryption-audit.schema.json). */
export interface EncryptionAnswer extends EncryptionReport {
  readonly source: AuditedSource;
  /** The resources that `--fail-on` is about. */
  readonly judged: readonly string[];
  readonly limits: readonly string[];
}

/** `strongroom encryption audit`. */
export const encryptionAuditCommand: Command = {
  usage: "--etcd-snapshot FILE [--etcd-prefix PATH] [--resource NAME]... [--fail-on WHAT]... [--names] [-o FORM]",
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
  ],
  flags: [snapshotFlag, prefixFlag, resourceFlag, failFlag, namesFlag, outputFlag],
  notes: [
    "It takes no key and prints no value. Stale is what is not in the form that the newest write of its resource has.",
    "WHAT is clear (objects in the clear), stale, or history (superseded revisions in the clear). It is about the resources of " +
      "--resource, or else about secrets.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const form = readOutputForm(invocation);
    const failOn = readReasons(invocation);
    const answer = auditSnapshot(invocation);
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

function auditSnapshot({ flags, environment }: Invocation): EncryptionAnswer {
  const name = flags.one(snapshotFlag);
  if (name === undefined) throw usageError("the snapshot must be named", "Name it with --etcd-snapshot FILE.");
  const audit = new EncryptionAudit({
    prefix: flags.one(prefixFlag) ?? "/registry",
    namesMax: flags.has(namesFlag) ? namesMax : 0,
  });
  const source = readSnapshot(resolve(environment.workingDirectory, name), name, audit);
  return answerOf(audit.report(), source, flags.many(resourceFlag));
}

function readSnapshot(path: string, name: string, audit: EncryptionAudit): AuditedSource {
  try {
    using snapshot = EtcdSnapshot.open(path);
    for (const revision of snapshot.revisions()) audit.add(revision);
    const { hasHash, sizeBytes, pages } = snapshot;
    return {
      kind: hasHash ? "snapshot" : "database",
      name,
      bytes: sizeBytes,
      hash: hasHash ? "verified" : "none",
      pages: { total: pages.total, examined: pages.reached, notExamined: pages.unreached },
      pageBytes: pages.pageSizeBytes,
    };
  } catch (error) {
    if (!isStrongroomError(error)) throw error;
    throw new CommandFailure(`${name}: ${error.message}`, {
      exitCode: exitCodes.usage,
      advice: "Nothing is said of a file that is not whole. Take a new one with etcdctl snapshot save.",
      cause: error,
    });
  }
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
  return { ...report, source, resources, judged: only ?? ["secrets"], limits: limitsOf(source) };
}

function limitsOf({ pages, hash }: AuditedSource): string[] {
  return [
    ...(pages.notExamined === 0
      ? []
      : [
          `${pages.notExamined} of ${pages.total} pages are free and were not examined: they may hold what was there before.`,
        ]),
    ...(hash === "verified" ? [] : ["The file has no hash: that nobody changed it is not known."]),
  ];
}

function isGiven({ resources, judged }: EncryptionAnswer, reason: Reason): boolean {
  return resources.some((report) => judged.includes(report.resource) && countOf(report, reason) > 0);
}

function countOf({ inTheClear, stale, superseded }: ResourceReport, reason: Reason): number {
  if (reason === "clear") return inTheClear;
  return reason === "stale" ? stale : superseded.inTheClear;
}
