/** A connection to the server that a command is about, by its published API. */
import { ApiConnection } from "../sight/sources/cluster/api-connection.ts";
import { ApiFailure } from "../sight/sources/cluster/api-failure.ts";
import { clusterFlags, levelFlag, verifyFlag } from "./cluster-flags.ts";
import { CommandFailure } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { printable } from "./printable.ts";
import { clusterAccess } from "./with-cluster.ts";

/** Which server: the same for each of these commands. */
export const serverFlags = clusterFlags.filter((flag) => flag !== levelFlag && flag !== verifyFlag);
export const serverUsage = "[--kubeconfig FILE [--context NAME] | --server [--data-dir DIR]]";
export const serverNotes: readonly string[] = [
  "Without a source it is this host's Strongroom server, if there is one, else the cluster of kubectl.",
];

/**
 * Does something with the server that is meant. Raises {@link CommandFailure} with what the server said; `rights` is where it is written
 * which rights that takes.
 */
export async function withServer<Result>(
  invocation: Invocation,
  rights: string,
  work: (connection: ApiConnection) => Promise<Result>,
): Promise<Result> {
  const { access, because } = await clusterAccess(invocation);
  if (because !== undefined) invocation.output.tell(printable(`Using ${because}.`));
  const env = invocation.environment.variables ?? {};
  using connection = new ApiConnection(access, { env, userAgent: "strongroom-cli" });
  try {
    return await work(connection);
  } catch (error) {
    throw error instanceof ApiFailure ? explained(error, rights) : error;
  }
}

function explained(error: ApiFailure, rights: string): CommandFailure {
  const isAway = error.kind === "unreachable" || error.kind === "overloaded";
  const exitCode = isAway ? exitCodes.unavailable : exitCodes.failure;
  const advice =
    error.kind === "forbidden" ? `${rights} lists which right each of these commands takes.` : advices[error.kind];
  return new CommandFailure(printable(error.message), {
    exitCode,
    ...(advice !== undefined && { advice }),
    cause: error,
  });
}

const advices: Partial<Record<ApiFailure["kind"], string>> = {
  unauthenticated:
    "The credentials of the kubeconfig are not accepted (any more): renew them with strongroom kubeconfig.",
};
