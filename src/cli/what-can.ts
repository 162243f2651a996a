import { objectText } from "../sight/questions/principal.ts";
import { subjectForms } from "../sight/questions/subject.ts";
import { whatCan } from "../sight/questions/what-can.ts";
import type { Reached, WhatCanAnswer } from "../sight/questions/what-can.ts";
import { pictureOf } from "../sight/questions/picture.ts";
import { answerForm, answerFormFlag, printAnswer } from "./answer-form.ts";
import { usageError } from "./command-failure.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { readGraph, sourceFlags, sourceNotes, sourceUsage } from "./sight-source.ts";
import { beginningLines, coverageLines, stepLines } from "./sight-text.ts";

/** `strongroom what-can`. */
export const whatCanCommand: Command = {
  usage: `SUBJECT ${sourceUsage} [-o FORM]`,
  examples: [
    { line: "strongroom what-can sa/prod/web --dump cluster.json", effect: "what the account web can come to" },
    { line: "strongroom what-can group/devs --git deploy/", effect: "what the manifests let a group come to" },
  ],
  flags: [...sourceFlags, answerFormFlag],
  notes: [`SUBJECT is one of ${subjectForms}.`, ...sourceNotes],
  operandsMax: 1,
  async run(invocation) {
    const [subject] = invocation.operands;
    if (subject === undefined) throw usageError("what is asked about must be named", `It is one of ${subjectForms}.`);
    const form = answerForm(invocation);
    const answer = whatCan(await readGraph(invocation), subject);
    const picture = () => pictureOf([...answer.namespaces, ...answer.secrets].map(({ path }) => path));
    printAnswer(invocation, form, { answer, lines: () => linesOf(answer), picture });
    return exitCodes.ok;
  },
};

function linesOf({ subject, asMemberOf, namespaces, secrets, identities, coverage }: WhatCanAnswer): string[] {
  const wide = namespaces.map((each) => {
    const what = each.namespace === "*" ? "every secret" : `every secret of ${each.namespace}`;
    return reachedLines(`${what} (${each.secretsKnown} known)`, each);
  });
  const single = secrets.map((each) => reachedLines(objectText({ kind: "Secret", ...each.secret }), each));
  const names = identities.map(({ principal }) => objectText(principal));
  const nothing = wide.length + single.length === 0 ? [`${subject} comes to no secret that is known.`] : [];
  return [
    ...beginningLines(subject, asMemberOf),
    ...nothing,
    ...[...wide, ...single].flatMap((lines) => [...lines, ""]),
    ...(names.length === 0 ? [] : [`It can act as: ${names.join(", ")}.`, ""]),
    ...coverageLines(coverage),
  ];
}

function reachedLines(what: string, { hops, path }: Reached<object>): string[] {
  const steps = `${hops} step${hops === 1 ? "" : "s"}`;
  return [`${what}, in ${steps}`, ...path.flatMap((step, index) => stepLines(step, index + 1))];
}
