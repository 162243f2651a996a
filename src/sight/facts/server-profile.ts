/** Which server the facts are about: some ways hold on some servers, and between some versions, only. */
export type ServerKind = "kubernetes" | "strongroom";

export interface ServerProfile {
  readonly kind: ServerKind;
  /** Of Kubernetes, whose API it serves: `1.34`, with or without more; undefined when it is not known. */
  readonly version: string | undefined;
}

/**
 * The groups that a server lets pass without asking any rule, by its kind. Source: k/k pkg/kubeapiserver/options/authorization.go;
 * docs/adr/0012.
 */
export const superGroups: Readonly<Record<ServerKind, readonly string[]>> = {
  kubernetes: ["system:masters"],
  strongroom: ["system:masters", "strongroom:admins"],
};

/** Whether something that holds from `since` and before `until` holds on a version: for certain, not, or nobody knows. */
export function holdsOnVersion(
  version: string | undefined,
  { since, until }: { readonly since: string | undefined; readonly until: string | undefined },
): "yes" | "no" | "unknown" {
  if (since === undefined && until === undefined) return "yes";
  const minor = minorOf(version);
  if (minor === undefined) return "unknown";
  const [from, before] = [minorOf(since) ?? 0, minorOf(until) ?? Infinity];
  return minor >= from && minor < before ? "yes" : "no";
}

/** `v1.34.2` to 34. */
function minorOf(version: string | undefined): number | undefined {
  const found = /^v?1\.(\d+)/.exec(version ?? "")?.[1];
  return found === undefined ? undefined : Number(found);
}
