/**
 * DELETE of a collection: answers with what it deleted, values included - or, to whoever may not read all of them, with
 * a Status.
 * Source: apiserver pkg/endpoints/handlers/delete.go, pkg/registry/generic/registry/store.go.
 */
import { ApiError } from "../api-error.ts";
import { readListOptions } from "../validation/options.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { deletedStatus } from "./deleted-status.ts";
import { deleteNamed, deleteOptions } from "./delete.ts";
import { listSelected } from "./list.ts";
import type { ListAnswer } from "./list.ts";
import { refuseForCollection } from "./unsafe-delete.ts";
import { requireValid } from "./verb-context.ts";
import type { StatusAnswer, VerbContext } from "./verb-context.ts";
import { mustWithhold } from "./withheld-values.ts";

export async function deleteCollection(context: VerbContext): Promise<ListAnswer | StatusAnswer> {
  const checked = readListOptions(context.query);
  requireValid({ group: "meta.k8s.io", kind: checked.kind }, "", checked.errors);
  const options = await deleteOptions(context);
  if (options.ignoreStoreReadError) refuseForCollection();
  const list = await listSelected(context, checked.options);
  const deleted: StoredObject[] = [];
  let withheld = false;
  for await (const chunk of list.chunks()) {
    for (const object of chunk) {
      // Asked before: a right that cannot be told must not leave a deletion that looks as if it had failed.
      withheld ||= context.withholds && (await mustWithhold(context, object));
      if ((await deleteListed(context, object, options)) && !withheld) deleted.push(object);
    }
  }
  if (withheld) return { type: "status", code: 200, tree: deletedStatus(context) };
  return { ...list, chunks: () => oneChunk(deleted) };
}

/** Objects that are gone meanwhile are not deleted by this request, which is no failure. */
async function deleteListed(
  context: VerbContext,
  object: StoredObject,
  options: Parameters<typeof deleteNamed>[2],
): Promise<boolean> {
  const target = { ...context.target, namespace: object.namespace };
  try {
    await deleteNamed({ ...context, target }, object.name, options);
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.reason === "NotFound") return false;
    throw error;
  }
}

async function* oneChunk(objects: readonly StoredObject[]): AsyncGenerator<readonly StoredObject[]> {
  if (objects.length > 0) yield objects;
}
