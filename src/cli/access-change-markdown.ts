/** What a change gives to whom, as Markdown for the comment of a pull request. */
import { edgeNumber, edgeRules } from "../sight/graph/edge-rules.ts";
import { secretsText } from "../sight/questions/access-change.ts";
import type { Problem } from "../sight/facts/facts.ts";
import { placeText } from "../sight/facts/provenance.ts";
import type { Step } from "../sight/questions/path-steps.ts";
import { objectText } from "../sight/questions/principal.ts";
import type { AccessChange } from "../sight/questions/what-if.ts";
import { folded, someOf } from "./access-change-text.ts";
import type { GainGroup } from "./access-change-text.ts";
import { printable } from "./printable.ts";

/** Comments of the usual code hosts end at 65,536 characters; the rest is for what a pipeline puts around it. */
export const markdownCharactersMax = 60_000;

/** A document that is never longer than {@link markdownCharactersMax}; what does not fit is counted at the end. */
export function accessChangeMarkdown({ gained, lost, unresolved }: AccessChange, problems: readonly Problem[]): string {
  const entries = [
    ...folded(gained).map((group) => entryOf("gains", group)),
    ...unresolved.map(({ binding, role }) => {
      return `- What ${codeOf(binding)} gives is **unknown**, since ${codeOf(role)} is not there.`;
    }),
    ...problems.map(({ message, at }) => `- **Not read**: ${codeOf(placeText(at))}: ${codeOf(message)}`),
    ...folded(lost).map((group) => entryOf("no longer reads", group)),
  ];
  const heading = "### Who reads which secrets";
  if (entries.length === 0)
    return `${heading}\n\nThis change gives nobody a secret, and takes none, as far as it is known.`;
  const identities = new Set(gained.map(({ principal }) => objectText(principal))).size;
  const summary =
    identities === 0
      ? "This change gives nobody a secret."
      : `With this change, **${identities} ${identities === 1 ? "identity gains" : "identities gain"} secrets**.`;
  return [heading, "", summary, "", ...fitting(entries)].join("\n");
}

function fitting(entries: readonly string[]): string[] {
  const kept: string[] = [];
  let characters = 0;
  for (const entry of entries) {
    characters += entry.length + 1;
    if (characters > markdownCharactersMax - reserve) break;
    kept.push(entry);
  }
  const left = entries.length - kept.length;
  return left === 0 ? kept : [...kept, "", `... and ${left} more; \`-o json\` has all.`];
}

/** For heading, summary and the count of what is left out. */
const reserve = 400;
const stepsMax = 12;

function entryOf(verb: string, { gain, members }: GainGroup): string {
  const steps = gain.direct ? "directly" : `in ${gain.hops} step${gain.hops === 1 ? "" : "s"}`;
  const also = members.length === 0 ? "" : `, and its members with it: ${codeOf(someOf(members))}`;
  const more = gain.path.length > stepsMax ? [`  1. and ${gain.path.length - stepsMax} more steps`] : [];
  return [
    `- ${codeOf(objectText(gain.principal))} **${verb}** ${codeOf(secretsText(gain.secrets))}, ${steps}${also}`,
    ...gain.path.slice(0, stepsMax).map(stepOf),
    ...more,
  ].join("\n");
}

function stepOf(step: Step): string {
  const verb = edgeRules[edgeNumber(step.edge)]?.name ?? step.edge;
  const proof = step.proof.map(({ object, rule, place }) => {
    return `${codeOf(object)}${rule === undefined ? "" : ` rule ${rule}`} (${codeOf(place)})`;
  });
  const since = proof.length === 0 ? "" : `: ${proof.slice(0, proofsMax).join(", ")}`;
  return `  1. ${codeOf(step.from)} ${verb} ${codeOf(step.to)}${since}`;
}

const proofsMax = 6;
const nameCharactersMax = 200;

/**
 * Text of others as a code span, in which neither Markdown nor HTML means anything, and hosts look for no mentions, links
 * and emoji. What ends it is a run of as many backticks as begin it, so it begins with more than the text has in a row.
 * Source: https://spec.commonmark.org/0.31.2/#code-spans.
 */
export function codeOf(text: string): string {
  const shown = printable(text.length > nameCharactersMax ? `${text.slice(0, nameCharactersMax)}...` : text);
  const runs = Array.from(shown.matchAll(/`+/g), ([run]) => run.length);
  const fence = "`".repeat(Math.max(0, ...runs) + 1);
  // One blank at each end is taken off again, if there is one at both.
  const pad = /^[` ]|[` ]$/.test(shown) ? " " : "";
  return `${fence}${pad}${shown}${pad}${fence}`;
}
