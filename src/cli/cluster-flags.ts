/** The flags that name a running cluster, and the cluster they name. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { ClusterSource } from "../sight/sources/cluster/cluster-source.ts";
import { readKubeconfig } from "../sight/sources/cluster/kubeconfig.ts";
import type { ClusterAccess } from "../sight/sources/cluster/kubeconfig.ts";
import { levels } from "../sight/sources/cluster/level.ts";
import type { Level } from "../sight/sources/cluster/level.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { dataDirFlag, readServerConfig } from "./config.ts";
import { exitCodes } from "./exit-code.ts";
import { kubectlAccess } from "./kubectl-config.ts";
import { repeatableFlag, switchFlag, valueFlag } from "./flags.ts";
import type { Flag, FlagValues } from "./flags.ts";
import { printable } from "./printable.ts";
import { ProgressBar } from "./progress-bar.ts";

export const kubeconfigFlag = valueFlag("kubeconfig", "FILE", "A running cluster, by a kubeconfig.");
export const contextFlag = repeatableFlag(
  "context",
  "NAME",
  "A context of that kubeconfig, if not its current one. Repeatable: one answer for each.",
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

/** The contexts of the flags: one answer is given for each. Raises a usage error for one that has no kubeconfig. */
export function contextsOf({ flags, environment }: Invocation): readonly string[] {
  const contexts = flags.many(contextFlag) ?? [];
  const hasKubeconfig = flags.has(kubeconfigFlag) || environment.isKubectlPlugin === true;
  if (contexts.length > 0 && !hasKubeconfig) throw usageError("--context needs --kubeconfig FILE");
  return contexts;
}

/** Whether the flags name a running cluster. */
export function namesCluster(flags: FlagValues): boolean {
  return flags.has(kubeconfigFlag) || flags.has(serverFlag) || flags.has(contextFlag);
}

/** How to reach the cluster that the flags name, or that kubectl would talk to. */
export async function clusterAccess(invocation: Invocation): Promise<ClusterAccess> {
  const { flags } = invocation;
  const context = contextsOf(invocation).slice(0, 1);
  const isKubectls =
    invocation.environment.isKubectlPlugin === true && !flags.has(kubeconfigFlag) && !flags.has(serverFlag);
  const [access] = isKubectls
    ? await kubectlAccess(invocation.environment, context)
    : await readKubeconfig(await kubeconfigPath(invocation), context);
  if (access === undefined) throw new TypeError("a kubeconfig gives the cluster of one context at least");
  return access;
}

/** Does something with the cluster that the flags name, and says what to do about it when it cannot be reached. */
export async function withCluster<Result>(
  invocation: Invocation,
  work: (source: ClusterSource) => Promise<Result>,
): Promise<Result> {
  using bar = new ProgressBar(process.stderr);
  try {
    using source = await openCluster(invocation, bar);
    return await work(source);
  } catch (error) {
    throw explainClusterFailure(error);
  }
}

/**
 * The cluster that the flags name, by its first context. Raises a usage error when they name none, and what
 * {@link readKubeconfig} raises.
 */
async function openCluster(invocation: Invocation, bar: ProgressBar): Promise<ClusterSource> {
  const { flags, environment } = invocation;
  const level = levelOf(flags);
  const access = await clusterAccess(invocation);
  if (access.trust.insecure) invocation.output.tell(printable(`Warning: ${insecureText(access)}`));
  return new ClusterSource(access, {
    level,
    env: environment.variables ?? {},
    onProgress: ({ kindsDone, kinds, objects, reading }) =>
      bar.show(kindsDone, kinds, printable(`${access.id}: ${objects} objects, ${reading}`)),
  });
}

function insecureText({ id }: ClusterAccess): string {
  return `the kubeconfig has the certificate of ${id} not checked: whoever is on the way sees the credentials`;
}

async function kubeconfigPath({ flags, environment }: Invocation): Promise<string> {
  const written = flags.one(kubeconfigFlag);
  if (written !== undefined && flags.has(serverFlag))
    throw usageError("one of --kubeconfig and --server must be given");
  if (written !== undefined) return resolve(environment.workingDirectory, written);
  const { adminKubeconfig, dataDir } = await readServerConfig(flags, environment);
  if (adminKubeconfig !== undefined && existsSync(adminKubeconfig)) return adminKubeconfig;
  throw new CommandFailure(`${dataDir} must be the data directory of a server, with its administrator's kubeconfig`, {
    exitCode: exitCodes.usage,
    advice: "Name the directory with --data-dir; strongroom kubeconfig makes the file anew.",
  });
}

/** What is wrong with reaching a cluster, with what to do about it. */
function explainClusterFailure(error: unknown): unknown {
  if (!(error instanceof StrongroomError)) return error;
  const advice = advices[error.code];
  if (advice === undefined) return error;
  const { exitCode, text } = advice;
  return new CommandFailure(error.message, { exitCode, advice: text, cause: error });
}

const advices: Partial<Record<StrongroomError["code"], { exitCode: 1 | 4; text: string }>> = {
  denied: {
    exitCode: exitCodes.failure,
    text: "strongroom sight role prints what the user of the kubeconfig needs to be allowed.",
  },
  unauthenticated: {
    exitCode: exitCodes.failure,
    text: "The credentials of the kubeconfig are not accepted (any more): renew them. For --server: strongroom kubeconfig.",
  },
  unavailable: {
    exitCode: exitCodes.unavailable,
    text: "See that the cluster runs and can be reached from here, and run the command again.",
  },
};
