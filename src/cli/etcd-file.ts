/** The part of the configuration file on the etcd door. */
import type { EtcdDoorConfig } from "../doors/etcd/etcd-door-config.ts";
import { usageError } from "./command-failure.ts";
import { list, mapping, pathFrom, text } from "./field-readers.ts";
import type { FieldReader, Fields } from "./field-readers.ts";
import { listenAddressForm, parseListenAddress } from "./listen-address.ts";
import type { ListenAddress } from "./listen-address.ts";

export type EtcdFile = Fields<{ listen: ListenAddress; clusters: readonly ClusterFile[] }>;
type ClusterFile = Fields<{ name: string; prefix: string; clientAuthoritiesFile: string }>;

const clusterName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const keyPrefix = /^(\/[A-Za-z0-9._-]+){1,8}$/;

const prefixDefault = "/registry";

export function etcdReader(directory: string): FieldReader<EtcdFile> {
  const read = mapping<{ listen: ListenAddress; clusters: readonly ClusterFile[] }>({
    listen: text(parseListenAddress, listenAddressForm),
    clusters: list(
      mapping<{ name: string; prefix: string; clientAuthoritiesFile: string }>({
        name: text(matching(clusterName), "a name of 1 to 63 of a-z, 0-9 and -"),
        prefix: text(matching(keyPrefix), "the prefix of keys that the API server is given, such as /registry"),
        clientAuthoritiesFile: pathFrom(directory),
      }),
    ),
  });
  return (value, place) => {
    const file = read(value, place);
    if (file.listen === undefined) throw usageError(`${place}.listen must be given`);
    if (file.clusters?.length !== 1) throw usageError(`${place}.clusters must name one cluster`);
    if (file.clusters[0]?.name === undefined) throw usageError(`${place}.clusters[0].name must be given`);
    return file;
  };
}

function matching(pattern: RegExp) {
  return (value: string) => (pattern.test(value) ? value : undefined);
}

/** What the file says, with its defaults. */
export function etcdConfig(file: EtcdFile | undefined): EtcdDoorConfig | undefined {
  const [cluster] = file?.clusters ?? [];
  if (file?.listen === undefined || cluster?.name === undefined) return undefined;
  const { name, prefix = prefixDefault, clientAuthoritiesFile } = cluster;
  return { ...file.listen, cluster: { name, prefix, clientAuthoritiesFile } };
}
