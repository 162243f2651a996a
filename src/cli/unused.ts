import { placeNote } from "../sight/facts/provenance.ts";
import { stringify } from "yaml";
import { SecretReads } from "../sight/audit/secret-reads.ts";
import { Usage } from "../sight/audit/usage.ts";
import { objectText } from "../sight/questions/principal.ts";
import { pictureFrom } from "../sight/questions/picture.ts";
import { unused } from "../sight/questions/unused.ts";
import type { RuleUse, UnusedAnswer, UnusedBinding } from "../sight/questions/unused.ts";
import { withUse } from "../sight/questions/used-rights.ts";
import type { ReaderInFact, WhoCanAndDidAnswer } from "../sight/questions/used-rights.ts";
import { whoCan } from "../sight/questions/who-can.ts";
import { someOf } from "./access-change-text.ts";
import { answerForm, answerFormFlag, printAnswer, printableYaml } from "./answer-form.ts";
import { auditFlag, auditIsInput, auditNotes, readAuditLogs, sinceFlag } from "./audit-source.ts";
import { auditLines } from "../sight/audit/audit-lines.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag } from "./flags.ts";
import { namespaceFlag, readGraph, secretOperand, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";
import { coverageLines } from "./sight-text.ts";

const manifestsFlag = switchFlag(
  "manifests",
  "Print only the smaller roles and their bindings, as YAML to be applied.",
);

/** `strongroom unused`. */
export const unusedCommand: Command = {
  usage: `[NAMESPACE/SECRET] --audit PATH... ${sourceUsage} [--since TIME] [--manifests] [-o FORM]`,
  examples: [
    {
      line: "strongroom unused --dump cluster.json --audit /var/log/kubernetes/audit --since 90d",
      effect: "rights that nobody used, and the smaller roles that would do",
    },
    {
      line: "strongroom unused --dump cluster.json --audit audit.log --manifests > smaller.yaml",
      effect: "those roles, to be looked at and applied",
    },
    {
      line: "strongroom unused prod/db --dump cluster.json --audit audit.log",
      effect: "who can read it and never did",
    },
  ],
  flags: [namespaceFlag, ...sourceFlags, auditFlag, sinceFlag, manifestsFlag, answerFormFlag],
  notes: [
    "A right counts as used when a request that it allows succeeded, also if another right allows it too. Smaller roles name " +
      "what was asked for, and the subjects that asked; applying them takes nothing away: then delete the binding.",
    ...auditNotes,
    ...sourceNotes,
  ],
  operandsMax: 1,
  oneClusterOnly: auditIsInput,
  async run(invocation) {
    const form = answerForm(invocation);
    const isOfSecret = invocation.operands.length > 0;
    if (isOfSecret && invocation.flags.has(manifestsFlag)) throw usageError("--manifests is not about one secret");
    if (isOfSecret) return await neverRead(invocation);
    const usage = new Usage();
    const audit = await readAuditLogs(invocation, [usage]);
    const answer = unused(await readGraph(invocation), usage, audit);
    if (invocation.flags.has(manifestsFlag)) {
      for (const each of answer.bindings.flatMap(({ smaller }) => smaller)) {
        invocation.output.write(`---\n${printableYaml(each)}`);
      }
    } else
      printAnswer(invocation, form, { answer, lines: () => linesOf(answer), picture: () => pictureOfIdle(answer) });
    return exitCodes.ok;
  },
};

/** Who can read a secret and never did. */
async function neverRead(invocation: Invocation) {
  const secret = await secretOperand(invocation);
  const [reads, usage] = [new SecretReads(secret), new Usage()];
  const audit = await readAuditLogs(invocation, [reads, usage]);
  const right = whoCan(await readGraph(invocation, [secret]), secret, { onlyDirect: false, hopsMax: Infinity });
  const joined = withUse(right, { right, reads, usage, audit });
  const never = joined.readers.filter(({ used }) => used === undefined || used.reads + used.uncertain === 0);
  const answer = {
    secret,
    coverage: joined.coverage,
    audit: joined.audit,
    limits: joined.limits,
    readers: joined.readers.length,
    never,
  };
  const to = objectText({ kind: "Secret", ...secret });
  const edges = never.map(({ principal }) => ({ from: objectText(principal), to, label: "never read", dashed: true }));
  const lines = () => neverLines(joined, never);
  printAnswer(invocation, answerForm(invocation), { answer, lines, picture: () => pictureFrom(edges) });
  return exitCodes.ok;
}

function neverLines({ secret, readers, audit, limits, coverage }: WhoCanAndDidAnswer, never: readonly ReaderInFact[]) {
  const shown = objectText({ kind: "Secret", ...secret });
  return [
    `${shown}: ${readers.length} can read it, ${never.length} of them never did in these logs.`,
    "",
    ...never.map(({ principal, direct, hops }) => {
      return `${objectText(principal)}, ${direct ? "directly" : `in ${hops} step${hops === 1 ? "" : "s"}`}`;
    }),
    "",
    ...auditLines(audit, limits),
    ...coverageLines(coverage),
  ];
}

const shownMax = 30;

function linesOf({ bindings, inUse, leftOut, audit, limits, coverage }: UnusedAnswer): string[] {
  const idle = bindings.filter(({ count }) => count === 0).length;
  return [
    `${bindings.length + inUse} bindings: ${idle} not used at all, ${bindings.length - idle} used in part, ${inUse} used in full.`,
    ...bindings.slice(0, shownMax).flatMap((each) => ["", ...bindingLines(each)]),
    ...(bindings.length > shownMax ? ["", `... and ${bindings.length - shownMax} more; -o json has all.`] : []),
    ...(leftOut.length === 0
      ? []
      : ["", `Nothing is said of ${someOf(leftOut.map(({ binding, reason }) => `${binding} (${reason})`))}.`]),
    "",
    ...auditLines(audit, limits),
    ...coverageLines(coverage),
  ];
}

function bindingLines({ binding, role, place, count, last, idleSubjects, rules, smaller }: UnusedBinding): string[] {
  const ruleLine = (use: RuleUse) => unusedRuleLine(use, role);
  const heading = `${binding}${placeNote(place, binding)} of ${role}`;
  if (count === 0) {
    const unseen = rules.every((rule) => rule.unseen) ? " Nobody asked for any of it: the logs may leave it out." : "";
    return [`${heading}: not used at all.${unseen}`, `  fix: delete ${binding}, once the logs are long enough`];
  }
  return [
    `${heading}: used ${count} time${count === 1 ? "" : "s"}${last === undefined ? "" : `, last ${last}`}`,
    ...(idleSubjects.length === 0 ? [] : [`  not by ${someOf(idleSubjects)}`]),
    ...rules.filter((rule) => rule.count === 0).map(ruleLine),
    "  this would do:",
    ...smaller.flatMap((each, index) => [...(index === 0 ? [] : ["    ---"]), ...yamlLines(each)]),
  ];
}

function yamlLines(manifest: unknown): string[] {
  return stringify(manifest, { lineWidth: 0 })
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`);
}

function unusedRuleLine({ rule, place, unseen }: RuleUse, role: string): string {
  return `  rule ${rule}${placeNote(place, role)} was not used${unseen ? "; nobody asked for it at all: the logs may leave it out" : ""}`;
}

function pictureOfIdle({ bindings }: UnusedAnswer) {
  return pictureFrom(
    bindings.flatMap(({ binding, role, idleSubjects, count }) => [
      ...idleSubjects.map((from) => ({ from, to: binding, label: "never used", dashed: true })),
      { from: binding, to: role, label: count === 0 ? "never used" : "used in part", dashed: count === 0 },
    ]),
  );
}
