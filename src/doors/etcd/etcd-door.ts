/**
 * The etcd door: the part of etcd's API by which an API server of Kubernetes keeps one resource, its Secrets, for
 * `--etcd-servers-overrides=/secrets#https://...`. It sees the API server, not who asks that.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Secrets } from "../../core/secrets/secrets.ts";
import type { Gate } from "../../gate/gate.ts";
import type { User } from "../../identity/user.ts";
import type { Store } from "../../store/store.ts";
import { ClusterRecords } from "./cluster-records.ts";
import type { RecordStore } from "./cluster-records.ts";
import { ClusterSecrets } from "./cluster-secrets.ts";
import type { Cluster } from "./cluster-secrets.ts";
import { DoorCalls } from "./door-calls.ts";
import { grpcErrorOf, isInternal } from "./etcd-error.ts";
import type { GrpcCall, Method } from "../../grpc/serve-grpc.ts";
import { isGrpcRequest, serveGrpc } from "../../grpc/serve-grpc.ts";
import { answerPlainPath } from "./plain-paths.ts";
import { etcdVersion, memberListMethod, statusMethod } from "./rpc/cluster.ts";
import { memberIdentity } from "./rpc/header.ts";
import { kvMethods } from "./rpc/kv.ts";
import { leaseMethods } from "./rpc/lease.ts";
import { watchMethods } from "./rpc/watch.ts";

export interface EtcdDoorOptions {
  readonly gate: Gate;
  readonly cluster: Cluster;
  readonly secrets: Secrets;
  readonly store: RecordStore & Pick<Store, "grantTtlLease" | "renewTtlLease" | "revokeTtlLease">;
  readonly instanceId: string;
  readonly ensureNamespace: (namespace: string, cluster: string) => Promise<void>;
  readonly authenticate: (request: IncomingMessage) => Promise<User>;
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
  const methods = methodsOf(options);
  const serving = {
    method: (path: string) => methods.get(path),
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
      const statusOf = (error: unknown) => serving.statusOf(error, methods.has(path) ? path : "");
      return serveGrpc({ ...serving, statusOf }, request, response);
    }
    await answerPlainPath({ isHealthy: options.isHealthy, version: etcdVersion }, request, response);
  };
}

function methodsOf(options: EtcdDoorOptions): ReadonlyMap<string, Method> {
  const { gate, cluster, store, uuid, url, draining } = options;
  const authenticate = ({ request }: GrpcCall) => options.authenticate(request);
  const calls = new DoorCalls({ gate, authenticate, uuid });
  const secrets = new ClusterSecrets(options);
  const records = new ClusterRecords(store, cluster.name);
  const identity = memberIdentity(options.instanceId);
  const currentRevision = () => store.currentRevision();
  const keys = { calls, secrets, records, identity };
  const progressIntervalMs = options.progressIntervalMs ?? progressIntervalMsDefault;
  const services = {
    KV: kvMethods(keys),
    Watch: watchMethods({ ...keys, progressIntervalMs, draining }),
    Lease: leaseMethods({ calls, identity, leases: store, currentRevision }),
    Cluster: [["MemberList", memberListMethod({ calls, identity, currentRevision, url })]],
    Maintenance: [["Status", statusMethod({ calls, identity, currentRevision, url })]],
  } as const;
  return new Map(
    Object.entries(services).flatMap(([service, served]) =>
      served.map(([name, method]): [string, Method] => [`/etcdserverpb.${service}/${name}`, method]),
    ),
  );
}
