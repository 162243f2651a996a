import { resolve } from "node:path";
import { buildGraph } from "../sight/graph/build-graph.ts";
import type { SecurityGraph } from "../sight/graph/security-graph.ts";
import { accessChange } from "../sight/questions/what-if.ts";
import { answerCoverage } from "../sight/questions/who-can.ts";
import { readFiles } from "../sight/sources/file-source.ts";
import { accessChangeMarkdown } from "./access-change-markdown.ts";
import { accessChangeLines, accessChangePicture } from "./access-change-text.ts";
import { answerForm, answerFormFlag, printAnswer } from "./answer-form.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { coverageLines } from "./sight-text.ts";

const baseFlag = valueFlag("base", "DIR", "The manifests as they are: a tree, or a file.");
const headFlag = valueFlag("head", "DIR", "The manifests as they would be.");
const formFlag: Flag = {
  ...answerFormFlag,
  description: "markdown (default), table, json, yaml, dot (for Graphviz) or mermaid.",
};

/** `strongroom sight ci`. */
export const sightCiCommand: Command = {
  usage: "--base DIR --head DIR [-o FORM]",
  examples: [
    { line: "git worktree add /tmp/base origin/main", effect: "the tree to compare with" },
    {
      line: "strongroom sight ci --base /tmp/base --head . > comment.md",
      effect: "who gains which secrets, as Markdown",
    },
  ],
  flags: [baseFlag, headFlag, formFlag],
  notes: [
    `The exit code is ${exitCodes.found} when somebody gains something, when a new binding gives what is not known, or when ` +
      "a document of the head cannot be used that could be, or was not there, in the base. Else it is 0.",
    "The Markdown is at most 60,000 characters long; names in it can neither format nor mention anything.",
    "This says what the manifests declare. A cluster may hold more: strongroom what-if asks about one.",
  ],
  operandsMax: 0,
  async run(invocation) {
    const isMarkdown = (invocation.flags.one(formFlag) ?? "markdown") === "markdown";
    const form = isMarkdown ? undefined : answerForm(invocation);
    const [base, head] = [await readTree(invocation, baseFlag), await readTree(invocation, headFlag)];
    const change = accessChange(base, head);
    const known = new Set(base.coverage.problems.map(({ message }) => message));
    const problems = head.coverage.problems.filter(({ message }) => !known.has(message));
    const answer = { coverage: answerCoverage(head), problems, ...change };
    if (form === undefined) invocation.output.print(accessChangeMarkdown(change, problems));
    else {
      const lines = () => [...accessChangeLines("This change", answer), "", ...coverageLines(answer.coverage)];
      printAnswer(invocation, form, { answer, lines, picture: () => accessChangePicture(answer) });
    }
    const isWorse = change.gained.length + change.unresolved.length + problems.length > 0;
    return isWorse ? exitCodes.found : exitCodes.ok;
  },
};

async function readTree({ flags, environment }: Invocation, flag: Flag): Promise<SecurityGraph> {
  const path = flags.one(flag);
  if (path === undefined) throw usageError("both trees must be named, by --base DIR and --head DIR");
  return buildGraph(await readFiles("manifests", resolve(environment.workingDirectory, path), path));
}
