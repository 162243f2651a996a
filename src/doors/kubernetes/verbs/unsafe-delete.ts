/**
 * DELETE of an object whose record cannot be read: a right of its own, because neither finalizers nor preconditions can be looked at.
 *
 * Source: apiserver pkg/registry/generic/registry/corrupt_obj_deleter.go, pkg/endpoints/handlers/delete.go (KEP-3926).
 */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { conflict, forbidden, modifiedText } from "../api-error.ts";
import { invalidPrinted } from "../validation/field-error-constructors.ts";
import { deletedStatus } from "./deleted-status.ts";
import { requireValid, subjectOf } from "./verb-context.ts";
import type { StatusAnswer, VerbContext } from "./verb-context.ts";

/** The verb that is needed beside `delete`. */
const unsafeDelete = "unsafe-delete-ignore-read-errors";
const option = "ignoreStoreReadErrorWithClusterBreakingPotential";

/** Raises 403 without the right, 422 for what can be read or is not there, 409 when it changed meanwhile. */
export async function deleteUnreadable(context: VerbContext): Promise<StatusAnswer> {
  const { target, kind, storage, gate } = context;
  await requireUnsafeDelete(context);
  const record = await storage.findUnreadable?.(target.namespace, target.name);
  if (record === undefined || storage.removeUnreadable === undefined) {
    const detail = "is exclusively used to delete corrupt object(s), try again by removing this option";
    requireValid({ group: kind.group, kind: kind.resource }, target.name, [invalidPrinted(option, "true", detail)]);
    throw new TypeError("what is not valid must have been refused");
  }
  await gate.admit({
    operation: "delete",
    apiGroup: kind.group,
    resource: kind.resource,
    subresource: "",
    namespace: target.namespace,
    name: target.name,
    dryRun: false,
    next: undefined,
    previous: undefined,
  });
  const object = { name: target.name, uid: undefined, resourceVersion: String(record.revision) };
  const remove = storage.removeUnreadable.bind(storage);
  await gate
    .change(object, () => remove(record))
    .catch((error: unknown) => {
      throw isStrongroomError(error, "conflict") ? conflict(subjectOf(context, target.name), modifiedText) : error;
    });
  return { type: "status", code: 200, tree: deletedStatus(context, { name: target.name }) };
}

/** A collection has no such deletion. */
export function refuseForCollection(): void {
  const detail = "is not allowed with DELETECOLLECTION, try again after removing the option";
  requireValid({ group: "meta.k8s.io", kind: "DeleteOptions" }, "", [invalidPrinted(option, "true", detail)]);
}

async function requireUnsafeDelete(context: VerbContext): Promise<void> {
  const { gate, target } = context;
  const decision = await gate.decide({ user: gate.user, verb: unsafeDelete, resource: target, path: undefined });
  if (decision.type === "allow") {
    gate.annotate("audit.strongroom.dev/unsafe-delete", "allowed");
    return;
  }
  const why = `not permitted to do "${unsafeDelete}", reason: ${decision.reason}`;
  throw forbidden(subjectOf(context, target.name), why);
}
