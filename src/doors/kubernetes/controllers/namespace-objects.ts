/**
 * What every namespace holds: the service account `default`, and the config map
 * `kube-root-ca.crt` by which programs in it know this server. And the namespaces
 * that every cluster has.
 *
 * Source: k/k pkg/controller/serviceaccount/serviceaccounts_controller.go and
 * pkg/controller/certificates/rootcacertpublisher/publisher.go,
 * pkg/controlplane/controller/systemnamespaces.
 */
import { toRevision } from "../../../store/revision.ts";
import { ApiError } from "../api-error.ts";
import { isJsonObject, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import { configMapKind } from "../kinds/config-map.ts";
import type { Kind } from "../kinds/kind.ts";
import { namespaceKind } from "../kinds/namespace.ts";
import { serviceAccountKind } from "../kinds/service-account.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import type { KindStorage, ObjectEvent, ObjectWatcher, StoredObject } from "../storage/kind-storage.ts";
import { isTerminating } from "../storage/object-fields.ts";
import { objectField, stringField } from "../validation/object-fields.ts";
import { LoopShare } from "../loop-share.ts";
import type { SystemClient } from "./system-client.ts";
import { systemNamespaces } from "./system-namespaces.ts";
import { WorkQueue } from "./work-queue.ts";
import type { Timers } from "./work-queue.ts";

/** The names of the service accounts that this controller writes as. */
export const serviceAccountControllerName = "service-account-controller";
export const rootCaPublisherName = "root-ca-cert-publisher";

const defaultAccount = "default";
const rootCaConfigMap = "kube-root-ca.crt";
const descriptionAnnotation = "kubernetes.io/description";
/** The text that clients find in every cluster. */
const description =
  "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the " +
  "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";

export interface NamespaceObjectsOptions {
  readonly storage: (kind: Kind) => KindStorage;
  readonly accounts: SystemClient;
  readonly publisher: SystemClient;
  /** Makes the system's namespaces again. */
  readonly server: SystemClient;
  /** The certificate of the authority that the server's own certificate is verified by. */
  readonly caPem: string;
  readonly timers: Timers;
  readonly onError: (error: unknown, namespace: string) => void;
}

const queuedMax = 10_000;
const pageRecords = 500;
/** What failed as a whole (history gone, store away) begins anew after this. */
const restartDelayMs = 2000;

/** Runs until `signal` aborts; resolves then. */
export async function completeNamespaces(options: NamespaceObjectsOptions, signal: AbortSignal): Promise<void> {
  const queue = new WorkQueue<string>({ timers: options.timers, itemsMax: queuedMax, merge: (waiting) => waiting });
  signal.addEventListener("abort", () => queue.close());
  const worker = completeQueued(options, queue, signal);
  while (!signal.aborted) {
    try {
      await followAll(options, queue, signal);
    } catch (error) {
      options.onError(error, "");
      await restartDelay(options.timers, signal);
    }
  }
  await worker;
}

function restartDelay(timers: Timers, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = timers.after(restartDelayMs, resolve);
    signal.addEventListener("abort", () => {
      timer.cancel();
      resolve();
    });
  });
}

async function completeQueued(
  options: NamespaceObjectsOptions,
  queue: WorkQueue<string>,
  signal: AbortSignal,
): Promise<void> {
  const share = new LoopShare(8);
  for (let item = await queue.take(); item !== undefined; item = await queue.take()) {
    try {
      await share.step();
      await complete(options, item.key);
      queue.done(item.key);
    } catch (error) {
      if (!signal.aborted) options.onError(error, item.key);
      queue.retry(item.key, item.work);
    }
  }
}

/** Queues all namespaces, then those in which something changed that matters here. */
async function followAll(
  options: NamespaceObjectsOptions,
  queue: WorkQueue<string>,
  signal: AbortSignal,
): Promise<void> {
  const namespaces = options.storage(namespaceKind);
  const from = toRevision((await namespaces.currentRevision()) + 1);
  const open = (kind: Kind) => options.storage(kind).watch("", from);
  await using namespaceWatch = open(namespaceKind);
  await using accountWatch = open(serviceAccountKind);
  await using configMapWatch = open(configMapKind);
  const close = () => [namespaceWatch, accountWatch, configMapWatch].forEach((watcher) => watcher.close());
  signal.addEventListener("abort", close);
  if (signal.aborted) return;
  const follow = async (watcher: ObjectWatcher, namespaceOf: (event: ObjectEvent) => Promise<string | undefined>) => {
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const event of batch.events) await enqueue(queue, await namespaceOf(event));
    }
  };
  try {
    await queueNamespaces(namespaces, queue);
    await Promise.all([
      follow(namespaceWatch, async (event) => (event.object ?? (await event.previous()))?.name),
      follow(accountWatch, async (event) => namespaceOfDeleted(event, defaultAccount)),
      follow(configMapWatch, async (event) => namespaceOfChanged(event, rootCaConfigMap)),
    ]);
  } finally {
    close();
    signal.removeEventListener("abort", close);
  }
}

async function enqueue(queue: WorkQueue<string>, namespace: string | undefined): Promise<void> {
  if (namespace === undefined) return;
  await queue.room();
  queue.add(namespace, namespace);
}

async function namespaceOfDeleted(event: ObjectEvent, name: string): Promise<string | undefined> {
  const previous = event.object === undefined ? await event.previous() : undefined;
  return previous?.name === name ? previous.namespace : undefined;
}

async function namespaceOfChanged(event: ObjectEvent, name: string): Promise<string | undefined> {
  if (event.object?.name === name) return event.object.namespace;
  return namespaceOfDeleted(event, name);
}

async function queueNamespaces(namespaces: KindStorage, queue: WorkQueue<string>): Promise<void> {
  let after: string | undefined;
  do {
    const page = await namespaces.list({ namespace: "", after, limit: pageRecords });
    for (const object of page.objects) await enqueue(queue, object.name);
    after = page.continueAfter;
  } while (after !== undefined);
}

/** Makes one namespace hold what it has to, if it is there to stay. */
async function complete(options: NamespaceObjectsOptions, namespace: string): Promise<void> {
  const found = await options.storage(namespaceKind).get("", namespace);
  if (found === undefined) return restore(options, namespace);
  if (isTerminating(found.header())) return;
  await ensureAccount(options, namespace).catch(ignoreGoneNamespace);
  await ensureRootCa(options, namespace).catch(ignoreGoneNamespace);
}

/** A namespace of the system that was deleted is there again at once; its creation brings us back to complete it. */
async function restore(options: NamespaceObjectsOptions, namespace: string): Promise<void> {
  if (!systemNamespaces.some((name) => name === namespace)) return;
  await options.server.create(namespaceKind, "", named(namespace)).catch(ignoreGoneNamespace);
}

/** Another replica was first, or the namespace went meanwhile: neither leaves anything to do. */
function ignoreGoneNamespace(error: unknown): void {
  if (!(error instanceof ApiError)) throw error;
  const terminating = error.details?.causes?.some((cause) => cause.reason === "NamespaceTerminating") === true;
  if (error.reason !== "NotFound" && error.reason !== "AlreadyExists" && !terminating) throw error;
}

async function ensureAccount(options: NamespaceObjectsOptions, namespace: string): Promise<void> {
  if ((await options.storage(serviceAccountKind).get(namespace, defaultAccount)) !== undefined) return;
  await options.accounts.create(serviceAccountKind, namespace, named(defaultAccount));
}

async function ensureRootCa(options: NamespaceObjectsOptions, namespace: string): Promise<void> {
  const found = await options.storage(configMapKind).get(namespace, rootCaConfigMap);
  if (found === undefined) {
    const tree = publish(named(rootCaConfigMap), options.caPem);
    await options.publisher.create(configMapKind, namespace, tree);
  } else if (!isPublished(found, options.caPem)) {
    await options.publisher.change(configMapKind, found, (previous) => {
      const tree = publish(previous.tree(), options.caPem);
      delete ownMetadata(tree)["resourceVersion"];
      return tree;
    });
  }
}

function isPublished(configMap: StoredObject, caPem: string): boolean {
  const tree = configMap.tree();
  const data = objectField(tree, "data");
  const annotations = objectField(configMap.metadata(), "annotations");
  const isCurrent = Object.keys(data).length === 1 && data["ca.crt"] === caPem;
  return isCurrent && stringField(annotations, descriptionAnnotation) !== "";
}

function publish(tree: JsonObject, caPem: string): JsonObject {
  tree["data"] = jsonObject([["ca.crt", caPem]]);
  const metadata = ownMetadata(tree);
  const annotations = isJsonObject(metadata["annotations"]) ? metadata["annotations"] : jsonObject();
  annotations[descriptionAnnotation] = description;
  metadata["annotations"] = annotations;
  return tree;
}

function named(name: string): JsonObject {
  return jsonObject([["metadata", jsonObject([["name", name]])]]);
}
