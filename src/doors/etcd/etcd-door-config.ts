/** What the etcd door is told, after the configuration file has been read and checked. */
export interface EtcdDoorConfig {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly cluster: ClusterConfig;
}

/** A cluster whose API server keeps its Secrets here; its namespaces are those of this instance. */
export interface ClusterConfig {
  readonly name: string;
  /** The API server's `--etcd-prefix`. */
  readonly prefix: string;
  /** A file of authorities, PEM, whose client certificates count for this cluster, beside those of the instance's own. */
  readonly clientAuthoritiesFile: string | undefined;
}
