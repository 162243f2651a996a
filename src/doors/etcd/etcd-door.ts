/**
 * The etcd door: the part of etcd's API by which an API server of Kubernetes keeps one resource, its Secrets, for
 * `--etcd-servers-overrides=/secrets#https://...`. It sees the API server, not who asks that.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Secrets } from "../../core/secrets/secrets.ts";
import type { Gate } from "../../gate/gate.ts";
import type { Store } from "../../store/store.ts";
import type { ClusterClient } from "./cluster-clients.ts";
import { ClusterRecords } from "./cluster-records.ts";
import type { RecordStore } from "./cluster-records.ts";
import { ClusterSecrets } from "./cluster-secrets.ts";
import type { Cluster } from "./cluster-secrets.ts";
import { DoorCalls } from "./door-calls.ts";
import { grpcErrorOf, isInternal } from "./etcd-error.ts";
import type { EtcdMetrics } from "./etcd-metrics.ts";
import type { GrpcCall, Method, StreamMethod, UnaryMethod } from "../../grpc/serve-grpc.ts";
import { isGrpcRequest, serveGrpc } from "../../grpc/serve-grpc.ts";
import { answerPlainPath } from "./plain-paths.ts";
import { adoptionMethods } from "./rpc/adoption.ts";
import { etcdVersion, memberListMethod, statusMethod } from "./rpc/cluster.ts";
import { memberIdentity } from "./rpc/header.ts";
import { kvMethods } from "./rpc/kv.ts";
import { leaseMethods } from "./rpc/lease.ts";
import { watchMethods } from "./rpc/watch.ts";

export interface EtcdDoorOptions {
  readonly gate: Gate;
  /** At least one, each of another name. */
  readonly clusters: readonly Cluster[];
  readonly secrets: Secrets;
  readonly store: RecordStore & Pick<Store, "grantTtlLease" | "renewTtlLease" | "revokeTtlLease">;
  readonly instanceId: string;
  readonly ensureNamespace: (namespace: string, cluster: string) => Promise<void>;
  /** Who is asking, and of which cluster. Raises `unauthenticated`. */
  readonly authenticate: (request: IncomingMessage) => Promise<ClusterClient>;
  readonly metrics: EtcdMetrics;
  /** Whether requests can be answered. */
  readonly isHealthy: () => Promise<boolean>;
  readonly url: () => string;
  readonly draining: () => AbortSignal;
  readonly now: () => Date;
  readonly uuid: () => string;
  readonly progressIntervalMs?: number;
  /** For failures that are ours; never called with what a client alone can cause. */
  readonly onInternalError: (error: unknown, path: string) => void;
}

/** etcd's 1.5 MiB of a request and 512 KiB beside. */
const messageBytesMax = 2 * 1024 * 1024;

/** etcd's own default is ten minutes, which API servers are told to shorten to this. */
const progressIntervalMsDefault = 5000;

export function etcdDoor(options: EtcdDoorOptions) {
  const clients = new Clients(options.authenticate);
  const methods = new MethodsByCluster(options, clients);
  const serving = {
    method: (path: string) => methods.at(path),
    served: "this door keeps the Secrets of an API server, and nothing else",
    messageBytesMax,
    statusOf: (error: unknown, path: string) => {
      const status = grpcErrorOf(error);
      if (isInternal(status)) options.onInternalError(error, path);
      return status;
    },
    now: options.now,
  };
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (isGrpcRequest(request)) {
      const path = request.url ?? "";
      const statusOf = (error: unknown) => serving.statusOf(error, methods.at(path) === undefined ? "" : path);
      return serveGrpc({ ...serving, statusOf }, request, response);
    }
    await answerPlainPath({ isHealthy: options.isHealthy, version: etcdVersion }, request, response);
  };
}

/** Who is asking is found once for each request, before and within the gate. */
class Clients {
  readonly #authenticate: EtcdDoorOptions["authenticate"];
  readonly #known = new WeakMap<IncomingMessage, Promise<ClusterClient>>();

  constructor(authenticate: EtcdDoorOptions["authenticate"]) {
    this.#authenticate = authenticate;
  }

  of({ request }: GrpcCall): Promise<ClusterClient> {
    let known = this.#known.get(request);
    if (known === undefined) this.#known.set(request, (known = this.#authenticate(request)));
    return known;
  }
}

/** The same methods for each cluster, over the secrets of that one: by who is asking, and by nothing that is asked. */
class MethodsByCluster {
  readonly #clients: Clients;
  readonly #byCluster: ReadonlyMap<string, ReadonlyMap<string, Method>>;
  /** Refuse whoever is of none, on record. */
  readonly #first: ReadonlyMap<string, Method>;
  readonly #paths: ReadonlyMap<string, Method>;

  constructor(options: EtcdDoorOptions, clients: Clients) {
    this.#clients = clients;
    this.#byCluster = new Map(options.clusters.map((cluster) => [cluster.name, methodsOf(options, cluster, clients)]));
    this.#first = this.#byCluster.values().next().value ?? new Map<string, Method>();
    this.#paths = new Map(Array.from(this.#first, ([path, method]) => [path, this.#dispatched(path, method)]));
  }

  /** Undefined for what is not served. */
  at(path: string): Method | undefined {
    return this.#paths.get(path);
  }

  #dispatched(path: string, method: Method): Method {
    if (method.type === "unary") {
      const { type, onlyReads } = method;
      const run: UnaryMethod["run"] = async (call, message) =>
        asUnary(await this.#methodFor(call, path)).run(call, message);
      return { type, onlyReads, run };
    }
    return {
      type: method.type,
      run: async (call, messages, send) => asStream(await this.#methodFor(call, path)).run(call, messages, send),
    };
  }

  async #methodFor(call: GrpcCall, path: string): Promise<Method | undefined> {
    const cluster = await this.#clients.of(call).then(
      (client) => client.cluster,
      () => undefined, // told, and put on record, by the gate
    );
    return (this.#byCluster.get(cluster ?? "") ?? this.#first).get(path);
  }
}

function asUnary(method: Method | undefined): UnaryMethod {
  if (method?.type !== "unary") throw new TypeError("the method must be unary for every cluster");
  return method;
}

function asStream(method: Method | undefined): StreamMethod {
  if (method?.type !== "stream") throw new TypeError("the method must be a stream for every cluster");
  return method;
}

function methodsOf(options: EtcdDoorOptions, cluster: Cluster, clients: Clients): ReadonlyMap<string, Method> {
  const { gate, store, uuid, url, draining, now } = options;
  const authenticate = async (call: GrpcCall) => (await clients.of(call)).user;
  const calls = new DoorCalls({ gate, authenticate, uuid });
  const secrets = new ClusterSecrets({ ...options, cluster });
  const records = new ClusterRecords(store, cluster.name);
  const identity = memberIdentity(options.instanceId, cluster.name);
  const currentRevision = () => store.currentRevision();
  const keys = { calls, secrets, records, identity };
  const running = { count: 0 };
  options.metrics.watches(cluster.name, () => running.count);
  const progressIntervalMs = options.progressIntervalMs ?? progressIntervalMsDefault;
  const services = {
    KV: kvMethods(keys),
    Watch: watchMethods({ ...keys, progressIntervalMs, draining, running }),
    Lease: leaseMethods({ calls, identity, leases: store, currentRevision, now }),
    Cluster: [["MemberList", memberListMethod({ calls, identity, currentRevision, url })]],
    Maintenance: [["Status", statusMethod({ calls, identity, currentRevision, url })]],
  } as const;
  const ofEtcd = Object.entries(services).flatMap(([service, served]) =>
    served.map(([name, method]): [string, Method] => [`/etcdserverpb.${service}/${name}`, method]),
  );
  const all = [...ofEtcd, ...adoptionMethods({ ...keys, cluster: cluster.name })];
  const counted = ([path, method]: readonly [string, Method]): [string, Method] => {
    const labels = { cluster: cluster.name, method: path.slice(path.lastIndexOf("/") + 1) };
    return [path, options.metrics.counted(method, labels, grpcErrorOf)];
  };
  return new Map(all.map(counted));
}
