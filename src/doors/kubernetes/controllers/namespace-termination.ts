/**
 * Empties terminating namespaces and then lets them go.
 *
 * Nothing can be created in a terminating namespace (creates compare its
 * revision), so what is listed here only shrinks. Objects that wait for
 * finalizers are marked and keep the namespace until they are released.
 *
 * Source: k/k pkg/controller/namespace/deletion/namespaced_resources_deleter.go.
 */
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { toRevision } from "../../../store/revision.ts";
import { ApiError, notFound } from "../api-error.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { namespaceFinalizer, namespaceKind } from "../kinds/namespace.ts";
import { apiTime, ownMetadata } from "../kinds/system-fields.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { isTerminating } from "../storage/object-fields.ts";
import { listField, objectField, stringField, stringsField } from "../validation/object-fields.ts";
import { namespaceConditions } from "./namespace-conditions.ts";
import type { RemainingContent } from "./namespace-conditions.ts";
import { deleteContent } from "./namespace-content.ts";
import type { NamespaceContentOptions } from "./namespace-content.ts";

/** The name of the service account that this controller writes as. */
export const namespaceControllerName = "namespace-controller";

const pageRecords = 500;
/** Namespaces that something still holds, or whose step failed, are looked at again at this interval. */
const retryIntervalMs = 2000;

export interface NamespaceTerminationOptions extends NamespaceContentOptions {
  readonly now: () => Date;
  /** A step failed and will be tried again. */
  readonly onError: (error: unknown, namespace: string) => void;
}

/** Runs until `signal` aborts; resolves then. What fails as a whole (history gone, store away) begins anew. */
export async function terminateNamespaces(options: NamespaceTerminationOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await followNamespaces(options, signal);
    } catch (error) {
      options.onError(error, "");
      await setTimeout(retryIntervalMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
    }
  }
}

async function followNamespaces(options: NamespaceTerminationOptions, signal: AbortSignal): Promise<void> {
  const namespaces = options.storage(namespaceKind);
  const waiting = new Set<string>();
  const from = toRevision((await namespaces.currentRevision()) + 1);
  await using watcher = namespaces.watch("", from);
  const stop = () => watcher.close();
  signal.addEventListener("abort", stop);
  const retry = setInterval(() => watcher.requestProgress(), retryIntervalMs);
  try {
    await collectTerminating(namespaces, waiting);
    await emptyAll(options, waiting, signal);
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const { object } of batch.events) {
        if (object !== undefined && isTerminating(object.header())) waiting.add(object.name);
      }
      await emptyAll(options, waiting, signal);
    }
  } finally {
    clearInterval(retry);
    signal.removeEventListener("abort", stop);
  }
}

async function collectTerminating(namespaces: KindStorage, waiting: Set<string>): Promise<void> {
  let after: string | undefined;
  do {
    const page = await namespaces.list({ namespace: "", after, limit: pageRecords });
    for (const object of page.objects) if (isTerminating(object.header())) waiting.add(object.name);
    after = page.continueAfter;
  } while (after !== undefined);
}

async function emptyAll(
  options: NamespaceTerminationOptions,
  waiting: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  for (const name of waiting) {
    if (signal.aborted) return;
    try {
      if (await emptyNamespace(options, name, signal)) waiting.delete(name);
    } catch (error) {
      if (!signal.aborted && !isLostRace(error)) options.onError(error, name);
    }
  }
}

/** The namespace was changed or went while it was worked on: the next look sees it as it is then. */
function isLostRace(error: unknown): boolean {
  return error instanceof ApiError && (error.reason === "Conflict" || error.reason === "NotFound");
}

/** One step towards an empty namespace; true when nothing is left to do for it. Raises what the step raises. */
export async function emptyNamespace(
  options: NamespaceTerminationOptions,
  name: string,
  signal: AbortSignal,
): Promise<boolean> {
  const namespace = await options.storage(namespaceKind).get("", name);
  if (namespace === undefined || !isTerminating(namespace.header())) return true;
  if (!stringsField(objectField(namespace.header(), "spec"), "finalizers").includes(namespaceFinalizer)) return true;
  const remaining = await deleteContent(options, name, signal);
  await report(options, namespace, remaining);
  if (remaining.resources.size > 0) return false;
  await finalize(options, namespace);
  return true;
}

/** Says in the namespace's status what is left, if that is new. */
async function report(
  options: NamespaceTerminationOptions,
  namespace: StoredObject,
  remaining: RemainingContent,
): Promise<void> {
  const time = apiTime(options.now());
  const known = listField(objectField(namespace.tree(), "status"), "conditions");
  // Not left to the write that would change nothing: it would be on record every two seconds.
  if (isDeepStrictEqual(known, namespaceConditions(known, remaining, time))) return;
  await change(options, namespace, "status", (tree) => {
    const status = objectField(tree, "status");
    const conditions = namespaceConditions(listField(status, "conditions"), remaining, time);
    tree["status"] = jsonObject([...Object.entries(status), ["conditions", [...conditions]]]);
  });
}

/** Takes our finalizer off; without others, the namespace goes. */
async function finalize(options: NamespaceTerminationOptions, namespace: StoredObject): Promise<void> {
  await change(options, namespace, "finalize", (tree) => {
    const { finalizers: _, ...rest } = objectField(tree, "spec");
    const finalizers = stringsField(objectField(tree, "spec"), "finalizers");
    const others = finalizers.filter((name) => name !== namespaceFinalizer);
    tree["spec"] = jsonObject(Object.entries(others.length > 0 ? { ...rest, finalizers: others } : rest));
  });
}

/** Changes a subresource of the namespace that was read, whatever else was changed in it since. */
async function change(
  options: NamespaceTerminationOptions,
  namespace: StoredObject,
  subresource: "status" | "finalize",
  edit: (tree: JsonObject) => void,
): Promise<void> {
  const uid = stringField(namespace.metadata(), "uid");
  const place = { namespace: "", name: namespace.name, subresource };
  await options.client.changeSubresource(namespaceKind, place, (previous) => {
    const tree = previous.tree();
    const metadata = ownMetadata(tree);
    if (metadata["uid"] !== uid) throw notFound({ group: "", resource: "namespaces", name: namespace.name });
    delete metadata["resourceVersion"];
    edit(tree);
    return tree;
  });
}
