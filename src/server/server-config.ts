/** What the server is told, after flags and the configuration file have been read and checked. */
import type { ReportingCluster } from "../audit/cluster/cluster-audit-config.ts";
import type { AuditOutput } from "../audit/followers/follower-config.ts";
import type { ConcurrencyLimits } from "../doors/http/concurrency-limiter.ts";
import type { EtcdDoorConfig } from "../doors/etcd/etcd-door-config.ts";
import type { HttpLimits } from "../doors/http/limits.ts";
import type { AuthenticationConfig } from "../doors/kubernetes/authentication/authentication-config.ts";
import type { VersionLimits } from "../core/secrets/version-retention.ts";
import type { AuditSettings } from "../instance/audit-log.ts";
import type { BackupSchedule } from "../instance/scheduled-backups.ts";
import type { RootKeyConfig } from "../instance/root-key-config.ts";
import type { ServerStoreOptions } from "../instance/server-store.ts";
import type { LogFormat } from "../log/logger.ts";

export interface ServerConfig extends ServerStoreOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** DNS names and IP addresses of the server certificate beside localhost and the loopback addresses. */
  readonly extraSans: readonly string[];
  readonly logFormat: LogFormat;
  readonly rootKey: RootKeyConfig;
  readonly versions: VersionLimits & { readonly trashRetentionMs: number };
  /** Of the TLS front and of what is worked on at the same time; what is left out has its default. */
  readonly limits: Partial<HttpLimits & ConcurrencyLimits>;
  /** Who is answered with the values of a secret that they change or delete: those who may read it, or all, as upstream. */
  readonly valuesInAnswersToWrites: "readers" | "writers";
  readonly authentication: AuthenticationConfig;
  readonly audit: AuditSettings;
  /** Who follows the audit log, and what goes out in Kubernetes form. Default: nobody, the default policy. */
  readonly auditOutput?: AuditOutput;
  /** Where an API server of Kubernetes finds etcd's API; undefined: nowhere. */
  readonly etcd?: EtcdDoorConfig | undefined;
  /** Whose audit is received; default: nobody's. */
  readonly reportingClusters?: readonly ReportingCluster[];
  /** Backups that the server makes by itself; undefined: none. */
  readonly backup?: BackupSchedule | undefined;
  /** Where the administrator's kubeconfig goes; default `<data-dir>/admin.kubeconfig`. Undefined: nowhere. */
  readonly adminKubeconfig: string | undefined;
}
