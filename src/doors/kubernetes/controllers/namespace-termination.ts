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
import { isStrongroomError } from "../../../errors/strongroom-error.ts";
import { toRevision } from "../../../store/revision.ts";
import { jsonObject } from "../codec/json.ts";
import type { JsonObject, JsonValue } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { namespaceFinalizer, namespaceKind } from "../kinds/namespace.ts";
import { apiTime, ownMetadata } from "../kinds/system-fields.ts";
import type { KindStorage, StoredObject } from "../storage/kind-storage.ts";
import { isTerminating } from "../storage/object-fields.ts";
import { metadataOf, objectField, stringsField } from "../validation/object-fields.ts";
import { isReleased } from "../verbs/change-object.ts";

/** As whom this controller writes. */
const writer = { author: "system:serviceaccount:kube-system:namespace-controller", door: "kubernetes" };
const pageRecords = 500;
/** Namespaces that something still holds, or whose step failed, are looked at again at this interval. */
const retryIntervalMs = 2000;

export interface NamespaceTerminationOptions {
  /** The namespaced kinds. */
  readonly kinds: readonly Kind[];
  readonly storage: (kind: Kind) => KindStorage;
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
    await emptyAll(options, waiting);
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const { object } of batch.events) {
        if (object !== undefined && isTerminating(object.header())) waiting.add(object.name);
      }
      await emptyAll(options, waiting);
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

async function emptyAll(options: NamespaceTerminationOptions, waiting: Set<string>): Promise<void> {
  for (const name of waiting) {
    try {
      if (await emptyNamespace(options, name)) waiting.delete(name);
    } catch (error) {
      if (!isStrongroomError(error, "conflict")) options.onError(error, name);
    }
  }
}

/** One step towards an empty namespace; true when nothing is left to do for it. */
async function emptyNamespace(options: NamespaceTerminationOptions, name: string): Promise<boolean> {
  const namespaces = options.storage(namespaceKind);
  const namespace = await namespaces.get("", name);
  if (namespace === undefined || !isTerminating(namespace.header())) return true;
  if (!stringsField(objectField(namespace.header(), "spec"), "finalizers").includes(namespaceFinalizer)) return true;
  const remaining = await deleteContent(options, name);
  if (remaining.length > 0) {
    await reportRemaining(options, namespace, remaining);
    return false;
  }
  await finalize(namespaces, namespace);
  return true;
}

/** Deletes what can be deleted; returns what waits for finalizers, by `resource.group` (so `secrets.`, as upstream). */
async function deleteContent(options: NamespaceTerminationOptions, namespace: string): Promise<string[]> {
  const remaining: string[] = [];
  for (const kind of options.kinds) {
    const storage = options.storage(kind);
    let waiting = 0;
    let after: string | undefined;
    do {
      const page = await storage.list({ namespace, after, limit: pageRecords });
      for (const object of page.objects) if (!(await deleteOne(options, storage, object))) waiting++;
      after = page.continueAfter;
    } while (after !== undefined);
    if (waiting > 0) remaining.push(`${kind.resource}.${kind.group} has ${waiting} resource instances`);
  }
  return remaining;
}

/** Whether the object is gone; one that has finalizers is only marked. */
async function deleteOne(
  options: NamespaceTerminationOptions,
  storage: KindStorage,
  object: StoredObject,
): Promise<boolean> {
  if (stringsField(metadataOf(object.header()), "finalizers").length === 0) {
    await storage.delete(object, writer);
    return true;
  }
  if (isTerminating(object.header())) return false;
  const tree = object.tree();
  const metadata = ownMetadata(tree);
  metadata["deletionTimestamp"] = apiTime(options.now());
  metadata["deletionGracePeriodSeconds"] = 0;
  await storage.replace(object, tree, writer);
  return false;
}

async function reportRemaining(
  options: NamespaceTerminationOptions,
  namespace: StoredObject,
  remaining: readonly string[],
): Promise<void> {
  const tree = namespace.tree();
  const message = `Some resources are remaining: ${remaining.join(", ")}`;
  const known = objectField(tree, "status")["conditions"];
  if (Array.isArray(known) && known.some((item) => stringMessage(item) === message)) return;
  const condition = jsonObject([
    ["type", "NamespaceContentRemaining"],
    ["status", "True"],
    ["lastTransitionTime", apiTime(options.now())],
    ["reason", "SomeResourcesRemain"],
    ["message", message],
  ]);
  tree["status"] = jsonObject([
    ["phase", "Terminating"],
    ["conditions", [condition]],
  ]);
  await options.storage(namespaceKind).replace(namespace, tree, writer);
}

function stringMessage(item: JsonValue): JsonValue | undefined {
  return typeof item === "object" && item !== null && !Array.isArray(item) ? item["message"] : undefined;
}

/** Takes our finalizer off; without others, the namespace goes. */
async function finalize(namespaces: KindStorage, namespace: StoredObject): Promise<void> {
  const tree = namespace.tree();
  const spec = objectField(tree, "spec");
  const finalizers = stringsField(spec, "finalizers").filter((name) => name !== namespaceFinalizer);
  const rest: JsonObject = jsonObject(Object.entries(spec).filter(([key]) => key !== "finalizers"));
  if (finalizers.length > 0) rest["finalizers"] = finalizers;
  tree["spec"] = rest;
  if (isReleased(tree)) await namespaces.delete(namespace, writer);
  else await namespaces.replace(namespace, tree, writer);
}
