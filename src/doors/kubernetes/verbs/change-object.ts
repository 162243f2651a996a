/**
 * The one way an existing object is changed, for PUT and PATCH:
 * read -> next -> preconditions -> defaults -> owners of fields -> admit(old, new) -> validate ->
 * write with the revision that was read, and all of it again when that was stale.
 *
 * Source: apiserver pkg/registry/rest/update.go, pkg/registry/generic/registry/store.go.
 */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { conflict, modifiedText, notFound } from "../api-error.ts";
import { keepTimesOfUnchanged } from "../apply/timestamp-only-change.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Strategy } from "../kinds/kind.ts";
import { inheritSystemFields, ownMetadata } from "../kinds/system-fields.ts";
import { validateUpdate } from "../kinds/validate-object.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { isTerminating } from "../storage/object-fields.ts";
import { treeObject } from "../storage/tree-object.ts";
import { metadataOf, numberField, objectField, stringField, stringsField } from "../validation/object-fields.ts";
import { changeInTurn } from "./change-queue.ts";
import { storeDeletion, storeNext } from "./store-change.ts";
import { requireValid, subjectOf } from "./verb-context.ts";
import type { VerbContext } from "./verb-context.ts";

/** How often a change that does not depend on a revision is made anew after losing a race. */
const retriesMax = 5;

export interface Change {
  /** The next state from the stored one, which only a patch has to parse; raises what forbids it. */
  readonly next: (previous: StoredObject) => JsonObject;
  readonly dryRun: boolean;
  /** The strategy of the subresource, where one is addressed. */
  readonly strategy: Strategy;
  /** Notes in the next state who owns its fields; undefined where `next` has done so. */
  readonly track: ((next: JsonObject, previous: JsonObject) => void) | undefined;
  /** Writes the next state in another way than storage.replace; raises as that. */
  readonly replace?: (previous: StoredObject, next: JsonObject) => Promise<StoredObject>;
}

/** Applies a change and resolves to the object's new state. Raises 404, 409, 422 and what admission raises. */
export function changeObject(context: VerbContext, change: Change): Promise<StoredObject> {
  const { storage, target } = context;
  return changeInTurn({ storage, namespace: target.namespace, name: target.name }, () => attempt(context, change));
}

async function attempt(context: VerbContext, change: Change): Promise<StoredObject> {
  for (let attempt = 1; ; attempt++) {
    const previous = await context.storage.get(context.target.namespace, context.target.name);
    if (previous === undefined) throw notFound(subjectOf(context, context.target.name));
    const next = change.next(previous);
    const conditional = requireFresh(context, next, previous);
    await prepare(context, change, next, previous);
    if (change.dryRun) return dryRunChange(context, next, previous);
    try {
      return await write(context, change, next, previous);
    } catch (error) {
      if (!isStrongroomError(error, "conflict")) throw error;
      if (conditional || attempt >= retriesMax) throw conflict(subjectOf(context, context.target.name), modifiedText);
    }
  }
}

/** A resourceVersion in the new state is a precondition, a uid always. Returns whether there was a version. */
function requireFresh(context: VerbContext, next: JsonObject, previous: StoredObject): boolean {
  const metadata = metadataOf(next);
  const uid = stringField(metadata, "uid");
  const storedUid = stringField(previous.metadata(), "uid");
  if (uid !== "" && uid !== storedUid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${storedUid}`;
    throw conflict(subjectOf(context, context.target.name), why);
  }
  const resourceVersion = stringField(metadata, "resourceVersion");
  if (resourceVersion === "") return false;
  if (resourceVersion !== String(previous.revision)) {
    throw conflict(subjectOf(context, context.target.name), modifiedText);
  }
  return true;
}

async function prepare(context: VerbContext, change: Change, next: JsonObject, previous: StoredObject): Promise<void> {
  const stored = previous.tree();
  inheritSystemFields(next, stored, { namespaced: context.kind.namespaced, strategy: change.strategy });
  change.strategy.prepareForUpdate(next, stored);
  change.track?.(next, stored);
  keepTimesOfUnchanged(next, stored);
  await context.gate.admit({
    operation: "update",
    apiGroup: context.kind.group,
    resource: context.kind.resource,
    subresource: context.target.subresource,
    namespace: previous.namespace,
    name: previous.name,
    dryRun: change.dryRun,
    next,
    previous: stored,
  });
  requireValid(context.kind, previous.name, validateUpdate(context.kind, next, stored, change.strategy));
  for (const text of change.strategy.warnings(next, stored)) context.warn(text);
}

function dryRunChange(context: VerbContext, next: JsonObject, previous: StoredObject): StoredObject {
  ownMetadata(next)["resourceVersion"] = String(previous.revision);
  return treeObject(canonicalObject(context.kind.schema, next));
}

/** Writes the new state - or, when the last finalizer of a terminating object went, removes the object. */
async function write(
  context: VerbContext,
  change: Change,
  next: JsonObject,
  previous: StoredObject,
): Promise<StoredObject> {
  if (!isReleased(next)) return storeNext(context, previous, next, change.replace);
  const revision = await storeDeletion(context, previous);
  ownMetadata(next)["resourceVersion"] = String(revision);
  return treeObject(canonicalObject(context.kind.schema, next));
}

/** Terminating and waiting for nothing more: no time, no finalizers in metadata, nor in a namespace's spec. */
export function isReleased(object: JsonObject): boolean {
  return (
    isTerminating(object) &&
    numberField(metadataOf(object), "deletionGracePeriodSeconds") === 0 &&
    stringsField(metadataOf(object), "finalizers").length === 0 &&
    stringsField(objectField(object, "spec"), "finalizers").length === 0
  );
}
