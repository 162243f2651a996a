/** Facts about a secret that are worse together than each by itself. A list of names: nothing here is worked out. */
import type { CheckId } from "../findings/check-registry.ts";

export const secretTraits = [
  /** A source that counts is reached from outside, and nothing asks who it is. */
  "exposed-source",
  /** A source that counts is everybody, or everybody who is authenticated. */
  "open-source",
  /** Any workload of the inside is a source that counts. */
  "workload-source",
  /** The way is as good as one step: its ease is at least 0.8. */
  "easy-way",
  /** Sensitivity of at least 0.8. */
  "precious",
  /** Of production, by the words of its place. */
  "production",
  /** More than ten have the right to read it, or it is in more than ten workloads. */
  "widely-held",
  /** Made, or last changed, more than a year ago. */
  "old",
  /** Its value is also in other secrets. */
  "copied",
] as const;

export type SecretTrait = (typeof secretTraits)[number];

/** The traits that are of a source. */
export type SourceTrait = "exposed-source" | "open-source" | "workload-source";

export interface ToxicCombination {
  readonly check: CheckId;
  /** At least three. */
  readonly all: readonly SecretTrait[];
  /** Whose way it is about; one of `all`. */
  readonly by: SourceTrait;
}

export const toxicCombinations: readonly ToxicCombination[] = [
  { check: "SR-TOX-001", by: "exposed-source", all: ["exposed-source", "easy-way", "precious"] },
  { check: "SR-TOX-002", by: "exposed-source", all: ["exposed-source", "widely-held", "old"] },
  { check: "SR-TOX-003", by: "open-source", all: ["open-source", "easy-way", "precious", "production"] },
  { check: "SR-TOX-004", by: "workload-source", all: ["workload-source", "precious", "copied"] },
];
