/** What the etcd door is told, after the configuration file has been read and checked. */
export interface EtcdDoorConfig {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** At least one, each of another name; of several, none's namespaces can be those of another. */
  readonly clusters: readonly ClusterConfig[];
}

/** A cluster whose API server keeps its Secrets here. */
export interface ClusterConfig {
  readonly name: string;
  /** The API server's `--etcd-prefix`. */
  readonly prefix: string;
  /** What stands before the names of its namespaces here: "" where they have the same ones. */
  readonly namespacePrefix: string;
  /** A file of authorities, PEM, whose client certificates count for this cluster, beside those of the instance's own. */
  readonly clientAuthoritiesFile: string | undefined;
}
