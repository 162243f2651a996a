import { choke } from "../sight/questions/choke.ts";
import type { ChokeAnswer, TriedRemoval } from "../sight/questions/choke.ts";
import type { RemovalType } from "../sight/questions/removal.ts";
import { objectText } from "../sight/questions/principal.ts";
import { pictureFrom, pictureOf } from "../sight/questions/picture.ts";
import { someOf } from "./access-change-text.ts";
import { answerForm, answerFormFlag, printAnswer } from "./answer-form.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import { readSource, namespaceFlag, secretOperand, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";
import { coverageLines, stepLines } from "./sight-text.ts";

const topMax = 50;
const topDefault = 5;
const topFlag = valueFlag("top", "K", `Show the K best removals, 1 to ${topMax}. Default: ${topDefault}.`);

/** `strongroom choke`. */
export const chokeCommand: Command = {
  usage: `NAMESPACE/SECRET ${sourceUsage} [--top K] [-o FORM]`,
  examples: [
    {
      line: "strongroom choke prod/db --dump cluster.json",
      effect: "what to remove so that the most no longer read it, and who still does",
    },
  ],
  flags: [...sourceFlags, namespaceFlag, topFlag, answerFormFlag],
  notes: [
    "Each removal is tried: what is shown is the answer of who-can after it. They are in the order of how much the risk of all " +
      "readers falls, divided by the effort: 1 small (a binding, a subject, a token secret), 2 medium (a rule of a role, a token in " +
      "pods), 4 large (a mount; a rule of a role that the cluster restores at its start).",
    ...sourceNotes,
  ],
  operandsMax: 1,
  async run(invocation) {
    const secret = await secretOperand(invocation);
    const form = answerForm(invocation);
    const answer = choke(await readSource(invocation), secret, countOf(invocation.flags.one(topFlag)));
    const picture = () => pictureOfBest(answer);
    printAnswer(invocation, form, { answer, lines: () => linesOf(answer), picture });
    return exitCodes.ok;
  },
};

function countOf(written: string | undefined): number {
  if (written === undefined) return topDefault;
  const count = /^\d{1,3}$/.test(written) ? Number(written) : 0;
  if (count < 1 || count > topMax) throw usageError(`--top must be a number from 1 to ${topMax}`);
  return count;
}

function linesOf(answer: ChokeAnswer): string[] {
  const { secret, readers, risk, removals, untried, coverage } = answer;
  const shown = objectText({ kind: "Secret", ...secret });
  const rest = untried === 0 ? [] : ["", `Not tried, since they can do less: ${untried} more.`];
  const nothing = removals.length === 0 ? ["", "No single removal takes it from any of them."] : [];
  return [
    `${shown}: ${readers} can read it, with a risk of ${risk.toFixed(1)} in all.`,
    ...nothing,
    ...removals.flatMap((removal, index) => ["", ...removalLines(removal, index + 1, answer)]),
    ...rest,
    "",
    ...coverageLines(coverage),
  ];
}

const verbs: Readonly<Record<RemovalType, string>> = {
  binding: "Delete",
  subject: "Take out",
  rule: "Take out",
  mount: "Take out",
  token: "Take out",
  "token-secret": "Delete",
};

const survivorsShown = 3;

function removalLines(removal: TriedRemoval, number: number, before: ChokeAnswer): string[] {
  const { type, what, effort, readers, risk, noLonger, still } = removal;
  const falls = (before.risk - risk).toFixed(1);
  return [
    `${number}. ${verbs[type]} ${what}: the risk falls by ${falls}, ${readers} of ${before.readers} still read it (effort: ${effort})`,
    ...(noLonger.length === 0 ? [] : [`   no longer: ${someOf(noLonger.map(objectText))}`]),
    ...still
      .slice(0, survivorsShown)
      .flatMap(({ principal, hops, path }) => [
        `   still, by another way in ${hops} step${hops === 1 ? "" : "s"}: ${objectText(principal)}`,
        ...path.flatMap((step, index) => stepLines(step, index + 1)).map((line) => `   ${line}`),
      ]),
    ...(still.length > survivorsShown
      ? [
          `   still, by other ways, also: ${someOf(still.slice(survivorsShown).map(({ principal }) => objectText(principal)))}`,
        ]
      : []),
  ];
}

/** The ways that are left after the best removal, with whom it stops. */
function pictureOfBest({ removals: [best], secret }: ChokeAnswer) {
  if (best === undefined) return pictureFrom([]);
  const to = objectText({ kind: "Secret", ...secret });
  const stopped = best.noLonger.map((principal) => ({
    from: objectText(principal),
    to,
    label: "no longer reads",
    dashed: true,
  }));
  return pictureFrom([...pictureOf(best.still.map(({ path }) => path)).edges, ...stopped]);
}
