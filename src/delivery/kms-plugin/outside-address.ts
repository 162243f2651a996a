/** Whether a server is outside of the cluster that a plugin protects: the cluster cannot come up before the plugin has its keys. */
import { BlockList, isIP } from "node:net";
import { StrongroomError } from "../../errors/strongroom-error.ts";

/** What is known of the cluster. */
export interface ProtectedCluster {
  /** Networks of its Pods and Services: `10.96.0.0/12`. */
  readonly networks: readonly string[];
  /** The address of its API server as processes within it are told; "" for a process outside. */
  readonly apiHost: string;
}

/** The addresses of a name. Rejects when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/**
 * Raises `invalid` for a name that only the cluster's DNS knows, for an address of its networks and for its own API server, and `unavailable`
 * for a name that has no address now. `host` is as in a URL.
 */
export async function requireOutsideCluster(host: string, cluster: ProtectedCluster, resolve: Resolve): Promise<void> {
  const name = host
    .replace(/^\[|\]$/g, "")
    .replace(/\.$/, "")
    .toLowerCase();
  if (isIP(name) === 0 && isOfClusterDns(name)) throw inside(host, "its name is one that the cluster's DNS gives");
  const networks = networksOf(cluster.networks);
  const addresses = isIP(name) === 0 ? await addressesOf(name, resolve) : [name];
  for (const address of addresses) {
    if (address === cluster.apiHost || name === cluster.apiHost.toLowerCase()) {
      throw inside(host, "it is the cluster's API server");
    }
    if (networks.check(address, familyOf(address))) throw inside(host, `${address} is of the cluster's networks`);
  }
}

/** Raises `invalid` unless each is a network such as 10.96.0.0/12. */
export function networksOf(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [, address = "", bits = ""] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
    const family = isIP(address);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) {
      throw new StrongroomError("invalid", "a network of the cluster must be an address and its length: 10.96.0.0/12");
    }
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
}

/** A name of one label is completed by whoever resolves it, in a Pod by the cluster. */
function isOfClusterDns(name: string): boolean {
  const labels = name.split(".");
  if (name === "localhost") return false;
  return labels.length === 1 || labels.includes("svc") || name.endsWith(".cluster.local") || name === "cluster.local";
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 6 ? "ipv6" : "ipv4";
}

async function addressesOf(name: string, resolve: Resolve): Promise<readonly string[]> {
  try {
    return await resolve(name);
  } catch (cause) {
    throw new StrongroomError("unavailable", `the server ${name} must have an address`, { cause });
  }
}

function inside(host: string, why: string): StrongroomError {
  const must = `the server ${host} must be outside of the cluster that the keys protect`;
  return new StrongroomError("invalid", `${must}: ${why}, and without this plugin the cluster could not give them`);
}
