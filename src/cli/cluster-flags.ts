/** The flags that name a running cluster. */
import { levels } from "../sight/sources/cluster/level.ts";
import type { Level } from "../sight/sources/cluster/level.ts";
import { usageError } from "./command-failure.ts";
import { dataDirFlag } from "./config.ts";
import { repeatableFlag, switchFlag, valueFlag } from "./flags.ts";
import type { Flag, FlagValues } from "./flags.ts";

export const kubeconfigFlag = valueFlag("kubeconfig", "FILE", "A running cluster, by a kubeconfig.");
export const contextFlag = repeatableFlag(
  "context",
  "NAME",
  "A context of that kubeconfig, or of kubectl's, if not the current one. Repeatable: one answer for each.",
);
export const serverFlag = switchFlag("server", "The Strongroom server of this host, as its administrator.");
export const levelFlag = valueFlag(
  "level",
  "LEVEL",
  "How much of Secrets is read from a cluster: references, metadata (default) or full.",
);

export const verifyFlag = valueFlag(
  "verify",
  "N",
  "How many answers about a cluster are verified by asking it (20, where that is allowed); 0 is none.",
);

export const clusterFlags: readonly Flag[] = [
  kubeconfigFlag,
  contextFlag,
  serverFlag,
  dataDirFlag,
  levelFlag,
  verifyFlag,
];

const verifiedDefault = 20;
const verifiedMax = 10_000;

/** How many answers to verify. Raises a usage error unless it is a number within the bounds. */
export function verifyCount(flags: FlagValues): number {
  const written = flags.one(verifyFlag);
  if (written === undefined) return verifiedDefault;
  if (/^\d{1,5}$/.test(written) && Number(written) <= verifiedMax) return Number(written);
  throw usageError(`--verify must be a number from 0 to ${verifiedMax}`);
}

/** Raises a usage error for any other word. */
export function levelOf(flags: FlagValues, otherwise: Level = "metadata"): Level {
  const written = flags.one(levelFlag) ?? otherwise;
  const level = levels.find((each) => each === written);
  if (level === undefined) throw usageError(`--level must be one of ${levels.join(", ")}`);
  return level;
}

/** The contexts of the flags: one answer is given for each. */
export function contextsOf(flags: FlagValues): readonly string[] {
  return flags.many(contextFlag) ?? [];
}

/** Whether the flags name a running cluster. */
export function namesCluster(flags: FlagValues): boolean {
  return [kubeconfigFlag, serverFlag, contextFlag, dataDirFlag].some((flag) => flags.has(flag));
}
