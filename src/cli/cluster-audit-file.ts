/** The part of the configuration file about clusters that send their audit. */
import { readFile } from "node:fs/promises";
import type { ReportingCluster } from "../audit/cluster/cluster-audit-config.ts";
import { parseTokenHashes, tokenHashesForm } from "../audit/cluster/token-hashes.ts";
import type { EtcdDoorConfig } from "../doors/etcd/etcd-door-config.ts";
import { usageError } from "./command-failure.ts";
import { clusterName, clusterNameForm, startOfNamespace, startOfNamespaceForm } from "./etcd-file.ts";
import { list, mapping, pathFrom, text } from "./field-readers.ts";
import type { FieldReader, Fields } from "./field-readers.ts";

export type ClusterAuditFile = Fields<ClusterAuditFields>;

interface ClusterAuditFields {
  name: string;
  namespacePrefix: string;
  tokenHashFile: string;
  user: string;
}

export function clusterAuditReader(directory: string): FieldReader<readonly ClusterAuditFile[]> {
  return list(
    mapping<ClusterAuditFields>({
      name: text(clusterName, clusterNameForm),
      namespacePrefix: text(startOfNamespace, startOfNamespaceForm),
      tokenHashFile: pathFrom(directory),
      user: text(reporterName, "the name of a user, and of none of the system"),
    }),
  );
}

function reporterName(value: string): string | undefined {
  return value.length <= 253 && !value.startsWith("system:") && !value.startsWith("cluster:") ? value : undefined;
}

/** Checks the clusters against those of the etcd door, and reads the files that they name. Raises a usage error that names the field. */
export async function readClusterAudit(
  files: readonly ClusterAuditFile[],
  etcd: EtcdDoorConfig | undefined,
): Promise<readonly ReportingCluster[]> {
  const clusters: ReportingCluster[] = [];
  for (const [index, file] of files.entries()) {
    const place = `audit.clusters[${index}]`;
    const { name, tokenHashFile, user } = file;
    if (name === undefined) throw usageError(`${place}.name must be given`);
    if (clusters.some((other) => other.name === name)) throw usageError(`${place}.name must be that of one`);
    if (tokenHashFile === undefined && user === undefined) {
      throw usageError(`${place}.tokenHashFile or ${place}.user must be given: by them the cluster is known`);
    }
    if (user !== undefined && clusters.some((other) => other.user === user)) {
      throw usageError(`${place}.user must be that of one cluster`);
    }
    const namespacePrefix = prefixOf(file, { place, others: [...clusters, ...(etcd?.clusters ?? [])] });
    clusters.push({
      name,
      namespacePrefix,
      tokenHashes: tokenHashFile === undefined ? [] : await readHashes(tokenHashFile, `${place}.tokenHashFile`),
      tokenHashFile,
      user,
    });
  }
  requireOwnTokens(clusters);
  return clusters;
}

/** That of the same cluster at the etcd door; of one that is not there, its own, so that its namespaces are nobody else's. */
function prefixOf(
  { name, namespacePrefix }: ClusterAuditFile,
  {
    place,
    others,
  }: {
    readonly place: string;
    readonly others: readonly { readonly name: string; readonly namespacePrefix: string }[];
  },
): string {
  const same = others.find((other) => other.name === name);
  if (same !== undefined) {
    if (namespacePrefix === undefined || namespacePrefix === same.namespacePrefix) return same.namespacePrefix;
    throw usageError(`${place}.namespacePrefix must be that of the same cluster at the etcd door, or be left out`);
  }
  if (namespacePrefix === undefined) {
    throw usageError(`${place}.namespacePrefix must be given for a cluster that is not at the etcd door`);
  }
  const shared = others.find(
    (other) => other.namespacePrefix.startsWith(namespacePrefix) || namespacePrefix.startsWith(other.namespacePrefix),
  );
  if (shared === undefined) return namespacePrefix;
  throw usageError(`${place}.namespacePrefix must not be how the namespaces of the cluster ${shared.name} can begin`);
}

/** A token of two clusters would be one that speaks for the other. */
function requireOwnTokens(clusters: readonly ReportingCluster[]): void {
  const hashes = clusters.flatMap(({ tokenHashes }) => tokenHashes.map((hash) => hash.toString("hex")));
  if (new Set(hashes).size < hashes.length) throw usageError("audit.clusters must have tokens of their own");
}

async function readHashes(path: string, place: string): Promise<readonly Buffer[]> {
  const content = await readFile(path, "utf8").catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw usageError(`${place} must name a file that can be read (${code})`);
  });
  const hashes = parseTokenHashes(content);
  if (hashes === undefined) throw usageError(`${place} must name a file of ${tokenHashesForm}`);
  return hashes;
}
