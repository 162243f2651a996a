import { whoCan } from "../sight/questions/who-can.ts";
import type { Reader, WhoCanAnswer } from "../sight/questions/who-can.ts";
import { objectText } from "../sight/questions/principal.ts";
import { pictureOf } from "../sight/questions/picture.ts";
import { answerForm, answerFormFlag, printAnswer } from "./answer-form.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import { readGraph, secretOperand, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";
import { coverageLines, riskWord, stepLines } from "./sight-text.ts";

const directFlag = switchFlag("direct", "Only those who read it by the API at once.");
const hopsFlag = valueFlag("max-hops", "N", "Only those who need at most N steps.");

/** `strongroom who-can`. */
export const whoCanCommand: Command = {
  usage: `NAMESPACE/SECRET ${sourceUsage} [--direct] [--max-hops N] [-o FORM]`,
  examples: [
    { line: "strongroom who-can prod/db --dump cluster.json", effect: "who reads it in the cluster that was dumped" },
    { line: "strongroom who-can prod/db --git deploy/ --direct", effect: "whom the manifests let read it at once" },
    { line: "helm template . | strongroom who-can prod/db --git -", effect: "whom a chart lets read it" },
  ],
  flags: [...sourceFlags, directFlag, hopsFlag, answerFormFlag],
  notes: [
    "Each reader is shown with the easiest path, as sentences with the objects and rules that prove it; with --direct or " +
      "--max-hops, with the shortest. The secret need not be in the source.",
    ...sourceNotes,
  ],
  operandsMax: 1,
  async run(invocation) {
    const { flags, operands } = invocation;
    const secret = secretOperand(operands[0]);
    const form = answerForm(invocation);
    const options = { onlyDirect: flags.has(directFlag), hopsMax: hopsMaxOf(flags.one(hopsFlag)) };
    const answer = whoCan(await readGraph(invocation, [secret]), secret, options);
    const picture = () => pictureOf(answer.readers.map(({ path }) => path));
    printAnswer(invocation, form, { answer, lines: () => linesOf(answer), picture });
    return exitCodes.ok;
  },
};

function hopsMaxOf(written: string | undefined): number {
  if (written === undefined) return Infinity;
  if (!/^[1-9]\d{0,5}$/.test(written)) throw usageError("--max-hops must be a number from 1");
  return Number(written);
}

function linesOf(answer: WhoCanAnswer): string[] {
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
  return [...lines, "", ...coverageLines(coverage)];
}

function readerLines({ principal, risk, direct, hops, path }: Reader): string[] {
  const steps = direct ? "directly" : `in ${hops} step${hops === 1 ? "" : "s"}`;
  const heading = `${risk.toFixed(1)} ${riskWord(risk)}: ${objectText(principal)}, ${steps}`;
  return [heading, ...path.flatMap((step, index) => stepLines(step, index + 1))];
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
