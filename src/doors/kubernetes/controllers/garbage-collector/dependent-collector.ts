/**
 * What happens to one object that has owners: it goes when all of them are gone,
 * and loses the references that no longer hold it otherwise.
 *
 * Source: k/k pkg/controller/garbagecollector/garbagecollector.go
 * (attemptToDeleteItem), operations.go (deleteObject).
 */
import { foregroundFinalizer, linksOf, orphanFinalizer } from "../../../../core/owners/object-links.ts";
import type { OwnerReference } from "../../../../core/owners/object-links.ts";
import type { OwnerFacts } from "../../../../core/owners/owner-facts.ts";
import type { OwnerIndex } from "../../../../core/owners/owner-index.ts";
import type { ObjectIdentity } from "../../../../core/owners/owner-index-writes.ts";
import { ApiError, notFound } from "../../api-error.ts";
import type { JsonObject } from "../../codec/json.ts";
import type { Kind } from "../../kinds/kind.ts";
import { ownMetadata } from "../../kinds/system-fields.ts";
import type { KindStorage, StoredObject } from "../../storage/kind-storage.ts";
import { isTerminating } from "../../storage/object-fields.ts";
import { objectsField, stringField, stringsField } from "../../validation/object-fields.ts";
import type { DeleteOptions } from "../../validation/options.ts";
import { LoopShare } from "../../loop-share.ts";
import type { SystemClient } from "../system-client.ts";
import { classifyReferences } from "./classify-references.ts";
import type { ClassifiedReferences } from "./classify-references.ts";
import { waitsForDependents } from "./stored-owner-facts.ts";

type Propagation = NonNullable<DeleteOptions["propagationPolicy"]>;

export interface DependentCollectorOptions {
  readonly index: OwnerIndex;
  readonly owners: OwnerFacts;
  readonly kinds: readonly Kind[];
  readonly storage: (kind: Kind) => KindStorage;
  readonly client: SystemClient;
}

/** A stored object of a kind, as it was read. */
export interface LiveObject {
  readonly kind: Kind;
  readonly object: StoredObject;
  readonly uid: string;
}

const pageDependents = 100;

export class DependentCollector {
  readonly #options: DependentCollectorOptions;
  readonly #share = new LoopShare();

  constructor(options: DependentCollectorOptions) {
    this.#options = options;
  }

  /** The object of this identity, or undefined when it is gone, was replaced by another, or is of no kind of ours. */
  async find(identity: ObjectIdentity): Promise<LiveObject | undefined> {
    const { group, resource, namespace, name, uid } = identity;
    const kind = this.#options.kinds.find((one) => one.group === group && one.resource === resource);
    const object = kind === undefined ? undefined : await this.#options.storage(kind).get(namespace, name);
    if (kind === undefined || object === undefined) return undefined;
    return stringField(object.metadata(), "uid") === uid ? { kind, object, uid } : undefined;
  }

  /** Whether a new reference calls for {@link collect}: most lead to an owner that is there. */
  async isLoose(references: readonly OwnerReference[], namespace: string): Promise<boolean> {
    const classified = await classifyReferences(this.#options.owners, references, namespace);
    return classified !== undefined && classified.solid.length < references.length;
  }

  /** Looks at one dependent. Raises what its deletion or change raises, to be tried again. */
  async collect(identity: ObjectIdentity): Promise<void> {
    const live = await this.find(identity);
    // Deletion is a one-way trip: what waits for finalizers goes without us, and its dependents after it.
    if (live === undefined || isTerminating(live.object.header())) return;
    const { owners } = linksOf(live.object.metadata());
    if (owners.length === 0) return;
    const classified = await classifyReferences(this.#options.owners, owners, live.object.namespace);
    if (classified !== undefined) await this.#decide(live, owners, classified);
  }

  async #decide(live: LiveObject, owners: readonly OwnerReference[], found: ClassifiedReferences): Promise<void> {
    const loose = [...found.dangling, ...found.waiting];
    if (found.solid.length > 0) {
      // An owner that waits would wait for ever for what another one holds.
      if (loose.length > 0) await this.dropReferences(live, new Set(loose.map(({ uid }) => uid)));
      return;
    }
    if (found.waiting.length > 0 && (await this.#options.index.hasDependents(live.uid))) {
      const object = (await this.#isInCycle(live.uid)) ? await this.unblock(live) : live.object;
      await this.#delete({ ...live, object }, "Foreground", linksOf(object.metadata()).owners);
      return;
    }
    await this.#delete(live, ownPropagation(live.object), owners);
  }

  /** Takes the references to these owners off an object. Nothing happens when it is gone. */
  async dropReferences(live: LiveObject, ownerUids: ReadonlySet<string>): Promise<void> {
    await this.#change(live, (metadata) => {
      const kept = objectsField(metadata, "ownerReferences").filter(
        (reference) => !ownerUids.has(stringField(reference, "uid")),
      );
      setList(metadata, "ownerReferences", kept);
    }).catch(ignoreNotFound);
  }

  /** Takes a finalizer off an object, which thereby may go. Nothing happens when it is gone already. */
  async dropFinalizer(live: LiveObject, finalizer: string): Promise<void> {
    await this.#change(live, (metadata) => {
      const kept = stringsField(metadata, "finalizers").filter((name) => name !== finalizer);
      setList(metadata, "finalizers", kept);
    }).catch(ignoreNotFound);
  }

  /**
   * Whether a dependent of the object waits for its own dependents: then the object may be one of those, and each
   * would wait for the other. As upstream's, this finds more than cycles.
   */
  async #isInCycle(uid: string): Promise<boolean> {
    let after: string | undefined;
    do {
      const page = await this.#options.index.dependentsOf(uid, after, pageDependents);
      for (const dependent of page.dependents) {
        await this.#share.step();
        if (await this.isWaiting(dependent)) return true;
      }
      after = page.next;
    } while (after !== undefined);
    return false;
  }

  /** Whether an object is being deleted and waits for its dependents. */
  async isWaiting(identity: ObjectIdentity): Promise<boolean> {
    // Whatever waits is pending; looking for that is cheaper than reading the object.
    if ((await this.#options.index.pendingOwner(identity.uid)) === undefined) return false;
    const live = await this.find(identity);
    return live !== undefined && waitsForDependents(live.object.metadata());
  }

  /** Makes all references of an object non-blocking, so that no owner waits for it. Raises ApiError. */
  unblock(live: LiveObject): Promise<StoredObject> {
    return this.#change(live, (metadata) => {
      const references = objectsField(metadata, "ownerReferences");
      for (const reference of references) {
        if (reference["blockOwnerDeletion"] === true) reference["blockOwnerDeletion"] = false;
      }
    });
  }

  async #delete(live: LiveObject, policy: Propagation, owners: readonly OwnerReference[]): Promise<void> {
    const { kind, object, uid } = live;
    try {
      const resourceVersion = String(object.revision);
      await this.#options.client.delete(kind, object, deletion(policy, { uid, resourceVersion }));
    } catch (error) {
      if (!isApiError(error, "Conflict")) return ignoreNotFound(error);
      await this.#deleteChanged(live, policy, owners, error);
    }
  }

  /** The object was changed since it was read: that counts only if its owners are others now. */
  async #deleteChanged(
    live: LiveObject,
    policy: Propagation,
    owners: readonly OwnerReference[],
    conflict: unknown,
  ): Promise<void> {
    const { kind, object, uid } = live;
    const newest = await this.#options.storage(kind).get(object.namespace, object.name);
    if (newest === undefined || stringField(newest.metadata(), "uid") !== uid) return;
    if (JSON.stringify(linksOf(newest.metadata()).owners) !== JSON.stringify(owners)) throw conflict;
    const options = deletion(policy, { uid, resourceVersion: undefined });
    await this.#options.client.delete(kind, object, options).catch(ignoreNotFound);
  }

  #change({ kind, object, uid }: LiveObject, edit: (metadata: JsonObject) => void): Promise<StoredObject> {
    return this.#options.client.change(kind, object, (previous) => {
      const tree = previous.tree();
      const metadata = ownMetadata(tree);
      if (stringField(metadata, "uid") !== uid) {
        throw notFound({ group: kind.group, resource: kind.resource, name: object.name });
      }
      edit(metadata);
      // Whatever else changed since is no reason to fail: the edit is made on the newest state.
      delete metadata["resourceVersion"];
      return tree;
    });
  }
}

/** A finalizer that the object has already is a wish of its own. */
function ownPropagation(object: StoredObject): Propagation {
  const finalizers = stringsField(object.metadata(), "finalizers");
  if (finalizers.includes(orphanFinalizer)) return "Orphan";
  return finalizers.includes(foregroundFinalizer) ? "Foreground" : "Background";
}

function deletion(
  propagationPolicy: Propagation,
  preconditions: { readonly uid: string; readonly resourceVersion: string | undefined },
): DeleteOptions {
  return {
    dryRun: false,
    gracePeriodSeconds: undefined,
    propagationPolicy,
    orphanDependents: undefined,
    preconditions,
    ignoreStoreReadError: false,
  };
}

function setList(metadata: JsonObject, name: string, list: JsonObject[] | string[]): void {
  if (list.length > 0) metadata[name] = list;
  else delete metadata[name];
}

function isApiError(error: unknown, reason: string): boolean {
  return error instanceof ApiError && error.reason === reason;
}

function ignoreNotFound(error: unknown): void {
  if (!isApiError(error, "NotFound")) throw error;
}
