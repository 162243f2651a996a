/** The storage of all kinds on the memory engine, with clients as controllers have them: for tests of controllers. */
import { randomBytes, randomUUID } from "node:crypto";
import { MemorySink } from "../../src/audit/memory-sink.ts";
import { controllerAuthorizer } from "../../src/access/controller-authorizer.ts";
import { storedNamespaceFacts } from "../../src/core/namespaces/stored-namespace-facts.ts";
import { OwnerIndex } from "../../src/core/owners/owner-index.ts";
import { Secrets } from "../../src/core/secrets/secrets.ts";
import { defaultVersionLimits } from "../../src/core/secrets/version-retention.ts";
import { namespaceLifecycle } from "../../src/doors/kubernetes/admission/namespace-lifecycle.ts";
import { jsonObject } from "../../src/doors/kubernetes/codec/json.ts";
import type { JsonObject } from "../../src/doors/kubernetes/codec/json.ts";
import { parseJson } from "../../src/doors/kubernetes/codec/json-parser.ts";
import { ensureSystemNamespaces } from "../../src/doors/kubernetes/controllers/system-namespaces.ts";
import { SystemClient, controllerUser } from "../../src/doors/kubernetes/controllers/system-client.ts";
import { configMapKind } from "../../src/doors/kubernetes/kinds/config-map.ts";
import type { Kind } from "../../src/doors/kubernetes/kinds/kind.ts";
import { kinds } from "../../src/doors/kubernetes/kinds/kinds.ts";
import { namespaceKind } from "../../src/doors/kubernetes/kinds/namespace.ts";
import { secretKind } from "../../src/doors/kubernetes/kinds/secret.ts";
import type { KindStorage } from "../../src/doors/kubernetes/storage/kind-storage.ts";
import { plainStorage } from "../../src/doors/kubernetes/storage/plain-storage.ts";
import { secretStorage } from "../../src/doors/kubernetes/storage/secret-storage.ts";
import type { DeleteOptions } from "../../src/doors/kubernetes/validation/options.ts";
import { admissionChain } from "../../src/gate/admission.ts";
import { Gate } from "../../src/gate/gate.ts";
import { createMemoryEngine } from "../../src/store/memory/memory-engine.ts";
import type { Store } from "../../src/store/store.ts";

export interface ControllerBench {
  readonly store: Store;
  readonly index: OwnerIndex;
  readonly kinds: readonly Kind[];
  readonly audit: MemorySink;
  readonly storage: (kind: Kind) => KindStorage;
  readonly client: (name: string) => SystemClient;
}

const now = () => new Date("2026-01-02T03:04:05Z");

/** A bench with the system namespaces in it. */
export async function controllerBench(store: Store = createMemoryEngine()): Promise<ControllerBench> {
  const namespaces = storedNamespaceFacts(store);
  const secrets = new Secrets({ store, namespaces, limits: defaultVersionLimits, now, randomBytes });
  const storages = new Map(
    kinds.map((kind) => [kind, kind === secretKind ? secretStorage(secrets) : plainStorage(store, kind, namespaces)]),
  );
  const storage = (kind: Kind) => storages.get(kind) ?? plainStorage(store, kind, namespaces);
  await ensureSystemNamespaces(storage(namespaceKind), { uuid: randomUUID, now });
  const audit = new MemorySink();
  const client = (name: string) => {
    const user = controllerUser(name);
    const authorizer = controllerAuthorizer([user.name]);
    const admission = admissionChain([namespaceLifecycle(namespaces)]);
    const gate = new Gate({ audit, authorizer, admission, now, uuid: randomUUID });
    return new SystemClient({ gate, storage, now, uuid: randomUUID, randomBytes }, user);
  };
  return { store, index: new OwnerIndex(store), kinds, audit, storage, client };
}

/** A tree as a client would send it. */
export function tree(object: object): JsonObject {
  const { value } = parseJson(Buffer.from(JSON.stringify(object)));
  return jsonObject(Object.entries(value as JsonObject)); // an object was handed in
}

/** Options of a deletion with this propagation policy. */
export function deleteOptions(propagationPolicy: DeleteOptions["propagationPolicy"]): DeleteOptions {
  return {
    dryRun: false,
    gracePeriodSeconds: undefined,
    propagationPolicy,
    orphanDependents: undefined,
    preconditions: { uid: undefined, resourceVersion: undefined },
    ignoreStoreReadError: false,
  };
}

/** The kinds that the tests of owners use. */
export const ownerKinds = [secretKind, configMapKind] as const;
