/** The audit webhook, where the configuration names clusters that send their audit. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Registry } from "prom-client";
import type { AuditSink } from "../../audit/audit-event.ts";
import type { AuditLog } from "../../audit/audit-log.ts";
import type { ReportingCluster } from "../../audit/cluster/cluster-audit-config.ts";
import { ClusterReports } from "../../audit/cluster/cluster-reports.ts";
import { RecentReports, recentReports } from "../../audit/cluster/recent-reports.ts";
import { TokenHashes } from "../../audit/cluster/token-hashes.ts";
import { Gate } from "../../gate/gate.ts";
import type { AuthenticatedRequest } from "../../identity/request-credentials.ts";
import type { Logger } from "../../log/logger.ts";
import { AuditWebhook, authorizeReport } from "./audit-webhook-door.ts";
import { AuditWebhookMetrics } from "./audit-webhook-metrics.ts";

export interface OpenAuditWebhookOptions {
  /** None by default. */
  readonly clusters: readonly ReportingCluster[] | undefined;
  /** Where requests go on record. */
  readonly audit: AuditSink;
  /** Where what clusters report goes: no refusal in a cluster is one of this server, whose budget is for its own. */
  readonly auditLog: Pick<AuditLog, "write" | "entries" | "first" | "end">;
  readonly authentication: {
    /** Raises `unauthenticated`. */
    readonly authenticate: (request: IncomingMessage) => Promise<AuthenticatedRequest>;
  };
  readonly log: Pick<Logger, "error">;
  readonly registry: Registry;
}

export type OpenAuditWebhook = Pick<AuditWebhook, "takes"> & AsyncDisposable;

/** Undefined where no cluster sends its audit. Looks through the end of the log meanwhile, which batches wait for. */
export function openAuditWebhook(options: OpenAuditWebhookOptions): OpenAuditWebhook | undefined {
  const { clusters = [], audit, auditLog, authentication, log, registry } = options;
  if (clusters.length === 0) return undefined;
  const now = () => new Date();
  const stop = new AbortController();
  const known = recentReports(auditLog, stop.signal).catch((error: unknown) => {
    // What comes twice is better than what does not come.
    if (!stop.signal.aborted)
      log.error("Reports of clusters could not be read back: what is sent again is recorded again", error);
    return new Map<string, RecentReports>();
  });
  const reportsOf = (cluster: ReportingCluster) =>
    new ClusterReports({
      cluster,
      log: auditLog,
      recent: known.then((recent) => recent.get(cluster.name) ?? new RecentReports()),
      now,
    });
  const tokensOf = ({ name, tokenHashes, tokenHashFile }: ReportingCluster) =>
    new TokenHashes({
      file: tokenHashFile,
      hashes: tokenHashes,
      nowMs: Date.now,
      onError: (error) => log.error("Token hashes of a cluster could not be read again", error, { cluster: name }),
    });
  const gate = new Gate({
    audit,
    authorizer: { authorize: authorizeReport },
    // Nothing is changed by way of it.
    admission: { admit: () => Promise.reject(new TypeError("there is nothing to admit at the audit webhook")) },
    now,
    uuid: randomUUID,
  });
  const webhook = new AuditWebhook({
    gate,
    clusters: clusters.map((cluster) => ({ cluster, tokens: tokensOf(cluster), reports: reportsOf(cluster) })),
    authenticate: async (request) => (await authentication.authenticate(request)).user,
    metrics: new AuditWebhookMetrics(
      registry,
      clusters.map(({ name }) => name),
    ),
    now,
    uuid: randomUUID,
    onInternalError: (error) => log.error("Request of the audit webhook failed", error),
  });
  return {
    takes: (request, response) => webhook.takes(request, response),
    async [Symbol.asyncDispose]() {
      stop.abort(new Error("the audit webhook is closed"));
      await known;
    },
  };
}
