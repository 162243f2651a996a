import { whoCan } from "../sight/questions/who-can.ts";
import type { Reader, WhoCanAnswer } from "../sight/questions/who-can.ts";
import { SecretReads } from "../sight/audit/secret-reads.ts";
import { Usage } from "../sight/audit/usage.ts";
import { withUse } from "../sight/questions/used-rights.ts";
import type { ReaderInFact, StepUse, UsedStep, WhoCanAndDidAnswer } from "../sight/questions/used-rights.ts";
import type { Step } from "../sight/questions/path-steps.ts";
import { auditFlag, auditIsInput, auditNotes, readAuditLogs, sinceFlag } from "./audit-source.ts";
import { auditLines } from "../sight/audit/audit-lines.ts";
import { didLines, useText } from "./audit-text.ts";
import { objectText } from "../sight/questions/principal.ts";
import { pictureOf } from "../sight/questions/picture.ts";
import { answerForm, answerFormFlag, printAnswer } from "./answer-form.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import { readGraph, namespaceFlag, secretOperand, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";
import { coverageLines, riskWord, stepLines } from "./sight-text.ts";

const directFlag = switchFlag("direct", "Only those who read it by the API at once.");
const hopsFlag = valueFlag("max-hops", "N", "Only those who need at most N steps.");

/** `strongroom who-can`. */
export const whoCanCommand: Command = {
  usage: `NAMESPACE/SECRET ${sourceUsage} [--direct] [--max-hops N] [--audit PATH... [--since TIME]] [-o FORM]`,
  examples: [
    { line: "strongroom who-can prod/db --dump cluster.json", effect: "who reads it in the cluster that was dumped" },
    { line: "strongroom who-can prod/db --git deploy/ --direct", effect: "whom the manifests let read it at once" },
    {
      line: "strongroom who-can prod/db --dump cluster.json --audit /var/log/kubernetes/audit",
      effect: "who can, beside who did, and who did that no longer can",
    },
    { line: "helm template . | strongroom who-can prod/db --git -", effect: "whom a chart lets read it" },
  ],
  flags: [...sourceFlags, namespaceFlag, directFlag, hopsFlag, auditFlag, sinceFlag, answerFormFlag],
  notes: [
    "Each reader is shown with the easiest path, as sentences with the objects and rules that prove it; with --direct or " +
      "--max-hops, with the shortest. The secret need not be in the source.",
    ...sourceNotes,
    ...auditNotes,
  ],
  operandsMax: 1,
  oneClusterOnly: auditIsInput,
  async run(invocation) {
    const { flags } = invocation;
    const secret = await secretOperand(invocation);
    const form = answerForm(invocation);
    const options = { onlyDirect: flags.has(directFlag), hopsMax: hopsMaxOf(flags.one(hopsFlag)) };
    if (flags.has(sinceFlag) && !flags.has(auditFlag)) throw usageError("--since needs --audit PATH");
    const graph = await readGraph(invocation, [secret]);
    const answer = whoCan(graph, secret, options);
    const picture = () => pictureOf(answer.readers.map(({ path }) => path));
    if (!flags.has(auditFlag)) {
      printAnswer(invocation, form, { answer, lines: () => linesOf(answer), picture });
      return exitCodes.ok;
    }
    const [reads, usage] = [new SecretReads(secret), new Usage()];
    const audit = await readAuditLogs(invocation, [reads, usage]);
    const everybody = { onlyDirect: false, hopsMax: Infinity };
    const right = options.onlyDirect || options.hopsMax < Infinity ? whoCan(graph, secret, everybody) : answer;
    const joined = withUse(answer, { reads, usage, audit, right });
    printAnswer(invocation, form, { answer: joined, lines: () => linesOf(joined), picture });
    return exitCodes.ok;
  },
};

function hopsMaxOf(written: string | undefined): number {
  if (written === undefined) return Infinity;
  if (!/^[1-9]\d{0,5}$/.test(written)) throw usageError("--max-hops must be a number from 1");
  return Number(written);
}

function linesOf(answer: WhoCanAnswer | WhoCanAndDidAnswer): string[] {
  const { secret, known, coverage, readers, consumers } = answer;
  const shown = objectText({ kind: "Secret", ...secret });
  const direct = readers.filter((reader) => reader.direct).length;
  const lines = [`${shown}: ${readers.length} can read it, ${direct} of them directly.`];
  if (known === false) lines.push("The source has no such secret; this is about any of that name.");
  const { single, members } = folded(readers);
  for (const reader of single) lines.push("", ...readerLines(reader));
  for (const [group, names] of members) lines.push("", memberLine(group, names));
  if (consumers.length > 0) {
    lines.push("", `It is there for: ${consumers.map((each) => objectText(each)).join(", ")}.`);
  }
  return [...lines, ...("audit" in answer ? inFactLines(answer) : []), "", ...coverageLines(coverage)];
}

function readerLines(reader: Reader | ReaderInFact): string[] {
  const { principal, risk, direct, hops, path } = reader;
  const steps = direct ? "directly" : `in ${hops} step${hops === 1 ? "" : "s"}`;
  const heading = `${risk.toFixed(1)} ${riskWord(risk)}: ${objectText(principal)}, ${steps}`;
  const used =
    "used" in reader ? [`  in fact: ${reader.used === undefined ? "never, in these logs" : useText(reader.used)}`] : [];
  return [heading, ...used, ...path.flatMap((step, index) => [...stepLines(step, index + 1), ...usedLines(step)])];
}

function usedLines(step: Step | UsedStep): string[] {
  const used: StepUse | undefined = "used" in step ? step.used : undefined;
  if (used === undefined) return [];
  if (used.count === 0) return ["     used: never, in these logs"];
  const by = used.by.length === 0 ? "" : `, by ${used.by.join(", ")}`;
  return [
    `     used: ${used.count} time${used.count === 1 ? "" : "s"}, last ${used.last ?? "at an unknown time"}${by}`,
  ];
}

/** Who read it and may not now, and who may and never did. */
function inFactLines({ readers, withoutRight, audit, limits }: WhoCanAndDidAnswer): string[] {
  const never = readers.filter(({ used }) => used === undefined || used.reads + used.uncertain === 0).length;
  const without = withoutRight.flatMap((did) => didLines(did));
  return [
    "",
    `Of the ${readers.length} that can, ${never} never did in these logs.`,
    ...(without.length === 0 ? [] : ["", "Read it in fact, and have no right now that is known:", ...without]),
    "",
    ...auditLines(audit, limits),
  ];
}

/** Who reads only as a member of a group is told with the group; thousands may. */
function folded(readers: readonly Reader[]): {
  readonly single: readonly Reader[];
  readonly members: ReadonlyMap<string, readonly string[]>;
} {
  const members = Map.groupBy(
    readers.filter(({ path }) => path[0]?.edge === "member-of"),
    ({ path }) => path[0]?.to ?? "",
  );
  return {
    single: readers.filter(({ path }) => path[0]?.edge !== "member-of"),
    members: new Map(Array.from(members, ([group, all]) => [group, all.map(({ principal }) => objectText(principal))])),
  };
}

const namesShown = 5;

function memberLine(group: string, names: readonly string[]): string {
  const more = names.length > namesShown ? ` and ${names.length - namesShown} more` : "";
  return `As members of ${group} also: ${names.slice(0, namesShown).join(", ")}${more}.`;
}
