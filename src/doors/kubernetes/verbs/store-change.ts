/** Changes of the store by a request: each is on record before it is made (gate/request-changes.ts). */
import type { Revision } from "../../../store/revision.ts";
import type { JsonObject } from "../codec/json.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { metadataOf, stringField } from "../validation/object-fields.ts";
import { writerOf } from "./verb-context.ts";
import type { VerbContext } from "./verb-context.ts";

type Changing = Pick<VerbContext, "gate" | "storage">;

/** See KindStorage.create. Raises `unavailable` when it cannot be put on record. */
export function storeNew(context: Changing, tree: JsonObject): Promise<StoredObject> {
  const metadata = metadataOf(tree);
  const [name, uid] = [stringField(metadata, "name"), stringField(metadata, "uid")];
  const object = { name, uid, resourceVersion: undefined };
  return context.gate.change(object, () => context.storage.create(tree, writerOf(context)));
}

/** See KindStorage.replace, which is another function where one is given. Raises `unavailable` when it cannot be put on record. */
export function storeNext(
  context: Changing,
  previous: StoredObject,
  tree: JsonObject,
  replace = (from: StoredObject, to: JsonObject) => context.storage.replace(from, to, writerOf(context)),
): Promise<StoredObject> {
  return context.gate.change(stateOf(previous), () => replace(previous, tree));
}

/** See KindStorage.delete. Raises `unavailable` when it cannot be put on record. */
export function storeDeletion(context: Changing, previous: StoredObject): Promise<Revision> {
  return context.gate.change(stateOf(previous), () => context.storage.delete(previous, writerOf(context)));
}

function stateOf(previous: StoredObject) {
  const uid = stringField(previous.metadata(), "uid");
  return { name: previous.name, uid, resourceVersion: String(previous.revision) };
}
