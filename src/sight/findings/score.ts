/** Numbers from 0 to 10 that say how bad something is, with the factors that give the same number again. */

/** The worst first. 9 is critical, 7 high, 4 medium, 1 low, as CVSS has them. */
export const severities = ["critical", "high", "medium", "low", "info"] as const;
export type Severity = (typeof severities)[number];

export interface ScoreFactor {
  readonly name: string;
  readonly value: number;
  /** Why it has this value. */
  readonly because: string;
}

/**
 * `product` multiplies its factors. `risk` is `10 x sqrt(likelihood x sensitivity) x evidence`, where the likelihood is 1
 * minus the product of 1 minus each factor whose name begins with `source`; a factor `floor` is the least it can be.
 */
export interface Score {
  /** From 0 to 10, to one decimal. */
  readonly value: number;
  readonly formula: "product" | "risk";
  readonly factors: readonly ScoreFactor[];
}

/** The number that factors give. */
export function scoreOf({ formula, factors }: Pick<Score, "formula" | "factors">): number {
  if (formula === "product") return rounded(factors.reduce((product, { value }) => product * value, 1));
  const of = (wanted: string, otherwise = 1) => factors.find(({ name }) => name === wanted)?.value ?? otherwise;
  const spared = factors
    .filter(({ name }) => name.startsWith("source"))
    .reduce((product, { value }) => product * (1 - value), 1);
  const risk = 10 * Math.sqrt((1 - spared) * of("sensitivity")) * of("evidence");
  return rounded(Math.max(of("floor", 0), risk));
}

/** A score with its number. */
export function makeScore(formula: Score["formula"], factors: readonly ScoreFactor[]): Score {
  return { value: scoreOf({ formula, factors }), formula, factors };
}

/** The score of a check as the registry has it, with what makes it better or worse here. */
export function baseScore(base: number, ...more: readonly ScoreFactor[]): Score {
  return makeScore("product", [{ name: "base", value: base, because: "of the check" }, ...more]);
}

export function severityOf(score: number): Severity {
  if (score >= 9) return "critical";
  if (score >= 7) return "high";
  if (score >= 4) return "medium";
  return score >= 1 ? "low" : "info";
}

/** At least as severe. */
export function isAtLeast(severity: Severity, limit: Severity): boolean {
  return severities.indexOf(severity) <= severities.indexOf(limit);
}

/** Binary fractions just below a half are meant to be a half: 6.25 x 0.6 is 3.75. */
function rounded(value: number): number {
  return Math.min(10, Math.max(0, Math.round(value * 10 + 1e-9) / 10));
}
