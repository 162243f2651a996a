/** What a change of objects would change about who reads which secret. */
import type { FactSet } from "../facts/fact-set.ts";
import type { Problem } from "../facts/facts.ts";
import { buildGraph } from "../graph/build-graph.ts";
import type { SecurityGraph } from "../graph/security-graph.ts";
import { accessGained } from "./access-change.ts";
import type { AccessGain } from "./access-change.ts";
import { applied, deleted } from "./changed-facts.ts";
import type { ObjectChange } from "./changed-facts.ts";
import { answerCoverage } from "./who-can.ts";
import type { AnswerCoverage } from "./who-can.ts";

export interface AccessChange {
  /** Who comes to what they did not come to; the path is that after the change. */
  readonly gained: readonly AccessGain[];
  /** Who no longer comes to what they did; the path is that before. */
  readonly lost: readonly AccessGain[];
  /** Bindings of roles that are not there, which were not there before: what they give is unknown. */
  readonly unresolved: AnswerCoverage["unresolved"];
}

export interface WhatIfAnswer extends AccessChange {
  readonly coverage: AnswerCoverage;
  /** Of each object of the manifests that decides about secrets. */
  readonly changes: readonly ObjectChange[];
  /** Objects of other kinds in the manifests. */
  readonly otherObjects: number;
  /** What could not be used of the manifests. */
  readonly problems: readonly Problem[];
}

/** What is gained and lost between two states. */
export function accessChange(before: SecurityGraph, after: SecurityGraph): AccessChange {
  const known = new Set(answerCoverage(before).unresolved.map(({ binding, role }) => `${binding} ${role}`));
  return {
    gained: accessGained(before, after),
    lost: accessGained(after, before),
    unresolved: answerCoverage(after).unresolved.filter(({ binding, role }) => !known.has(`${binding} ${role}`)),
  };
}

/** What applying the manifests to the source, or deleting from it what they name, would change. */
export function whatIf(facts: FactSet, manifests: FactSet, action: "apply" | "delete"): WhatIfAnswer {
  const { before, after, changes } = action === "apply" ? applied(facts, manifests) : deleted(facts, manifests);
  const [now, then] = [buildGraph(before), buildGraph(after)];
  const { otherObjects, problems } = manifests.coverage;
  return { coverage: answerCoverage(now), changes, otherObjects, problems, ...accessChange(now, then) };
}
