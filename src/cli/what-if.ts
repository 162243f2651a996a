import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { readFiles, readText } from "../sight/sources/file-source.ts";
import { allKinds } from "../sight/facts/facts.ts";
import { FactSet } from "../sight/facts/fact-set.ts";
import { placeText } from "../sight/facts/provenance.ts";
import { whatIf } from "../sight/questions/what-if.ts";
import type { WhatIfAnswer } from "../sight/questions/what-if.ts";
import { accessChangeLines, accessChangePicture } from "./access-change-text.ts";
import { answerForm, answerFormFlag, printAnswer } from "./answer-form.ts";
import { usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { repeatableFlag, switchFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { readSource, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";
import { coverageLines } from "./sight-text.ts";

const fileFlag: Flag = {
  ...repeatableFlag("filename", "PATH", "A file or a folder of manifests; - is standard input. Repeatable."),
  short: "f",
};
const deleteFlag = switchFlag("delete", "What the manifests name is deleted, not applied.");

/** `strongroom what-if`. */
export const whatIfCommand: Command = {
  usage: `-f PATH... [--delete] ${sourceUsage} [-o FORM]`,
  examples: [
    { line: "strongroom what-if -f role.yaml --dump cluster.json", effect: "who would gain or lose which secrets" },
    {
      line: "kustomize build . | strongroom what-if -f - --dump cluster.json",
      effect: "the same for rendered manifests",
    },
    { line: "strongroom what-if --delete -f binding.yaml --dump cluster.json", effect: "what deleting it takes away" },
  ],
  flags: [fileFlag, deleteFlag, ...sourceFlags, answerFormFlag],
  notes: [
    "Nothing is applied. An object of the same kind, namespace and name is replaced; one without a namespace is in default. " +
      "Pods that are there stay as they are when what made them changes.",
    `The exit code is ${exitCodes.found} when somebody would gain something, or when a part of the change is not known: a ` +
      "binding of a role that is not there, or a document that cannot be used. Else it is 0.",
    ...sourceNotes,
  ],
  operandsMax: 0,
  oneClusterOnly({ flags }) {
    return flags.many(fileFlag)?.includes("-") === true ? "standard input can be read for one cluster only" : undefined;
  },
  async run(invocation) {
    const form = answerForm(invocation);
    const manifests = await readManifests(invocation);
    const action = invocation.flags.has(deleteFlag) ? "delete" : "apply";
    const answer = whatIf(await readSource(invocation), manifests, action);
    const lines = () => linesOf(action, answer);
    printAnswer(invocation, form, { answer, lines, picture: () => accessChangePicture(answer) });
    const { gained, unresolved, problems } = answer;
    return gained.length + unresolved.length + problems.length > 0 ? exitCodes.found : exitCodes.ok;
  },
};

/** Raises a usage error when nothing of the files could be used: that is no change, but no answer either. */
async function readManifests({ flags, environment }: Invocation): Promise<FactSet> {
  const paths = flags.many(fileFlag);
  if (paths === undefined) throw usageError("the manifests must be named, by -f PATH");
  const all = new FactSet("manifests");
  let others = 0;
  for (const path of paths) {
    const read =
      path === "-"
        ? readText("manifests", "-", await text(process.stdin))
        : await readFiles("manifests", resolve(environment.workingDirectory, path), path);
    for (const kind of allKinds) for (const fact of read.of(kind)) all.add(fact);
    const { problems, otherObjects } = read.coverage;
    for (const problem of problems) all.report(problem);
    for (let n = 0; n < otherObjects; n++) all.countOther();
    others += otherObjects;
  }
  const { problems } = all.coverage;
  const [first] = problems;
  if (first !== undefined && others === 0 && allKinds.every((kind) => all.of(kind).length === 0)) {
    throw usageError(`${placeText(first.at)}: ${first.message}`);
  }
  return all;
}

const actionWords = { create: "new", change: "changed", delete: "deleted", none: "" } as const;

function linesOf(action: "apply" | "delete", answer: WhatIfAnswer): string[] {
  const { changes, otherObjects, problems, coverage } = answer;
  const changed = changes.filter((change) => change.action !== "none");
  const same = changes.length - changed.length;
  const what = action === "apply" ? "Applying this" : "Deleting this";
  const asItIs = action === "apply" ? "is there as it is" : "is not there";
  return [
    ...accessChangeLines(what, answer),
    "",
    ...changed.slice(0, changesMax).map((change) => `${change.object} is ${actionWords[change.action]}.`),
    ...(changed.length > changesMax ? [`... and ${changed.length - changesMax} more objects.`] : []),
    ...(same === 0 ? [] : [`Of ${same} object${same === 1 ? "" : "s"}, each ${asItIs}.`]),
    ...(otherObjects === 0 ? [] : [`Objects of other kinds, which decide nothing about secrets: ${otherObjects}.`]),
    ...problems.map(({ message, at }) => `Problem at ${placeText(at)}: ${message}.`),
    ...coverageLines(coverage),
  ];
}

const changesMax = 20;
