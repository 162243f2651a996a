/** Which running cluster a command is about: the one that the flags name, else this host's server, else kubectl's. */
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { contextFlag, kubeconfigFlag, serverFlag } from "./cluster-flags.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { dataDirFlag, readServerConfig } from "./config.ts";
import type { Environment } from "./environment.ts";
import { exitCodes } from "./exit-code.ts";

export interface ChosenCluster {
  /** The kubeconfigs that say how to reach it; of several, the first that has an entry counts for it, as for kubectl. */
  readonly kubeconfigs: readonly string[];
  /** What is to be said of the choice, when no flag made it. */
  readonly because: string | undefined;
}

/**
 * Without a flag it is this host's server, if there is one, else the cluster of kubectl; below kubectl, only that. Raises a usage
 * error when there is neither, and for flags that contradict each other.
 */
export async function chooseCluster(invocation: Invocation): Promise<ChosenCluster> {
  const { flags, environment } = invocation;
  const written = flags.one(kubeconfigFlag);
  if (written !== undefined && flags.has(serverFlag))
    throw usageError("one of --kubeconfig and --server must be given");
  if (written !== undefined) return chosen([resolve(environment.workingDirectory, written)]);
  if (flags.has(contextFlag) && flags.has(serverFlag)) throw usageError("--context needs a kubeconfig, not --server");
  if (flags.has(serverFlag) || flags.has(dataDirFlag)) return chosen([await serverKubeconfig(invocation)]);
  const kubectls = kubectlConfigs(environment);
  if (flags.has(contextFlag) && kubectls.length > 0) return chosen(kubectls);
  if (flags.has(contextFlag)) throw usageError("--context needs --kubeconfig FILE", "kubectl has none here.");
  if (environment.isKubectlPlugin !== true) {
    const { adminKubeconfig, dataDir } = await readServerConfig(flags, environment);
    if (adminKubeconfig !== undefined && existsSync(adminKubeconfig))
      return { kubeconfigs: [adminKubeconfig], because: `the server of ${dataDir}` };
  }
  if (kubectls.length === 0) throw usageError("the source must be named", sourceAdvice);
  const because =
    environment.isKubectlPlugin === true ? undefined : `the cluster of kubectl, by ${kubectls.join(", ")}`;
  return { kubeconfigs: kubectls, because };
}

const sourceAdvice =
  "It is one of --kubeconfig FILE, --server, --dump PATH and --git PATH; this host has no server to read and no kubeconfig of kubectl.";

function chosen(kubeconfigs: readonly string[]): ChosenCluster {
  return { kubeconfigs, because: undefined };
}

async function serverKubeconfig({ flags, environment }: Invocation): Promise<string> {
  const { adminKubeconfig, dataDir } = await readServerConfig(flags, environment);
  if (adminKubeconfig !== undefined && existsSync(adminKubeconfig)) return adminKubeconfig;
  throw new CommandFailure(`${dataDir} must be the data directory of a server, with its administrator's kubeconfig`, {
    exitCode: exitCodes.usage,
    advice: "Name the directory with --data-dir; strongroom kubeconfig makes the file anew.",
  });
}

/**
 * The files that kubectl would read, those of them that are there.
 *
 * Source: k8s.io/client-go tools/clientcmd/loader.go (NewDefaultClientConfigLoadingRules).
 */
function kubectlConfigs({ variables = {}, home, workingDirectory }: Environment): readonly string[] {
  const listed = (variables["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  const paths =
    listed.length > 0 ? listed.map((path) => resolve(workingDirectory, path)) : [join(home, ".kube", "config")];
  return [...new Set(paths)].filter((path) => existsSync(path));
}
