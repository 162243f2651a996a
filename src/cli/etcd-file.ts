/** The part of the configuration file on the etcd door. */
import type { ClusterConfig, EtcdDoorConfig } from "../doors/etcd/etcd-door-config.ts";
import { usageError } from "./command-failure.ts";
import { list, mapping, pathFrom, text } from "./field-readers.ts";
import type { FieldReader, Fields } from "./field-readers.ts";
import { listenAddressForm, parseListenAddress } from "./listen-address.ts";
import type { ListenAddress } from "./listen-address.ts";

export type EtcdFile = Fields<{ listen: ListenAddress; clusters: readonly ClusterFile[] }>;
interface ClusterFields {
  name: string;
  prefix: string;
  namespacePrefix: string;
  clientAuthoritiesFile: string;
}
type ClusterFile = Fields<ClusterFields>;

export const clusterNameForm = "a name of 1 to 63 of a-z, 0-9 and -";
export const clusterName = matching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
export const startOfNamespaceForm = "what names of namespaces can begin with, such as edge-";
export const startOfNamespace = matching(/^[a-z0-9][-a-z0-9]{0,30}$/);
const keyPrefix = /^(\/[A-Za-z0-9._-]+){1,8}$/;

const prefixDefault = "/registry";

export function etcdReader(directory: string): FieldReader<EtcdFile> {
  const read = mapping<{ listen: ListenAddress; clusters: readonly ClusterFile[] }>({
    listen: text(parseListenAddress, listenAddressForm),
    clusters: list(
      mapping<ClusterFields>({
        name: text(clusterName, clusterNameForm),
        prefix: text(matching(keyPrefix), "the prefix of keys that the API server is given, such as /registry"),
        namespacePrefix: text(startOfNamespace, startOfNamespaceForm),
        clientAuthoritiesFile: pathFrom(directory),
      }),
    ),
  });
  return (value, place) => {
    const file = read(value, place);
    if (file.listen === undefined) throw usageError(`${place}.listen must be given`);
    const { clusters = [] } = file;
    if (clusters.length === 0) throw usageError(`${place}.clusters must name a cluster`);
    for (const [index, { name }] of clusters.entries()) {
      if (name === undefined) throw usageError(`${place}.clusters[${index}].name must be given`);
    }
    requireApart(clusters, `${place}.clusters`);
    return file;
  };
}

/** Of several clusters, none can have a namespace of another. */
function requireApart(clusters: readonly ClusterFile[], place: string): void {
  for (const [index, { name, namespacePrefix }] of clusters.entries()) {
    const others = clusters.filter((_, other) => other !== index);
    if (others.some((other) => other.name === name)) throw usageError(`${place}[${index}].name must be that of one`);
    if (others.length === 0) return;
    if (namespacePrefix === undefined) {
      throw usageError(`${place}[${index}].namespacePrefix must be given where there are several clusters`);
    }
    if (others.some((other) => other.namespacePrefix?.startsWith(namespacePrefix) === true)) {
      throw usageError(`${place}[${index}].namespacePrefix must not be how that of another cluster begins`);
    }
  }
}

function matching(pattern: RegExp) {
  return (value: string) => (pattern.test(value) ? value : undefined);
}

/** What the file says, with its defaults. */
export function etcdConfig(file: EtcdFile | undefined): EtcdDoorConfig | undefined {
  if (file?.listen === undefined) return undefined;
  return { ...file.listen, clusters: (file.clusters ?? []).map(clusterConfig) };
}

function clusterConfig({
  name = "", // never: the reader refuses it
  prefix = prefixDefault,
  namespacePrefix = "",
  clientAuthoritiesFile,
}: ClusterFile): ClusterConfig {
  return { name, prefix, namespacePrefix, clientAuthoritiesFile };
}
