/** The running cluster that a command is about, opened. */
import { StrongroomError } from "../errors/strongroom-error.ts";
import { ClusterSource } from "../sight/sources/cluster/cluster-source.ts";
import { readKubeconfig } from "../sight/sources/cluster/kubeconfig.ts";
import type { ClusterAccess } from "../sight/sources/cluster/kubeconfig.ts";
import { chooseCluster } from "./chosen-cluster.ts";
import { contextsOf, levelOf } from "./cluster-flags.ts";
import { CommandFailure } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { printable } from "./printable.ts";
import { ProgressBar } from "./progress-bar.ts";

/** Does something with the cluster that is meant, and says what to do about it when it cannot be reached. */
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

/** How to reach the cluster of {@link chooseCluster}, by the first context of the flags; and what is to be said of the choice. */
export async function clusterAccess(
  invocation: Invocation,
): Promise<{ readonly access: ClusterAccess; readonly because: string | undefined }> {
  const { kubeconfigs, because } = await chooseCluster(invocation);
  const [access] = await readKubeconfig(kubeconfigs, contextsOf(invocation.flags).slice(0, 1));
  if (access === undefined) throw new TypeError("a kubeconfig gives the cluster of one context at least");
  return { access, because };
}

/** The cluster of {@link chooseCluster}, by the first context of the flags. Raises what that and {@link readKubeconfig} raise. */
async function openCluster(invocation: Invocation, bar: ProgressBar): Promise<ClusterSource> {
  const { flags, environment } = invocation;
  const level = levelOf(flags);
  const { access, because } = await clusterAccess(invocation);
  if (because !== undefined) invocation.output.tell(printable(`Reading ${because}.`));
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
