/** The secret of a Strongroom server that keeps the ring of a KMS plugin for all nodes, by the published API. */
import { lookup } from "node:dns/promises";
import type { FollowedRingOptions } from "../delivery/kms-plugin/followed-ring.ts";
import type { KeyFolder } from "../delivery/kms-plugin/manage-keys.ts";
import { networksOf, requireOutsideCluster } from "../delivery/kms-plugin/outside-address.ts";
import type { ProtectedCluster } from "../delivery/kms-plugin/outside-address.ts";
import { requireNotFromCluster } from "../delivery/kms-plugin/plugin-folder.ts";
import { StrongroomError } from "../errors/strongroom-error.ts";
import { ApiConnection } from "../sight/sources/cluster/api-connection.ts";
import { ApiFailure } from "../sight/sources/cluster/api-failure.ts";
import { readKubeconfig } from "../sight/sources/cluster/kubeconfig.ts";
import type { ClusterAccess } from "../sight/sources/cluster/kubeconfig.ts";
import { usageError } from "./command-failure.ts";
import type { Invocation } from "./command.ts";
import { repeatableFlag, valueFlag } from "./flags.ts";
import type { Flag } from "./flags.ts";
import { pathOf, readKeyFolder } from "./kms-plugin-flags.ts";

type RingServer = FollowedRingOptions["server"];

export const keyFlag = valueFlag(
  "key",
  "NAMESPACE/NAME",
  "A secret of a Strongroom server, outside of the cluster, that keeps the keys for all nodes, sealed as they are.",
);
const kubeconfigFlag = valueFlag("kubeconfig", "FILE", "That server, and who one is there. Needed with --key.");
const contextFlag = valueFlag("context", "NAME", "A context of that kubeconfig, if not the current one.");
const networkFlag = repeatableFlag(
  "cluster-network",
  "CIDR",
  "A network of Pods or Services of the cluster, in which that server must not be. Repeatable.",
);

export const ringServerFlags: readonly Flag[] = [keyFlag, kubeconfigFlag, contextFlag, networkFlag];
export const ringServerUsage = "[--key NAMESPACE/NAME --kubeconfig FILE [--context NAME] [--cluster-network CIDR]...]";

/** The type of the secret. */
const secretType = "strongroom.dev/kms-plugin-keys";
const dataKey = "keys.json";
/** A server that does not answer holds up nothing but this. */
const limits = { requestMsMax: 10_000, silentMsMax: 10_000, attemptsMax: 2 };

/** Where the ring is kept, as the flags have it; undefined where they name no secret. Raises a usage error. */
export async function readRingServer(invocation: Invocation): Promise<RingServer | undefined> {
  const { flags, environment } = invocation;
  const kubeconfig = pathOf(invocation, kubeconfigFlag);
  const key = flags.one(keyFlag);
  if (key === undefined) {
    const misplaced = ringServerFlags.find((flag) => flags.has(flag));
    if (misplaced === undefined) return undefined;
    throw usageError(`--${misplaced.name} must come with --key`);
  }
  if (kubeconfig === undefined) throw usageError("--key must come with --kubeconfig, which says where that server is");
  const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(key) ?? [];
  if (namespace === undefined || name === undefined) throw usageError("--key must be NAMESPACE/NAME");
  await requireNotFromCluster(kubeconfig);
  const contexts = [flags.one(contextFlag)].filter((context) => context !== undefined);
  const access = async () => {
    const [found] = await readKubeconfig([kubeconfig], contexts);
    if (found === undefined) throw new TypeError("a kubeconfig gives the cluster of one context at least");
    return found;
  };
  const networks = flags.many(networkFlag) ?? [];
  networksOf(networks);
  const env = environment.variables ?? {};
  const cluster = { networks, apiHost: env["KUBERNETES_SERVICE_HOST"] ?? "" };
  // One that cannot be read is told when it is needed: the plugin starts without.
  const known = await access().catch(() => undefined);
  if (known !== undefined) await requireOutsideCluster(known.server.hostname, cluster, async () => []);
  return new RingSecret(access, { namespace, name }, cluster, env);
}

/**
 * A change of the keys of this node, and of those that the server keeps if there is one: its ring is taken first, so that nobody's keys are
 * lost, and gets the change.
 */
export async function withPublishedRing<Result>(
  invocation: Invocation,
  change: (at: KeyFolder) => Promise<Result>,
): Promise<Result> {
  const server = await readRingServer(invocation);
  const at = await readKeyFolder(invocation);
  if (server === undefined) return await change(at);
  const { publishRing, takeRing } = await import("../delivery/kms-plugin/followed-ring.ts");
  await takeRing({ ...at, server });
  const result = await change(at);
  await publishRing({ ...at, server });
  return result;
}

interface SecretAnswer {
  readonly metadata: { readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

class RingSecret implements RingServer {
  /** Read each time: credentials are renewed in the file. */
  readonly #access: () => Promise<ClusterAccess>;
  readonly #place: { readonly namespace: string; readonly name: string };
  readonly #cluster: ProtectedCluster;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #isOurs = false;
  /** Of what was read last; undefined where there was none. */
  #resourceVersion: string | undefined;

  constructor(
    access: () => Promise<ClusterAccess>,
    place: { readonly namespace: string; readonly name: string },
    cluster: ProtectedCluster,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.#access = access;
    this.#place = place;
    this.#cluster = cluster;
    this.#env = env;
  }

  async read(): Promise<string | undefined> {
    this.#resourceVersion = undefined;
    try {
      const { metadata, data = {} } = (await this.#ask(this.#path)) as SecretAnswer; // by the schema of the API
      this.#resourceVersion = metadata.resourceVersion;
      const encoded = Object.hasOwn(data, dataKey) ? data[dataKey] : undefined;
      if (encoded === undefined) throw new StrongroomError("invalid", `the secret ${this.#key} must have ${dataKey}`);
      return Buffer.from(encoded, "base64").toString("utf8");
    } catch (error) {
      if (error instanceof StrongroomError && error.code === "not-found") return undefined;
      throw error;
    }
  }

  async write(text: string): Promise<void> {
    const { namespace, name } = this.#place;
    const resourceVersion = this.#resourceVersion;
    const body = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name, namespace, ...(resourceVersion !== undefined && { resourceVersion }) },
      type: secretType,
      data: { [dataKey]: Buffer.from(text).toString("base64") },
    };
    if (resourceVersion === undefined) await this.#ask(this.#collection, { body, once: true });
    else await this.#ask(this.#path, { body, once: true, method: "PUT" });
  }

  get #key(): string {
    return `${this.#place.namespace}/${this.#place.name}`;
  }

  get #collection(): string {
    return `/api/v1/namespaces/${encodeURIComponent(this.#place.namespace)}/secrets`;
  }

  get #path(): string {
    return `${this.#collection}/${encodeURIComponent(this.#place.name)}`;
  }

  async #ask(path: string, more: { body?: unknown; once?: boolean; method?: "PUT" } = {}): Promise<unknown> {
    // Each time: a name may get another address.
    const access = await this.#access();
    await requireOutsideCluster(access.server.hostname, this.#cluster, addressesOf);
    using connection = new ApiConnection(access, { env: this.#env, userAgent: "strongroom-kms-plugin", limits });
    const { signal } = new AbortController();
    try {
      if (!this.#isOurs) await connection.ask("/apis/strongroom.dev/v1", { signal });
      this.#isOurs = true;
    } catch (error) {
      if (!(error instanceof ApiFailure) || error.kind !== "not-found") throw this.#translated(error);
      throw new StrongroomError("invalid", `${access.server.host} must be a Strongroom server, and no cluster's`);
    }
    try {
      return await connection.ask(path, { signal, ...more });
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #translated(error: unknown): unknown {
    if (!(error instanceof ApiFailure)) return error;
    const { kind, message } = error;
    const code = kind === "not-found" ? "not-found" : isAway(kind) ? "unavailable" : "invalid";
    return new StrongroomError(code, `the server must give the secret ${this.#key}: ${message}`, { cause: error });
  }
}

function isAway(kind: ApiFailure["kind"]): boolean {
  return kind === "unreachable" || kind === "overloaded" || kind === "nonsense";
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
