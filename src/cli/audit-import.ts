import { resolve } from "node:path";
import { readLogsInto } from "../sight/audit/read-audit.ts";
import { ApiConnection } from "../sight/sources/cluster/api-connection.ts";
import { ApiFailure } from "../sight/sources/cluster/api-failure.ts";
import type { ClusterAccess } from "../sight/sources/cluster/kubeconfig.ts";
import { kubeconfigFlag } from "./cluster-flags.ts";
import { CommandFailure, usageError } from "./command-failure.ts";
import type { Command, Invocation } from "./command.ts";
import { exitCodes } from "./exit-code.ts";
import { valueFlag } from "./flags.ts";
import { printable } from "./printable.ts";
import { ReportSender } from "./report-sender.ts";
import type { SentCounts } from "./report-sender.ts";
import { clusterAccess } from "./with-cluster.ts";

const clusterFlag = valueFlag(
  "cluster",
  "NAME",
  "The cluster that the logs are of, where the kubeconfig names none: its name in audit.clusters.",
);

/** Batches wait for a server that has enough, or is being started anew. */
const attemptsMax = 30;
const logsMax = 10_000;

/** `strongroom audit import`. */
export const auditImportCommand: Command = {
  usage: "PATH... --kubeconfig FILE [--cluster NAME]",
  examples: [
    {
      line: "strongroom audit import /var/log/kubernetes/audit --kubeconfig /etc/kubernetes/strongroom-audit.kubeconfig",
      effect: "who read secrets before the webhook was set up",
    },
    {
      line: "zcat audit-*.gz | strongroom audit import - --kubeconfig prod-audit.kubeconfig --cluster prod",
      effect: "the same from standard input",
    },
  ],
  flags: [kubeconfigFlag, clusterFlag],
  notes: [
    "Logs are files of a Kubernetes API server (audit.k8s.io/v1), packed or not, or folders of them; - is standard input. Only what is about Secrets is sent, " +
      "without bodies of requests and answers.",
    "The kubeconfig is that of the webhook, with the credential of the cluster (docs/cluster-audit.md).",
    "What was interrupted can be begun anew: the last 262,144 events of a cluster at least are not recorded twice.",
  ],
  operandsMax: logsMax,
  async run(invocation) {
    const { operands, output, environment } = invocation;
    if (operands.length === 0) throw usageError("the audit logs must be named");
    const inputs = operands.map((shown) => ({ shown, path: resolve(environment.workingDirectory, shown) }));
    const sender = await sending(invocation, async (send) => {
      const made = new ReportSender(send);
      await readLogsInto(made, inputs).catch((error: unknown) => {
        throw error instanceof Error && "code" in error && "path" in error ? notRead(error) : error;
      });
      await made.finish();
      return made;
    });
    const { kept, repeated, passedOver, unreadable } = sender.sent;
    output.print(`kept ${kept}, repeated ${repeated}, passed over ${passedOver}, unreadable ${unreadable}`);
    for (const { file, message } of sender.counts.problems) output.tell(printable(`${file}: ${message}`));
    return sender.counts.problems.length === 0 ? exitCodes.ok : exitCodes.failure;
  },
};

async function sending<Result>(
  invocation: Invocation,
  work: (send: (items: readonly object[]) => Promise<SentCounts>) => Promise<Result>,
): Promise<Result> {
  if (invocation.flags.one(kubeconfigFlag) === undefined) {
    throw usageError("the kubeconfig must be named: that of the webhook, with the credential of the cluster");
  }
  const { access } = await clusterAccess(invocation);
  const path = pathOf(access, invocation.flags.one(clusterFlag));
  const env = invocation.environment.variables ?? {};
  using connection = new ApiConnection(access, { env, userAgent: "strongroom-cli", limits: { attemptsMax } });
  const { signal } = new AbortController();
  try {
    return await work(async (items) => {
      const body = { kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items };
      const answer = await connection.ask(path, { signal, body });
      return (answer as { readonly received: SentCounts }).received; // the answer of the audit webhook
    });
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    const isAway = error.kind === "unreachable" || error.kind === "overloaded";
    throw new CommandFailure(printable(error.message), {
      exitCode: isAway ? exitCodes.unavailable : exitCodes.failure,
      advice: "What was received is kept: the same command goes on with the rest.",
      cause: error,
    });
  }
}

/** Beyond the address of the kubeconfig: that of a webhook is the whole. */
function pathOf({ server }: ClusterAccess, cluster: string | undefined): string {
  if (/\/clusters\/[^/]+\/events\/?$/.test(server.pathname)) {
    const isSame = cluster === undefined || server.pathname.includes(`/clusters/${cluster}/`);
    if (isSame) return "";
    throw usageError("--cluster must be the cluster of the kubeconfig, or be left out");
  }
  if (cluster === undefined)
    throw usageError("the cluster must be named, by --cluster or by the address in the kubeconfig");
  return `/apis/audit.strongroom.dev/v1/clusters/${encodeURIComponent(cluster)}/events`;
}

function notRead(error: Error): CommandFailure {
  return usageError(printable(`the audit logs must be readable: ${error.message}`));
}
