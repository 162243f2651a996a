/**
 * The references of the pods in our own store, kept by following its changes.
 *
 * Pods are read once, then watched; when the watch falls too far behind, all are read
 * again. Until they are complete, nothing is known, which is not the same as "none".
 */
import { setTimeout } from "node:timers/promises";
import { StrongroomError, isStrongroomError } from "../../errors/strongroom-error.ts";
import { toRevision } from "../../store/revision.ts";
import type { Revision } from "../../store/revision.ts";
import type { Store, StoredRecord, Watcher } from "../../store/store.ts";
import { objectPrefix } from "../registry-keys.ts";
import type { PodReferenceFacts, ReferredObject, ReferringPod } from "./pod-reference-facts.ts";
import { field, podReferences } from "./pod-references.ts";

const prefix = objectPrefix("pods", "");
const pageRecords = 500;
/** When reading or watching failed, it is begun anew after this time. */
const retryMs = 1000;
/** The annotation of a pod that stands for one a node made by itself. */
const mirrorAnnotation = "kubernetes.io/config.mirror";

export class StoredPodReferences implements PodReferenceFacts, AsyncDisposable {
  readonly #store: Store;
  readonly #waiting = new Set<{ readonly revision: Revision; readonly resolve: () => void }>();
  #index = new PodIndex();
  /** Everything up to here is in the index; undefined until it is complete. */
  #revision: Revision | undefined;
  #watcher: Watcher | undefined;
  #failure: unknown;
  #generation = 0;
  readonly #closing = new AbortController();
  readonly #following: Promise<void>;

  /** Begins to read at once; see {@link upToDate} for when it is done. */
  constructor(store: Store) {
    this.#store = store;
    this.#following = this.#follow();
  }

  referringPods(object: ReferredObject): readonly ReferringPod[] {
    this.#requireComplete();
    return this.#index.referring(object);
  }

  podsOnNode(node: string): readonly ReferringPod[] {
    this.#requireComplete();
    return this.#index.onNode(node);
  }

  generation(): number {
    return this.#generation;
  }

  async upToDate(): Promise<void> {
    const revision = await this.#store.currentRevision();
    if (!this.#reached(revision) && !this.#closing.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#waiting.add({ revision, resolve });
        this.#watcher?.requestProgress();
      });
    }
    this.#requireComplete();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#watcher?.close();
    this.#wake();
    await this.#following;
  }

  #requireComplete(): void {
    if (this.#revision !== undefined && !this.#closing.signal.aborted) return;
    throw new StrongroomError("unavailable", "the references of pods must have been read", { cause: this.#failure });
  }

  #reached(revision: Revision): boolean {
    return this.#revision !== undefined && this.#revision >= revision;
  }

  /** Whatever fails is begun anew: with history gone what is stored now is read again, as at the start. */
  async #follow(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#read();
        await this.#watch();
      } catch (error) {
        if (isStrongroomError(error, "compacted")) continue;
        this.#lose(error);
        await setTimeout(retryMs, undefined, { signal }).catch(() => undefined); // aborted: the loop ends
      }
    }
  }

  /** Reads all pods at one revision into a new index. */
  async #read(): Promise<void> {
    const index = new PodIndex();
    let after: string | undefined;
    let revision: Revision | undefined;
    do {
      const page = await this.#store.range(prefix, { after, limit: pageRecords, revision });
      for (const record of page.records) index.put(record.key, podOf(record));
      revision = page.revision;
      after = page.more ? page.records.at(-1)?.key : undefined;
    } while (after !== undefined);
    this.#index = index;
    this.#generation++;
    this.#advance(revision);
  }

  async #watch(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    const watcher = this.#store.watch(prefix, { from: toRevision((this.#revision ?? 0) + 1) });
    this.#watcher = watcher;
    if (this.#waiting.size > 0) watcher.requestProgress();
    try {
      for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
        for (const { type, record } of batch.events) {
          const changed = type === "put" ? this.#index.put(record.key, podOf(record)) : this.#index.delete(record.key);
          if (changed) this.#generation++;
        }
        this.#advance(batch.revision);
      }
    } finally {
      watcher.close();
    }
  }

  #advance(revision: Revision): void {
    this.#revision = revision;
    for (const waiting of this.#waiting) {
      if (revision < waiting.revision) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
    if (this.#waiting.size > 0) this.#watcher?.requestProgress();
  }

  /** What is known grows old from here on, so it is no longer said. */
  #lose(error: unknown): void {
    this.#failure = error;
    this.#generation++;
    this.#revision = undefined;
    this.#wake();
  }

  #wake(): void {
    for (const { resolve } of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Pods by what they refer to and by the node they are on. */
class PodIndex {
  readonly #pods = new Map<string, ReferringPod>();
  readonly #byObject = new Map<string, Set<string>>();
  readonly #byNode = new Map<string, Set<string>>();

  /** Returns whether anything is different. */
  put(key: string, pod: ReferringPod): boolean {
    const known = this.#pods.get(key);
    // Most changes of a pod are of its status.
    if (known !== undefined && JSON.stringify(known) === JSON.stringify(pod)) return false;
    this.delete(key);
    this.#pods.set(key, pod);
    for (const object of objectsOf(pod)) add(this.#byObject, object, key);
    if (pod.node !== "") add(this.#byNode, pod.node, key);
    return true;
  }

  /** Returns whether it was there. */
  delete(key: string): boolean {
    const pod = this.#pods.get(key);
    if (pod === undefined) return false;
    this.#pods.delete(key);
    for (const object of objectsOf(pod)) remove(this.#byObject, object, key);
    if (pod.node !== "") remove(this.#byNode, pod.node, key);
    return true;
  }

  referring(object: ReferredObject): ReferringPod[] {
    return this.#podsOf(this.#byObject.get(objectId(object)));
  }

  onNode(node: string): ReferringPod[] {
    return this.#podsOf(this.#byNode.get(node));
  }

  #podsOf(keys: ReadonlySet<string> = new Set()): ReferringPod[] {
    return [...keys].flatMap((key) => this.#pods.get(key) ?? []);
  }
}

function objectId({ kind, namespace, name }: ReferredObject): string {
  return `${kind}/${namespace}/${name}`;
}

function objectsOf({ namespace, references }: ReferringPod): Set<string> {
  return new Set(references.map(({ kind, name }) => objectId({ kind, namespace, name })));
}

function add(index: Map<string, Set<string>>, name: string, key: string): void {
  const keys = index.get(name);
  if (keys === undefined) index.set(name, new Set([key]));
  else keys.add(key);
}

function remove(index: Map<string, Set<string>>, name: string, key: string): void {
  const keys = index.get(name);
  if (keys?.delete(key) && keys.size === 0) index.delete(name);
}

function podOf(record: StoredRecord): ReferringPod {
  const stored: unknown = JSON.parse(Buffer.from(record.value).toString("utf8"));
  const [namespace = "", name = ""] = record.key.slice(prefix.length).split("/");
  const [uid, node] = [field(field(stored, "metadata"), "uid"), field(field(stored, "spec"), "nodeName")];
  return {
    namespace,
    name,
    uid: typeof uid === "string" ? uid : "",
    node: typeof node === "string" ? node : "",
    mirror: field(field(field(stored, "metadata"), "annotations"), mirrorAnnotation) !== undefined,
    references: podReferences(stored),
  };
}
