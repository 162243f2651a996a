/** The address of a server, as its clients and its certificate know it. */

/** What the wiring knows of the address: where it was told to listen, and where it does. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** Names of the certificate beside localhost and the loopback addresses. */
  readonly extraSans: readonly string[];
}

/** Where clients connect: no certificate covers a wildcard address, so a name that it does cover stands for it. */
export function clientUrl({ host: bound, port, extraSans }: ServerAddress): string {
  const isWildcard = bound === "0.0.0.0" || bound === "::";
  const host = isWildcard ? (extraSans[0] ?? "localhost") : bound;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** Names that the certificate must have beside the local ones. */
export function certificateNames(host: string, extraSans: readonly string[]): readonly string[] {
  return [...extraSans, ...(localNames.has(host) ? [] : [host])];
}

const localNames: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1", "0.0.0.0", "::"]);
