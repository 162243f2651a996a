/** What a kube-apiserver answered about the policies of oracle-policy.ts; record-oracle.ts makes it anew. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

export const recordedPath = join(import.meta.dirname, "recorded-oracle.json");

/** Each is a policy. */
export const oracleSeeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;

export interface RecordedOracle {
  readonly version: string;
  /** By seed, in the order of the triples: y for what is allowed, n for what is not. */
  readonly policies: Readonly<Record<string, string>>;
}

export function readRecordedOracle(): RecordedOracle {
  return JSON.parse(readFileSync(recordedPath, "utf8")) as RecordedOracle; // written by record-oracle.ts
}

export function writeAnswers(answers: readonly boolean[]): string {
  return answers.map((allowed) => (allowed ? "y" : "n")).join("");
}

export function readAnswers(text: string): boolean[] {
  return Array.from(text, (letter) => letter === "y");
}
