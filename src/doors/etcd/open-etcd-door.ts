/** The etcd door at its own address, where the configuration asks for one. */
import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Registry } from "prom-client";
import type { Authorizer } from "../../access/authorizer.ts";
import { controllerAuthorizer } from "../../access/controller-authorizer.ts";
import type { AuditSink } from "../../audit/audit-event.ts";
import type { NamespaceFacts } from "../../core/namespaces/namespace-facts.ts";
import type { Secrets } from "../../core/secrets/secrets.ts";
import type { Admission } from "../../gate/admission.ts";
import { Gate } from "../../gate/gate.ts";
import type { AuthenticatedRequest } from "../../identity/request-credentials.ts";
import type { Logger } from "../../log/logger.ts";
import type { Store } from "../../store/store.ts";
import { startListener } from "../http/listener.ts";
import type { Listener } from "../http/listener.ts";
import type { HttpLimits } from "../http/limits.ts";
import type { TlsMaterial } from "../http/tls-options.ts";
import { ApiError } from "../kubernetes/api-error.ts";
import { jsonObject } from "../kubernetes/codec/json.ts";
import { SystemClient, serverUser } from "../kubernetes/controllers/system-client.ts";
import type { Kind } from "../kubernetes/kinds/kind.ts";
import { namespaceKind } from "../kubernetes/kinds/namespace.ts";
import type { KindStorage } from "../kubernetes/storage/kind-storage.ts";
import { openClusterClients } from "./cluster-clients.ts";
import type { ClusterClients } from "./cluster-clients.ts";
import { etcdDoor } from "./etcd-door.ts";
import { EtcdMetrics } from "./etcd-metrics.ts";
import type { EtcdDoorConfig } from "./etcd-door-config.ts";

/** The parts of the server that the door stands on. */
export interface OpenEtcdDoorOptions {
  /** Undefined: no door. */
  readonly config: EtcdDoorConfig | undefined;
  readonly audit: AuditSink;
  readonly access: { readonly authorizer: Authorizer };
  readonly admission: Admission;
  readonly authentication: {
    /** Raises `unauthenticated`. */
    readonly authenticate: (request: IncomingMessage) => Promise<AuthenticatedRequest>;
    readonly storage: (kind: Kind) => KindStorage;
  };
  readonly storage: { readonly secrets: Secrets; readonly namespaces: NamespaceFacts };
  readonly data: { readonly store: Store };
  readonly log: Pick<Logger, "error">;
  readonly registry: Registry;
  readonly instanceId: string;
  /** Told where the door is. */
  readonly announce: (line: string) => void;
  readonly tls: TlsMaterial;
  readonly certificates: {
    keepFresh(listener: Pick<Listener, "setTls">, onError: (error: unknown) => void): Disposable;
  };
}

export interface OpenEtcdDoor extends AsyncDisposable {
  /** e.g. `https://127.0.0.1:2379`. */
  readonly url: string;
}

/** How long calls may take to end when the server stops. */
const drainMs = 2000;

/**
 * An API server has a few connections with all its calls on them, watches included, and gives up calls as it likes; a
 * message of 2 MiB may be on its way in each.
 */
const limits: Partial<HttpLimits> = {
  http2StreamsMax: 2000,
  http2SessionMemoryMbMax: 256,
  http2ResetBurst: 10_000,
  http2ResetsPerSecond: 1000,
};

/** The label on namespaces that were made for a cluster. */
export const clusterLabel = "strongroom.dev/cluster";

/** Binds and serves, if the configuration asks for it. Raises `unavailable`, `invalid`. */
export async function openEtcdDoor(options: OpenEtcdDoorOptions): Promise<OpenEtcdDoor | undefined> {
  const { config, audit, admission, log } = options;
  if (config === undefined) return undefined;
  const { host, port, clusters } = config;
  const { store } = options.data;
  const clients = await openClusterClients({
    clusters,
    authenticate: async (request) => (await options.authentication.authenticate(request)).user,
    nowMs: Date.now,
  });
  const onError = (error: unknown) => log.error("Request of the etcd door failed", error);
  let listener: Listener | undefined;
  const notStarted = new AbortController().signal;
  const url = () => addressUrl(host, listener?.port ?? port);
  const handler = etcdDoor({
    gate: new Gate({ audit, admission, now, uuid: randomUUID, authorizer: options.access.authorizer }),
    clusters,
    metrics: new EtcdMetrics(options.registry),
    secrets: options.storage.secrets,
    store,
    instanceId: options.instanceId,
    ensureNamespace: namespaceMaker(options),
    authenticate: (request) => clients.authenticate(request),
    isHealthy: async () => listener?.draining.aborted !== true && (await canRead(store)),
    url,
    draining: () => listener?.draining ?? notStarted,
    now,
    uuid: randomUUID,
    onInternalError: onError,
  });
  let own = options.tls;
  const trusted = () => ({ ...own, clientCaPem: `${own.clientCaPem}\n${clients.authoritiesPem}` });
  const started = await startListener({ host, port, limits, tls: trusted(), handler, onError });
  listener = started;
  const renew = (material: TlsMaterial) => {
    own = material;
    started.setTls(trusted());
  };
  const renewal = options.certificates.keepFresh({ setTls: renew }, onError);
  const following = followAuthorities(clients, () => started.setTls(trusted()), log);
  options.announce(`etcd door ${url()}`);
  return {
    url: url(),
    async [Symbol.asyncDispose]() {
      following[Symbol.dispose]();
      renewal[Symbol.dispose]();
      await started.drain(drainMs);
    },
  };
}

/** Files of authorities are read so often. */
const authoritiesIntervalMs = 2000;

/** Has the clusters' authorities count as they are in their files; while a file is none, as they were. */
function followAuthorities(clients: ClusterClients, onChange: () => void, log: OpenEtcdDoorOptions["log"]): Disposable {
  let problem = "";
  const look = async () => {
    try {
      if (await clients.readAgain()) onChange();
      problem = "";
    } catch (error) {
      // Each is told once, not every two seconds.
      const text = error instanceof Error ? error.message : "";
      if (text !== problem) log.error("Authorities of clusters could not be read: those of before count", error);
      problem = text;
    }
  };
  const timer = setInterval(() => void look(), authoritiesIntervalMs).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function now(): Date {
  return new Date();
}

function canRead(store: Store): Promise<boolean> {
  return store.currentRevision().then(
    () => true,
    () => false,
  );
}

/** Makes a namespace as the API server that the instance itself is: on record, and admitted like any other. */
function namespaceMaker({ audit, admission, authentication, storage }: OpenEtcdDoorOptions) {
  const authorizer = controllerAuthorizer([serverUser.name]);
  const gate = new Gate({ audit, admission, now, uuid: randomUUID, authorizer });
  const facts = { gate, storage: authentication.storage, now, uuid: randomUUID, randomBytes };
  const client = new SystemClient(facts, serverUser);
  return async (name: string, cluster: string): Promise<void> => {
    if ((await storage.namespaces.namespace(name)) !== undefined) return;
    const labels = jsonObject([[clusterLabel, cluster]]);
    const metadata = jsonObject([
      ["name", name],
      ["labels", labels],
    ]);
    try {
      await client.create(namespaceKind, "", jsonObject([["metadata", metadata]]));
    } catch (error) {
      // Another call was first.
      if (!(error instanceof ApiError) || error.reason !== "AlreadyExists") throw error;
    }
  };
}

function addressUrl(host: string, port: number): string {
  const name = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  return name.includes(":") ? `https://[${name}]:${port}` : `https://${name}:${port}`;
}
