/**
 * The Kubernetes door on a store in memory, without TLS and certificates, with
 * what the server's wiring decides handed in: time, chance, the audit sink.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { groupAuthorizer } from "../../src/access/group-authorizer.ts";
import { MemorySink } from "../../src/audit/memory-sink.ts";
import { storedNamespaceFacts } from "../../src/core/namespaces/stored-namespace-facts.ts";
import { Secrets } from "../../src/core/secrets/secrets.ts";
import { defaultVersionLimits } from "../../src/core/secrets/version-retention.ts";
import { ConcurrencyLimiter } from "../../src/doors/http/concurrency-limiter.ts";
import { readBody } from "../../src/doors/http/body.ts";
import { namespaceLifecycle } from "../../src/doors/kubernetes/admission/namespace-lifecycle.ts";
import { ensureSystemNamespaces } from "../../src/doors/kubernetes/controllers/system-namespaces.ts";
import { kubernetesDoor } from "../../src/doors/kubernetes/door.ts";
import type { KubernetesDoorOptions } from "../../src/doors/kubernetes/door.ts";
import { tokenIssuer } from "../../src/identity/tokens/token-issuer.ts";
import { tokenUnion } from "../../src/identity/tokens/token-union.ts";
import type { TokenServices } from "../../src/doors/kubernetes/authentication/token-services.ts";
import { kinds } from "../../src/doors/kubernetes/kinds/kinds.ts";
import { namespaceKind } from "../../src/doors/kubernetes/kinds/namespace.ts";
import { KubernetesMetrics } from "../../src/doors/kubernetes/metrics.ts";
import { plainStorage } from "../../src/doors/kubernetes/storage/plain-storage.ts";
import { secretStorage } from "../../src/doors/kubernetes/storage/secret-storage.ts";
import { admissionChain } from "../../src/gate/admission.ts";
import { Gate } from "../../src/gate/gate.ts";
import type { Store } from "../../src/store/store.ts";
import { createMemoryEngine } from "../../src/store/memory/memory-engine.ts";

export interface OpenDoor extends AsyncDisposable {
  readonly audit: MemorySink;
  readonly store: Store;
  readonly registry: Registry;
  /** What the door called a failure of ours. */
  readonly errors: readonly unknown[];
  fetch(path: string, request?: RequestInit): Promise<Response>;
}

/** Nobody has a token. */
const tokens: TokenServices = {
  issuer: tokenIssuer({
    issuer: "",
    ownAudiences: [],
    lifeSecondsMax: 0,
    signing: () => {
      throw new TypeError("this door must not be asked for tokens");
    },
  }),
  authenticator: tokenUnion([]),
};

/** Opens it on a free loopback port; everybody is an administrator. */
export async function openDoor(options: Partial<KubernetesDoorOptions> = {}): Promise<OpenDoor> {
  const store = createMemoryEngine();
  const now = () => new Date();
  const audit = new MemorySink();
  const registry = new Registry();
  const namespaces = storedNamespaceFacts(store);
  const secrets = secretStorage(new Secrets({ store, namespaces, limits: defaultVersionLimits, now, randomBytes }));
  const plain = plainStorage(store, namespaceKind, namespaces);
  await ensureSystemNamespaces(plain, { uuid: randomUUID, now });
  const admission = admissionChain([namespaceLifecycle(namespaces)]);
  const errors: unknown[] = [];
  const handler = kubernetesDoor({
    gate: new Gate({ audit, authorizer: groupAuthorizer(["admins"]), admission, now, uuid: randomUUID }),
    kinds,
    reviews: [],
    rulesFor: () => ({ rules: [], unresolved: [] }),
    storage: (kind) => (kind === namespaceKind ? plain : secrets),
    authenticate: async () => ({ user: { name: "ann", uid: undefined, groups: ["admins"], extra: new Map() } }),
    tokens,
    openPaths: async () => undefined,
    paths: async () => undefined,
    limiter: new ConcurrencyLimiter(),
    metrics: new KubernetesMetrics(registry),
    now,
    randomBytes,
    uuid: randomUUID,
    readBody: (request) => readBody(request),
    draining: () => new AbortController().signal,
    onInternalError: (error) => errors.push(error),
    ...options,
  });
  // As the listener does: an answer that has begun can only be cut.
  const server = createServer((request, response) => void handler(request, response).catch(() => response.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    audit,
    store,
    registry,
    errors,
    fetch: (path, request) => fetch(`http://127.0.0.1:${port}${path}`, request),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await store.close();
    },
  };
}
