/**
 * DELETE of a collection: answers with what it deleted, values included.
 * Source: apiserver pkg/endpoints/handlers/delete.go, pkg/registry/generic/registry/store.go.
 */
import { ApiError } from "../api-error.ts";
import { readListOptions } from "../validation/options.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { deleteNamed, deleteOptions } from "./delete.ts";
import { listSelected } from "./list.ts";
import type { ListAnswer } from "./list.ts";
import { requireValid } from "./verb-context.ts";
import type { VerbContext } from "./verb-context.ts";

export async function deleteCollection(context: VerbContext): Promise<ListAnswer> {
  const checked = readListOptions(context.query);
  requireValid({ group: "meta.k8s.io", kind: checked.kind }, "", checked.errors);
  const options = await deleteOptions(context);
  const list = await listSelected(context, checked.options);
  const deleted: StoredObject[] = [];
  for await (const chunk of list.chunks()) {
    for (const object of chunk) {
      if (await deleteListed(context, object, options)) deleted.push(object);
    }
  }
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
