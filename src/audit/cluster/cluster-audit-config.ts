/** Whose audit is received, after the configuration file has been read and checked. */

/** A cluster whose API servers may send their audit here. */
export interface ReportingCluster {
  readonly name: string;
  /** What stands before the names of its namespaces here: "" where they have the same ones. */
  readonly namespacePrefix: string;
  /** SHA-256 of tokens that count for this cluster, 32 bytes each. */
  readonly tokenHashes: readonly Buffer[];
  /** Where they are from; followed. */
  readonly tokenHashFile?: string | undefined;
  /** A user of this server who speaks for this cluster, and for nothing else by that. */
  readonly user: string | undefined;
}

/** A cluster with the beginning of the names of its namespaces here. */
export interface NamedCluster {
  readonly name: string;
  readonly namespacePrefix: string;
}

/** The clusters that a namespace may be of, of those that send their audit and others; whether they do. */
export function clustersOf(
  namespace: string,
  sending: readonly NamedCluster[],
  others: readonly NamedCluster[],
): readonly { readonly name: string; readonly isConfigured: boolean }[] {
  const names = new Set(sending.map(({ name }) => name));
  const silent = others.filter(({ name }) => !names.has(name));
  return [...sending, ...silent]
    .filter(({ namespacePrefix }) => namespace.startsWith(namespacePrefix))
    .map(({ name }) => ({ name, isConfigured: names.has(name) }));
}
