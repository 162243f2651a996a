import { pathBetween, pathsBetween } from "../sight/questions/path-between.ts";
import type { PathAnswer, PathsAnswer } from "../sight/questions/path-between.ts";
import { pictureOf } from "../sight/questions/picture.ts";
import { subjectForms } from "../sight/questions/subject.ts";
import { answerForm, answerFormFlag, printAnswer } from "./answer-form.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { switchFlag, valueFlag } from "./flags.ts";
import type { FlagValues } from "./flags.ts";
import { readGraph, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";
import { beginningLines, coverageLines, stepLines } from "./sight-text.ts";

/** Beyond this many, a list of paths is no answer for anybody. */
const pathsMax = 1000;

const topFlag = valueFlag("top", "K", `The K easiest paths, 1 to ${pathsMax}.`);
const allFlag = switchFlag("all", `Every path that visits nothing twice, up to ${pathsMax}.`);

/** `strongroom path`. */
export const pathCommand: Command = {
  usage: `FROM TO ${sourceUsage} [--top K | --all] [-o FORM]`,
  examples: [
    { line: "strongroom path user/jane secret/prod/db --dump cluster.json", effect: "how jane comes to the secret" },
    {
      line: "strongroom path pod/prod/web-1 sa/kube-system/admin --dump cluster.json",
      effect: "from a pod to an account",
    },
    { line: "strongroom path user/jane secret/prod/db --dump cluster.json --top 5", effect: "the five easiest ways" },
  ],
  flags: [...sourceFlags, topFlag, allFlag, answerFormFlag],
  notes: [`FROM and TO are each one of ${subjectForms}.`, ...sourceNotes],
  operandsMax: 2,
  async run(invocation) {
    const [from, to] = invocation.operands;
    if (from === undefined || to === undefined) {
      throw usageError("both ends of the path must be named", `Each is one of ${subjectForms}.`);
    }
    const form = answerForm(invocation);
    const count = countOf(invocation.flags);
    const graph = await readGraph(invocation);
    if (count === undefined) {
      const answer = pathBetween(graph, from, to);
      const picture = () => pictureOf([answer.path]);
      printAnswer(invocation, form, { answer, lines: () => linesOfOne(answer), picture });
    } else {
      const answer = pathsBetween(graph, from, to, count);
      const picture = () => pictureOf(answer.paths.map(({ path }) => path));
      printAnswer(invocation, form, { answer, lines: () => linesOfAll(answer), picture });
    }
    return exitCodes.ok;
  },
};

function countOf(flags: FlagValues): number | undefined {
  const written = flags.one(topFlag);
  if (flags.has(allFlag) && written !== undefined) throw usageError("only one of --top and --all can be given");
  if (flags.has(allFlag)) return pathsMax;
  if (written === undefined) return undefined;
  const count = /^\d{1,5}$/.test(written) ? Number(written) : 0;
  if (count < 1 || count > pathsMax) throw usageError(`--top must be a number from 1 to ${pathsMax}`);
  return count;
}

function linesOfOne({ from, to, asMemberOf, path, coverage }: PathAnswer): string[] {
  const lines = path.length === 0 ? [noPath(from, to)] : path.flatMap((step, n) => stepLines(step, n + 1));
  return [...beginningLines(from, asMemberOf), ...lines, "", ...coverageLines(coverage)];
}

function linesOfAll({ from, to, asMemberOf, paths, complete, coverage }: PathsAnswer): string[] {
  const count = paths.length === 0 ? noPath(from, to) : `${paths.length} path${paths.length === 1 ? "" : "s"}.`;
  const more = complete || paths.length === 0 ? [] : ["There are more, or more were not looked for."];
  const shown = paths.flatMap(({ path, hops, ease }, index) => [
    "",
    `Path ${index + 1}: ${hops} step${hops === 1 ? "" : "s"}, ease ${ease.toFixed(2)}`,
    ...path.flatMap((step, n) => stepLines(step, n + 1)),
  ]);
  return [...beginningLines(from, asMemberOf), count, ...more, ...shown, "", ...coverageLines(coverage)];
}

function noPath(from: string, to: string): string {
  return `No path from ${from} to ${to} is known.`;
}
