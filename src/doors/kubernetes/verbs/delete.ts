/** DELETE of one object. Source: apiserver pkg/endpoints/handlers/delete.go, pkg/registry/generic/registry/store.go. */
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { conflict, methodNotAllowed, modifiedText, notFound } from "../api-error.ts";
import type { JsonObject } from "../codec/json.ts";
import { apiTime, ownMetadata } from "../kinds/system-fields.ts";
import { DeleteOptions as DeleteOptionsMessage } from "../schema/meta-v1.ts";
import { canonicalObject } from "../storage/canonical-order.ts";
import type { StoredObject } from "../storage/kind-storage.ts";
import { isTerminating } from "../storage/object-fields.ts";
import { treeObject } from "../storage/tree-object.ts";
import { objectField, stringField, stringsField } from "../validation/object-fields.ts";
import { readDeleteOptions, readDeleteOptionsBody } from "../validation/options.ts";
import type { DeleteOptions } from "../validation/options.ts";
import { deletedStatus } from "./deleted-status.ts";
import { grantGracePeriod, isEnding } from "./graceful-deletion.ts";
import { keepRequest } from "./keep-request.ts";
import { finalizersOfDeleted } from "./propagation.ts";
import { inputMediaType, readObject } from "./read-object.ts";
import { storeDeletion, storeNext } from "./store-change.ts";
import { deleteUnreadable } from "./unsafe-delete.ts";
import { requireValid, subjectOf } from "./verb-context.ts";
import type { VerbAnswer, VerbContext } from "./verb-context.ts";

const retriesMax = 5;

export async function deleteObject(context: VerbContext): Promise<VerbAnswer> {
  if (context.target.name === "") throw methodNotAllowed();
  const options = await deleteOptions(context);
  if (options.ignoreStoreReadError) return deleteUnreadable(context);
  const deleted = await deleteNamed(context, context.target.name, options);
  // The old way to say "cascade" is the one that tells a deletion that waits from one that is done.
  const code = options.orphanDependents === false ? 202 : 200;
  const { name } = deleted.object;
  const status = () => deletedStatus(context, { name, uid: stringField(deleted.object.metadata(), "uid") });
  if (!deleted.waiting) return { type: "status", code: 200, tree: status() };
  if (context.withheld) return { type: "status", code, tree: status() };
  return { type: "object", code, object: deleted.object, stored: !options.dryRun };
}

/** Options from the body, or from the query when there is none. Raises 400, 415, 422. */
export async function deleteOptions(context: VerbContext): Promise<DeleteOptions> {
  const body = await context.body();
  const sent = body.length === 0 ? undefined : decodeOptions(context, body);
  if (sent !== undefined)
    keepRequest(context.gate, { kind: "DeleteOptions", group: "meta.k8s.io", version: "v1" }, sent);
  const checked = sent === undefined ? readDeleteOptions(context.query) : readDeleteOptionsBody(sent);
  requireValid({ group: "meta.k8s.io", kind: checked.kind }, "", checked.errors);
  return checked.options;
}

function decodeOptions(context: VerbContext, body: Buffer): JsonObject {
  const expected = { kind: "DeleteOptions", apiVersion: "v1", schema: DeleteOptionsMessage };
  const media = inputMediaType(context.contentType);
  // Clients send the options under v1, meta.k8s.io/v1 or the resource's own group; upstream takes any of them.
  const group = context.kind.group === "" ? [] : [`${context.kind.group}/${context.kind.version}`];
  for (const apiVersion of ["meta.k8s.io/v1", ...group]) {
    if (!body.includes(apiVersion)) continue;
    return readObject(body, media, { ...expected, apiVersion }, "Ignore").tree;
  }
  return readObject(body, media, expected, "Ignore").tree;
}

export interface Deleted {
  /** Whether the object still exists, waiting for finalizers. */
  readonly waiting: boolean;
  /** Its last state: terminating when waiting, else as it was. */
  readonly object: StoredObject;
}

/** Deletes one object, or marks it terminating when something waits. Raises 404, 409 and what admission raises. */
export async function deleteNamed(context: VerbContext, name: string, options: DeleteOptions): Promise<Deleted> {
  for (let attempt = 1; ; attempt++) {
    const previous = await context.storage.get(context.target.namespace, name);
    if (previous === undefined) throw notFound(subjectOf(context, name));
    requirePreconditions(context, previous, options);
    await admitDelete(context, previous, options.dryRun);
    try {
      return await tryDelete(context, previous, options);
    } catch (error) {
      if (!isStrongroomError(error, "conflict")) throw error;
      const conditional = options.preconditions.resourceVersion !== undefined;
      if (conditional || attempt >= retriesMax) throw conflict(subjectOf(context, name), modifiedText);
    }
  }
}

function requirePreconditions(context: VerbContext, previous: StoredObject, options: DeleteOptions): void {
  const { uid, resourceVersion } = options.preconditions;
  const stored = stringField(previous.metadata(), "uid");
  if (uid !== undefined && uid !== stored) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${stored}`;
    throw conflict(subjectOf(context, previous.name), why);
  }
  if (resourceVersion !== undefined && resourceVersion !== String(previous.revision)) {
    const why =
      `Precondition failed: ResourceVersion in precondition: ${resourceVersion}, ` +
      `ResourceVersion in object meta: ${previous.revision}`;
    throw conflict(subjectOf(context, previous.name), why);
  }
}

async function admitDelete(context: VerbContext, previous: StoredObject, dryRun: boolean): Promise<void> {
  await context.gate.admit({
    operation: "delete",
    apiGroup: context.kind.group,
    resource: context.kind.resource,
    subresource: "",
    namespace: previous.namespace,
    name: previous.name,
    dryRun,
    next: undefined,
    previous: previous.header(),
  });
}

async function tryDelete(context: VerbContext, previous: StoredObject, options: DeleteOptions): Promise<Deleted> {
  const tree = previous.tree();
  const alreadyTerminating = isTerminating(tree);
  const unmoved = isBeingEmptied(context, tree) || isEnding(context.kind, tree, options.gracePeriodSeconds);
  if (alreadyTerminating && unmoved) return { waiting: true, object: previous };
  setPropagation(tree, options);
  const hasTime = grantGracePeriod(context.kind, tree, options.gracePeriodSeconds, context.now());
  if (!hasTime && !waitsForFinalizers(tree)) {
    if (!options.dryRun) await storeDeletion(context, previous);
    return { waiting: false, object: previous };
  }
  if (!alreadyTerminating && !hasTime) markTerminating(context, tree);
  if (options.dryRun) return { waiting: true, object: treeObject(canonicalObject(context.kind.schema, tree)) };
  return { waiting: true, object: await storeNext(context, previous, tree) };
}

/** The finalizers for the garbage collector, as the options want them. */
function setPropagation(tree: JsonObject, options: DeleteOptions): void {
  const metadata = ownMetadata(tree);
  const finalizers = stringsField(metadata, "finalizers");
  const next = finalizersOfDeleted(finalizers, options);
  if (next === finalizers) return;
  if (next.length > 0) metadata["finalizers"] = [...next];
  else delete metadata["finalizers"];
}

/** Upstream's registry of namespaces leaves one that is being emptied as it is. */
function isBeingEmptied(context: VerbContext, tree: JsonObject): boolean {
  return context.kind.kind === "Namespace" && stringsField(objectField(tree, "spec"), "finalizers").length > 0;
}

function waitsForFinalizers(tree: JsonObject): boolean {
  const spec = objectField(tree, "spec");
  return stringsField(ownMetadata(tree), "finalizers").length > 0 || stringsField(spec, "finalizers").length > 0;
}

function markTerminating(context: VerbContext, tree: JsonObject): void {
  const metadata = ownMetadata(tree);
  metadata["deletionTimestamp"] = apiTime(context.now());
  if (context.kind.namespaced) metadata["deletionGracePeriodSeconds"] = 0;
  context.kind.beginTermination?.(tree);
}
