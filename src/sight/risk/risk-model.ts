/**
 * How bad it is that a secret can be come to: `10 x sqrt(likelihood x sensitivity) x evidence`, at most 10.
 *
 * The likelihood is that at least one of the five worst sources is an attacker and comes to the secret: 1 minus the
 * product of 1 minus (likelihood of the source x ease of its single best way). Ways of one source are not added up, so
 * that a further way never makes a number smaller; they are shown for the fix.
 *
 * What is not known counts as if it were bad, and is named.
 */
import type { SourceClass } from "../exposure/source-class.ts";
import { makeScore, severityOf } from "../findings/score.ts";
import type { Score, ScoreFactor, Severity } from "../findings/score.ts";

/** How many sources count. */
export const sourcesMax = 5;

/** Somewhere an attack may begin, with the ease of its best way to the secret. */
export interface SourceReach {
  /** Tells sources apart: replicas of a workload, and pods of one account, are one. */
  readonly name: string;
  readonly class: SourceClass;
  /** That somebody there is an attacker, from 0 to 1. */
  readonly likelihood: number;
  /** The product of the eases of the best way's steps. */
  readonly reach: number;
}

/** What was seen of its use. `none` is for no log at all, and for nothing in it. */
export type RiskEvidence = "misuse" | "anomaly" | "denied-probing" | "none" | "never-read";

const evidenceFactor: Readonly<Record<RiskEvidence, number>> = {
  misuse: 1,
  anomaly: 1.25,
  "denied-probing": 1.1,
  none: 1,
  "never-read": 1,
};

/** What one could do with the secret. */
export interface Sensitivity {
  /** From 0 to 1. */
  readonly value: number;
  readonly because: string;
  /** What was not known of it, in words. */
  readonly unknown: readonly string[];
}

export interface RiskInput {
  readonly sources: readonly SourceReach[];
  readonly sensitivity: Sensitivity;
  readonly evidence: RiskEvidence;
  /** What was seen, in words, where more can be said than what it is called. */
  readonly sign?: string;
  /** What is not known about the sources, in words. */
  readonly unknown: readonly string[];
}

export interface Risk {
  readonly score: Score;
  readonly severity: Severity;
  readonly unknown: readonly string[];
}

/** The risk of one secret. The order of the sources does not matter; of equal names the worst counts. */
export function riskOfSecret({ sources, sensitivity, evidence, sign = evidence, unknown }: RiskInput): Risk {
  const factors: ScoreFactor[] = [
    ...worstSources(sources).map((source, index) => ({
      name: `source ${index + 1}`,
      value: rounded(source.likelihood * source.reach),
      because: `${source.name} (${source.class}, ${rounded(source.likelihood)}) by a way of ease ${rounded(source.reach)}`,
    })),
    { name: "sensitivity", value: rounded(sensitivity.value), because: sensitivity.because },
  ];
  const multiplier = sources.length === 0 && evidence === "never-read" ? 0.8 : evidenceFactor[evidence];
  if (evidence !== "none") factors.push({ name: "evidence", value: multiplier, because: sign });
  if (evidence === "misuse") factors.push({ name: "floor", value: 9, because: "it was misused" });
  const score = makeScore("risk", factors);
  return { score, severity: severityOf(score.value), unknown: [...sensitivity.unknown, ...unknown] };
}

/** At most five, each name once. */
export function worstSources(sources: readonly SourceReach[]): SourceReach[] {
  const byName = new Map<string, SourceReach>();
  for (const source of sources) {
    const known = byName.get(source.name);
    if (known === undefined || isWorse(source, known)) byName.set(source.name, source);
  }
  return [...byName.values()].sort((a, b) => (isWorse(a, b) ? -1 : isWorse(b, a) ? 1 : 0)).slice(0, sourcesMax);
}

function isWorse(a: SourceReach, b: SourceReach): boolean {
  const [left, right] = [a.likelihood * a.reach, b.likelihood * b.reach];
  return left === right ? a.name < b.name : left > right;
}

/** Factors are what is printed, so that the number can be worked out again by hand. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
