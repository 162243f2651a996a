import { pathBetween } from "../sight/questions/path-between.ts";
import { subjectForms } from "../sight/questions/subject.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { printable, printableJson } from "./printable.ts";
import { outputFlag, outputForm, readGraph, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";
import { coverageLines, stepLines } from "./sight-text.ts";

/** `strongroom path`. */
export const pathCommand: Command = {
  usage: `FROM TO ${sourceUsage} [-o FORM]`,
  examples: [
    { line: "strongroom path user/jane secret/prod/db --dump cluster.json", effect: "how jane comes to the secret" },
    {
      line: "strongroom path pod/prod/web-1 sa/kube-system/admin --dump cluster.json",
      effect: "from a pod to an account",
    },
  ],
  flags: [...sourceFlags, outputFlag],
  notes: [`FROM and TO are each one of ${subjectForms}.`, ...sourceNotes],
  operandsMax: 2,
  async run(invocation) {
    const [from, to] = invocation.operands;
    if (from === undefined || to === undefined) {
      throw usageError("both ends of the path must be named", `Each is one of ${subjectForms}.`);
    }
    const form = outputForm(invocation);
    const answer = pathBetween(await readGraph(invocation), from, to);
    const { path, coverage } = answer;
    const lines =
      path.length === 0
        ? [`No path from ${from} to ${to} is known.`]
        : path.flatMap((step, n) => stepLines(step, n + 1));
    if (form === "json") invocation.output.print(printableJson(answer));
    else for (const line of [...lines, "", ...coverageLines(coverage)]) invocation.output.print(printable(line));
    return exitCodes.ok;
  },
};
