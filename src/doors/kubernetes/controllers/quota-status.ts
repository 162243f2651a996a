/**
 * Shows in every ResourceQuota what it allows and what of it is used.
 *
 * Only shows: what is refused is decided by counting (admission/resource-quota.ts). Watches the kinds that some quota
 * counts, and none else.
 *
 * Source: k/k pkg/controller/resourcequota/resource_quota_controller.go.
 */
import { toRevision } from "../../../store/revision.ts";
import { countQuotaOf, countedNames } from "../admission/counted-objects.ts";
import { ApiError } from "../api-error.ts";
import { cloneJson, equalJson, jsonObject } from "../codec/json.ts";
import type { JsonObject } from "../codec/json.ts";
import type { Kind } from "../kinds/kind.ts";
import { resourceQuotaKind } from "../kinds/resource-quota.ts";
import { ownMetadata } from "../kinds/system-fields.ts";
import type { KindStorage, ObjectEvent, ObjectWatcher, StoredObject } from "../storage/kind-storage.ts";
import { objectField } from "../validation/object-fields.ts";
import { LoopShare } from "../loop-share.ts";
import type { SystemClient } from "./system-client.ts";
import { WorkQueue } from "./work-queue.ts";
import type { Timers } from "./work-queue.ts";

/** The name of the service account that this controller writes as. */
export const resourceQuotaControllerName = "resourcequota-controller";

export interface QuotaStatusOptions {
  readonly kinds: readonly Kind[];
  readonly storage: (kind: Kind) => KindStorage;
  readonly client: SystemClient;
  readonly timers: Timers;
  /** Something failed and will be tried again; `quota` is `namespace/name` ("" for the whole). */
  readonly onError: (error: unknown, quota: string) => void;
}

const pageRecords = 500;
const queuedMax = 10_000;
/** What failed as a whole begins anew after this. */
const restartDelayMs = 2000;

interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** Runs until `signal` aborts; resolves then. */
export async function showQuotas(options: QuotaStatusOptions, signal: AbortSignal): Promise<void> {
  const { timers } = options;
  while (!signal.aborted) {
    const queue = new WorkQueue<Place>({ timers, itemsMax: queuedMax, merge: (waiting) => waiting });
    const close = () => queue.close();
    signal.addEventListener("abort", close);
    const worker = writeQueued(options, queue, signal);
    try {
      await new QuotaFollower(options, queue).run(signal);
    } catch (error) {
      if (!signal.aborted) options.onError(error, "");
    } finally {
      signal.removeEventListener("abort", close);
      queue.close();
      await worker;
    }
    if (!signal.aborted) await delay(timers, signal);
  }
}

function delay(timers: Timers, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      timer.cancel();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = timers.after(restartDelayMs, end);
    signal.addEventListener("abort", end);
  });
}

/** Queues quotas when they change, and when the number of what they count does. */
class QuotaFollower {
  readonly #options: QuotaStatusOptions;
  readonly #queue: WorkQueue<Place>;
  readonly #names: ReadonlySet<string>;
  /** What is counted, by namespace and quota. */
  readonly #counted = new Map<string, Map<string, readonly string[]>>();
  readonly #watched = new Map<Kind, { readonly watcher: ObjectWatcher; readonly following: Promise<void> }>();
  #failed: (error: unknown) => void = () => {};

  constructor(options: QuotaStatusOptions, queue: WorkQueue<Place>) {
    this.#options = options;
    this.#queue = queue;
    this.#names = new Set(options.kinds.flatMap(countedNames));
  }

  /** Resolves when `signal` aborts; raises what made following impossible. */
  async run(signal: AbortSignal): Promise<void> {
    const quotas = this.#options.storage(resourceQuotaKind);
    const from = toRevision((await quotas.currentRevision()) + 1);
    await using watcher = quotas.watch("", from);
    const failure = new Promise<never>((_resolve, reject) => (this.#failed = reject));
    const close = () => watcher.close();
    signal.addEventListener("abort", close);
    try {
      if (signal.aborted) return;
      await this.#readAll(quotas);
      await Promise.race([this.#follow(watcher, (event) => this.#take(event)), failure]);
    } finally {
      signal.removeEventListener("abort", close);
      for (const { watcher: counted } of this.#watched.values()) counted.close();
      await Promise.all([...this.#watched.values()].map(({ following }) => following));
    }
  }

  async #readAll(quotas: KindStorage): Promise<void> {
    let after: string | undefined;
    do {
      const page = await quotas.list({ namespace: "", after, limit: pageRecords });
      for (const object of page.objects) await this.#note(object);
      after = page.continueAfter;
    } while (after !== undefined);
  }

  async #follow(watcher: ObjectWatcher, take: (event: ObjectEvent) => Promise<void>): Promise<void> {
    for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
      for (const event of batch.events) await take(event);
    }
  }

  async #take(event: ObjectEvent): Promise<void> {
    if (event.object !== undefined) return this.#note(event.object);
    const previous = await event.previous();
    const quotas = previous && this.#counted.get(previous.namespace);
    if (quotas?.delete(previous?.name ?? "") === true && quotas.size === 0) {
      this.#counted.delete(previous?.namespace ?? "");
    }
  }

  async #note(quota: StoredObject): Promise<void> {
    const { namespace, name } = quota;
    const counted = [...countQuotaOf(quota, this.#names).hard.keys()];
    const quotas = this.#counted.get(namespace) ?? new Map<string, readonly string[]>();
    this.#counted.set(namespace, quotas.set(name, counted));
    for (const kind of this.#options.kinds) {
      if (countedNames(kind).some((counts) => counted.includes(counts))) await this.#watch(kind);
    }
    await this.#enqueue({ namespace, name });
  }

  async #watch(kind: Kind): Promise<void> {
    if (this.#watched.has(kind)) return;
    const storage = this.#options.storage(kind);
    const watcher = storage.watch("", toRevision((await storage.currentRevision()) + 1));
    const names = countedNames(kind);
    const following = this.#follow(watcher, (event) => this.#countChanged(event, names))
      .catch((error: unknown) => this.#failed(error))
      .finally(() => watcher.close());
    this.#watched.set(kind, { watcher, following });
  }

  async #countChanged(event: ObjectEvent, names: readonly string[]): Promise<void> {
    if (event.object !== undefined && event.existed) return;
    const namespace = (event.object ?? (await event.previous()))?.namespace ?? "";
    for (const [name, counted] of this.#counted.get(namespace) ?? []) {
      if (names.some((counts) => counted.includes(counts))) await this.#enqueue({ namespace, name });
    }
  }

  async #enqueue(place: Place): Promise<void> {
    await this.#queue.room();
    this.#queue.add(`${place.namespace}/${place.name}`, place);
  }
}

async function writeQueued(options: QuotaStatusOptions, queue: WorkQueue<Place>, signal: AbortSignal): Promise<void> {
  const share = new LoopShare(8);
  for (let item = await queue.take(); item !== undefined; item = await queue.take()) {
    try {
      await share.step();
      await write(options, item.work);
      queue.done(item.key);
    } catch (error) {
      if (!signal.aborted) options.onError(error, item.key);
      queue.retry(item.key, item.work);
    }
  }
}

async function write(options: QuotaStatusOptions, { namespace, name }: Place): Promise<void> {
  const quota = await options.storage(resourceQuotaKind).get(namespace, name);
  if (quota === undefined) return;
  const status = await statusOf(options, quota);
  if (equalJson(status, objectField(quota.header(), "status"))) return;
  try {
    await options.client.changeSubresource(
      resourceQuotaKind,
      { namespace, name, subresource: "status" },
      (previous) => {
        const next = previous.tree();
        next["status"] = cloneJson(status);
        delete ownMetadata(next)["resourceVersion"];
        return next;
      },
    );
  } catch (error) {
    const isGone = error instanceof ApiError && error.reason === "NotFound";
    if (!isGone) throw error;
  }
}

async function statusOf({ kinds, storage }: QuotaStatusOptions, quota: StoredObject): Promise<JsonObject> {
  const used = jsonObject();
  const counted = countQuotaOf(quota, new Set(kinds.flatMap(countedNames))).hard;
  for (const kind of kinds) {
    const names = countedNames(kind).filter((name) => counted.has(name));
    if (names.length === 0) continue;
    const count = String(await storage(kind).count(quota.namespace, undefined, undefined));
    for (const name of names) used[name] = count;
  }
  const hard = objectField(objectField(quota.header(), "spec"), "hard");
  return jsonObject([
    ...(Object.keys(hard).length === 0 ? [] : [["hard", cloneJson({ ...hard } as JsonObject)] as const]),
    ...(Object.keys(used).length === 0 ? [] : [["used", used] as const]),
  ]);
}
