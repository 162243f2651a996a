/**
 * Collects objects whose owners are gone.
 *
 * The facts are in the store: the owner index and the records of pending owners,
 * both written in the transactions that make them true (core/owners). So the
 * collector keeps nothing that a crash could lose. It begins with the pending
 * owners and the changes of the index since its cursor - or, when that is too far
 * back, with one walk over the index, never over all objects - and then follows
 * the index.
 *
 * Source: k/k pkg/controller/garbagecollector.
 */
import { isStrongroomError } from "../../../../errors/strongroom-error.ts";
import type { OwnerFacts } from "../../../../core/owners/owner-facts.ts";
import type {
  Dependent,
  IndexChange,
  OwnerIndex,
  OwnerIndexWatcher,
  PendingOwner,
} from "../../../../core/owners/owner-index.ts";
import { ownerSegment } from "../../../../core/registry-keys.ts";
import type { OwnerSegment } from "../../../../core/registry-keys.ts";
import { toRevision } from "../../../../store/revision.ts";
import type { Revision } from "../../../../store/revision.ts";
import type { Kind } from "../../kinds/kind.ts";
import { apiVersionOf } from "../../response/encode-object.ts";
import type { KindStorage } from "../../storage/kind-storage.ts";
import { LoopShare } from "../../loop-share.ts";
import type { SystemClient } from "../system-client.ts";
import { WorkQueue } from "../work-queue.ts";
import type { Timers } from "../work-queue.ts";
import { DependentCollector } from "./dependent-collector.ts";
import { OwnerFinisher } from "./owner-finisher.ts";

/** The name of the service account that this controller writes as. */
export const garbageCollectorName = "generic-garbage-collector";

export interface GarbageCollectorOptions {
  readonly index: OwnerIndex;
  readonly owners: OwnerFacts;
  /** All kinds that are served: each can own and be owned. */
  readonly kinds: readonly Kind[];
  readonly storage: (kind: Kind) => KindStorage;
  readonly client: SystemClient;
  readonly timers: Timers;
  /** Something failed and will be tried again; `object` names it ("" for the whole). */
  readonly onError: (error: unknown, object: string) => void;
}

type Work =
  | { readonly type: "owner"; readonly owner: PendingOwner }
  | { readonly type: "waiting-owner"; readonly owner: PendingOwner }
  | { readonly type: "reference"; readonly dependent: Dependent }
  | { readonly type: "unreferred"; readonly owner: OwnerSegment };

const workersMax = 4;
/** Most work remembered; beyond it the collector reads the index no further until some is done. */
const queuedMax = 10_000;
const pageRecords = 500;
/** How often the cursor is saved, when it has moved. */
const cursorIntervalMs = 60_000;
/** Without a change of the index, the cursor is saved when the store has moved so far. */
const cursorLagMax = 10_000;
/** A cursor further back than this many revisions is given up for a walk over the index. */
const replayMax = 100_000;
/** What failed as a whole (history gone, store away) begins anew after this. */
const restartDelayMs = 2000;

export class GarbageCollector {
  readonly #options: GarbageCollectorOptions;
  readonly #stop = new AbortController();
  readonly #dependents: DependentCollector;
  readonly #finisher: OwnerFinisher;
  readonly #queue: WorkQueue<Work>;
  readonly #knownKinds: string;
  readonly #share = new LoopShare();
  /** Owners that go once their blocking dependents are gone. */
  readonly #waiting = new Map<OwnerSegment, PendingOwner>();
  #watcher: OwnerIndexWatcher | undefined;
  /** Everything up to here is in the queue. */
  #seen = toRevision(0);
  #saved = toRevision(0);
  #changedSinceSaved = false;
  #idleAtStop: boolean | undefined;
  #seenWaiters: (() => void)[] = [];

  constructor(options: GarbageCollectorOptions) {
    this.#options = options;
    this.#knownKinds = options.kinds
      .map((kind) => `${apiVersionOf(kind)}/${kind.kind}`)
      .toSorted()
      .join(" ");
    const { index, timers } = options;
    this.#dependents = new DependentCollector(options);
    this.#finisher = new OwnerFinisher({
      index,
      dependents: this.#dependents,
      share: this.#share,
      signal: this.#stop.signal,
    });
    this.#queue = new WorkQueue<Work>({ timers, itemsMax: queuedMax, merge: mergeWork });
  }

  /** Runs until {@link stop}; resolves then. */
  async run(): Promise<void> {
    const workers = Array.from({ length: workersMax }, () => this.#work());
    let walk = false;
    while (!this.#stop.signal.aborted) {
      try {
        await this.#follow(walk);
      } catch (error) {
        walk = isStrongroomError(error, "compacted");
        if (!walk) this.#options.onError(error, "");
        if (!walk) await this.#delay(restartDelayMs);
      }
    }
    await Promise.all(workers);
  }

  /** Ends {@link run} after what is being written. Idempotent. */
  stop(): void {
    this.#idleAtStop ??= this.#queue.isIdle;
    this.#stop.abort();
    this.#watcher?.close();
    this.#queue.close();
    this.#wakeSeen();
  }

  /**
   * Resolves when nothing is left to do for what was committed before the call, and for what that led to. For tests
   * and for who has to wait until deletions are complete.
   */
  async settled(): Promise<void> {
    for (let revision = toRevision(0); ;) {
      await this.#queue.idle();
      const current = await this.#options.index.currentRevision();
      if (this.#stop.signal.aborted || (current === revision && this.#seen >= current && this.#queue.isIdle)) return;
      revision = current;
      await this.#hasSeen(current);
    }
  }

  async #hasSeen(revision: Revision): Promise<void> {
    while (this.#seen < revision && !this.#stop.signal.aborted) {
      const moved = new Promise<void>((resolve) => this.#seenWaiters.push(resolve));
      this.#watcher?.requestProgress();
      await moved;
    }
  }

  #wakeSeen(): void {
    for (const waiter of this.#seenWaiters.splice(0)) waiter();
  }

  /** Queues what a start has to look at, then every change. */
  async #follow(walk: boolean): Promise<void> {
    const { index } = this.#options;
    const current = await index.currentRevision();
    const cursor = walk ? undefined : await index.cursor(this.#knownKinds);
    const resumes = cursor !== undefined && current - cursor <= replayMax;
    await using watcher = index.watch(toRevision((resumes ? cursor : current) + 1));
    this.#watcher = watcher;
    this.#saved = resumes ? cursor : toRevision(0);
    this.#changedSinceSaved = !resumes;
    if (this.#stop.signal.aborted) return;
    await this.#queuePendingOwners();
    if (!resumes) await this.#queueAllReferences();
    // Once stopped, the queue takes nothing more: what was read since has not been seen, nor may a cursor say so.
    if (this.#stop.signal.aborted) return;
    this.#see(resumes ? cursor : current);
    let due = false;
    const timer = this.#every(cursorIntervalMs, () => {
      due = true;
      watcher.requestProgress();
    });
    try {
      for (let batch = await watcher.next(); batch !== undefined; batch = await watcher.next()) {
        for (const change of batch.changes) await this.#queueChange(change);
        if (this.#stop.signal.aborted) break;
        if (batch.changes.length > 0) this.#changedSinceSaved = true;
        this.#see(batch.revision);
        if (due && (await this.#saveCursor())) due = false;
      }
      await this.#saveCursor();
    } finally {
      timer.cancel();
      this.#watcher = undefined;
    }
  }

  #see(revision: Revision): void {
    this.#seen = revision;
    this.#wakeSeen();
  }

  async #queuePendingOwners(): Promise<void> {
    let after: string | undefined;
    do {
      const page = await this.#options.index.pendingOwners(after, pageRecords);
      for (const owner of page.owners) await this.#add({ type: "owner", owner });
      after = page.next;
    } while (after !== undefined);
  }

  async #queueAllReferences(): Promise<void> {
    let after: string | undefined;
    do {
      const page = await this.#options.index.allDependents(after, pageRecords);
      for (const dependent of page.dependents) {
        await this.#share.step();
        await this.#add({ type: "reference", dependent });
      }
      after = page.next;
    } while (after !== undefined);
  }

  async #queueChange(change: IndexChange): Promise<void> {
    switch (change.type) {
      case "owner-pending":
        return this.#add({ type: "owner", owner: change.owner });
      case "reference-added":
        return this.#add({ type: "reference", dependent: change.dependent });
      case "reference-removed": {
        const owner = this.#waiting.get(change.owner);
        if (owner !== undefined) await this.#add({ type: "waiting-owner", owner });
        return this.#add({ type: "unreferred", owner: change.owner });
      }
      default:
        return change satisfies never;
    }
  }

  async #add(work: Work): Promise<void> {
    await this.#queue.room();
    this.#queue.add(keyOf(work), work);
  }

  async #work(): Promise<void> {
    for (let item = await this.#queue.take(); item !== undefined; item = await this.#queue.take()) {
      try {
        await this.#share.step();
        await this.#process(item.work);
        this.#queue.done(item.key);
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#options.onError(error, nameOf(item.work));
        this.#queue.retry(item.key, item.work);
      }
    }
  }

  async #process(work: Work): Promise<void> {
    switch (work.type) {
      case "owner":
      case "waiting-owner":
        return this.#finish(work.owner, work.type === "waiting-owner");
      case "reference": {
        const { references, namespace } = work.dependent;
        if (await this.#dependents.isLoose(references, namespace)) await this.#dependents.collect(work.dependent);
        return;
      }
      case "unreferred":
        return this.#options.index.forgetUnreferred(work.owner);
      default:
        return work satisfies never;
    }
  }

  async #finish(owner: PendingOwner, again: boolean): Promise<void> {
    const pending = await this.#options.index.pendingOwner(owner.uid);
    const segment = ownerSegment(owner.uid);
    // Before looking: a dependent that goes while we look makes us look again.
    if (pending !== undefined) this.#waiting.set(segment, pending);
    const state = pending === undefined ? "finished" : await this.#finisher.finish(pending, again);
    if (state === "finished") this.#waiting.delete(segment);
  }

  /** Saves how far everything has been dealt with; returns whether it has been, and needs no other try. */
  async #saveCursor(): Promise<boolean> {
    if (!(this.#idleAtStop ?? this.#queue.isIdle)) return false;
    const moved = this.#seen - this.#saved;
    if (moved > cursorLagMax || (moved > 0 && this.#changedSinceSaved)) {
      this.#saved = this.#seen;
      this.#changedSinceSaved = false;
      await this.#options.index.saveCursor(this.#saved, this.#knownKinds);
    }
    return true;
  }

  #every(intervalMs: number, action: () => void): { cancel(): void } {
    let timer: { cancel(): void } | undefined;
    const arm = () => {
      timer = this.#options.timers.after(intervalMs, () => {
        action();
        arm();
      });
    };
    arm();
    return { cancel: () => timer?.cancel() };
  }

  #delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(ms, resolve);
      this.#stop.signal.addEventListener("abort", () => {
        timer.cancel();
        resolve();
      });
    });
  }
}

/** Looking at all dependents of an owner includes looking whether it is still blocked. */
function mergeWork(waiting: Work, added: Work): Work {
  return waiting.type === "owner" ? waiting : added;
}

/** One look at an owner at a time, whatever called for it. */
function keyOf(work: Work): string {
  switch (work.type) {
    case "owner":
    case "waiting-owner":
      return `owner ${work.owner.uid}`;
    case "reference":
      return `reference ${work.dependent.references[0]?.uid ?? ""} ${nameOf(work)}`;
    case "unreferred":
      return `unreferred ${work.owner}`;
    default:
      return work satisfies never;
  }
}

function nameOf(work: Work): string {
  if (work.type === "unreferred") return work.owner;
  const { resource, group, namespace, name } = work.type === "reference" ? work.dependent : work.owner;
  return `${resource}.${group} ${namespace}/${name}`;
}
