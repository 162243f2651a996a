import { SecretReads } from "../sight/audit/secret-reads.ts";
import { objectText } from "../sight/questions/principal.ts";
import { pictureFrom } from "../sight/questions/picture.ts";
import type { PictureEdge } from "../sight/questions/picture.ts";
import { whoDid } from "../sight/questions/who-did.ts";
import type { Did, WhoDidAnswer } from "../sight/questions/who-did.ts";
import { answerForm, answerFormFlag, printAnswer } from "./answer-form.ts";
import { auditFlag, auditNotes, readAuditLogs, sinceFlag } from "./audit-source.ts";
import { auditLines } from "../sight/audit/audit-lines.ts";
import { didLines } from "./audit-text.ts";
import type { Command } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { namespaceFlag, secretOperand } from "./sight-source.ts";

/** `strongroom who-did`. */
export const whoDidCommand: Command = {
  usage: "NAMESPACE/SECRET --audit PATH... [--since TIME] [-o FORM]",
  examples: [
    { line: "strongroom who-did prod/db --audit /var/log/kubernetes/audit", effect: "who read it in fact" },
    {
      line: "zcat audit-*.gz | strongroom who-did prod/db --audit - --since 30d",
      effect: "the same, of the last month",
    },
  ],
  flags: [namespaceFlag, auditFlag, sinceFlag, answerFormFlag],
  notes: auditNotes,
  operandsMax: 1,
  async run(invocation) {
    const secret = await secretOperand(invocation);
    const form = answerForm(invocation);
    const reads = new SecretReads(secret);
    const answer = whoDid(secret, reads, await readAuditLogs(invocation, [reads]));
    printAnswer(invocation, form, { answer, lines: () => linesOf(answer), picture: () => pictureOfReads(answer) });
    return exitCodes.ok;
  },
};

function linesOf({ secret, readers, others, audit, limits }: WhoDidAnswer): string[] {
  const shown = objectText({ kind: "Secret", ...secret });
  const count = `${readers.length} ${readers.length === 1 ? "identity has" : "identities have"} read it, or may have`;
  return [
    readers.length === 0 ? `${shown}: nobody is on record as having read it.` : `${shown}: ${count}.`,
    ...readers.flatMap((did) => ["", ...didLines(did)]),
    ...(others.length === 0 ? [] : ["", "Not its values:", ...others.flatMap(didLines)]),
    "",
    ...auditLines(audit, limits),
  ];
}

function pictureOfReads({ secret, readers }: WhoDidAnswer) {
  const to = objectText({ kind: "Secret", ...secret });
  return pictureFrom(readers.flatMap((did) => readEdges(did, to)));
}

function readEdges({ principal, verbs, impersonatedBy, reads }: Did, to: string): PictureEdge[] {
  const from = objectText(principal);
  const counts = Object.entries(verbs).map(([verb, count]) => `${verb} ${count}`);
  return [
    ...impersonatedBy.map((by) => ({
      from: objectText({ kind: "User", namespace: "", name: by }),
      to: from,
      label: "acted as",
      dashed: false,
    })),
    { from, to, label: counts.join(", "), dashed: reads === 0 },
  ];
}
