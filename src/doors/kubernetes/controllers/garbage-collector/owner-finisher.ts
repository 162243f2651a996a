/**
 * What happens to the dependents of an object that was deleted, or is being
 * deleted and waits for the garbage collector.
 *
 * Source: k/k pkg/controller/garbagecollector/garbagecollector.go
 * (processDeletingDependentsItem, attemptToOrphanWorker).
 */
import { foregroundFinalizer, orphanFinalizer } from "../../../../core/owners/object-links.ts";
import type { Dependent, OwnerIndex, PendingOwner } from "../../../../core/owners/owner-index.ts";
import { isTerminating } from "../../storage/object-fields.ts";
import { stringsField } from "../../validation/object-fields.ts";
import type { LoopShare } from "../../loop-share.ts";
import type { DependentCollector, LiveObject } from "./dependent-collector.ts";

const pageDependents = 100;
/** Dependents worked on at the same time: their writes share the disk's syncs, and requests still get their turn. */
const concurrentDependents = 16;
/** Longest way that is searched for a cycle, in objects. */
const cycleMax = 1000;

export interface OwnerFinisherOptions {
  readonly index: OwnerIndex;
  readonly dependents: DependentCollector;
  readonly share: LoopShare;
  readonly signal: AbortSignal;
}

export class OwnerFinisher {
  readonly #index: OwnerIndex;
  readonly #dependents: DependentCollector;
  readonly #share: LoopShare;
  readonly #signal: AbortSignal;

  constructor(options: OwnerFinisherOptions) {
    this.#index = options.index;
    this.#dependents = options.dependents;
    this.#share = options.share;
    this.#signal = options.signal;
  }

  /**
   * One look at a pending owner. Resolves to `waiting` when it has to be looked at again once a dependent of it goes.
   * With `again` its dependents have been asked to go before. Raises what keeps a dependent, to be tried again.
   */
  async finish(pending: PendingOwner, again: boolean): Promise<"finished" | "waiting"> {
    const live = await this.#dependents.find(pending);
    if (live === undefined) {
      await this.#forEachDependent(pending.uid, (dependent) => this.#dependents.collect(dependent));
    } else if (isTerminating(live.object.header())) {
      const finalizers = stringsField(live.object.metadata(), "finalizers");
      if (finalizers.includes(foregroundFinalizer)) {
        if (!again) await this.#askToGo(live);
        if (await this.#isBlocked(pending.uid)) return "waiting";
        await this.#dependents.dropFinalizer(live, foregroundFinalizer);
      } else if (finalizers.includes(orphanFinalizer)) {
        await this.#forEachDependent(pending.uid, (dependent) => this.#orphan(dependent, pending.uid));
        await this.#dependents.dropFinalizer(live, orphanFinalizer);
      }
    }
    // Without its finalizer the owner may be gone, which made it pending again: then this is no more its record.
    await this.#index.settle(pending);
    return "finished";
  }

  /** The dependents of an object that waits for them - unless it waits, by way of them, for itself. */
  async #askToGo(live: LiveObject): Promise<void> {
    await this.#forEachDependent(live.uid, (dependent) => this.#dependents.collect(dependent));
    if (await this.#waitsForItself(live.uid)) await this.#dependents.unblock(live);
  }

  /**
   * Objects that own each other and are all deleted in the foreground would wait for ever, as they do upstream. The
   * last of them to be deleted finds the others waiting.
   */
  async #waitsForItself(uid: string): Promise<boolean> {
    const seen = new Set([uid]);
    for (const waiting of seen) {
      for await (const dependent of this.#blocking(waiting)) {
        if (dependent.uid === uid) return true;
        if (seen.size < cycleMax && (await this.#dependents.isWaiting(dependent))) seen.add(dependent.uid);
      }
    }
    return false;
  }

  async #orphan(dependent: Dependent, ownerUid: string): Promise<void> {
    const live = await this.#dependents.find(dependent);
    if (live !== undefined) await this.#dependents.dropReferences(live, new Set([ownerUid]));
  }

  async #isBlocked(uid: string): Promise<boolean> {
    for await (const _ of this.#blocking(uid)) return true;
    return false;
  }

  /** The dependents that keep their owner from going. */
  async *#blocking(uid: string): AsyncGenerator<Dependent> {
    let after: string | undefined;
    do {
      const page = await this.#index.dependentsOf(uid, after, pageDependents);
      for (const dependent of page.dependents) {
        await this.#share.step();
        if (blocksOwner(dependent)) yield dependent;
      }
      after = page.next;
    } while (after !== undefined);
  }

  /** Works on all dependents, those after a failure too; raises the first failure at the end. */
  async #forEachDependent(uid: string, action: (dependent: Dependent) => Promise<void>): Promise<void> {
    const failures: unknown[] = [];
    let after: string | undefined;
    do {
      const page = await this.#index.dependentsOf(uid, after, pageDependents);
      const left = page.dependents.values();
      const work = async () => {
        for (const dependent of left) {
          this.#signal.throwIfAborted();
          await this.#share.step();
          await action(dependent).catch((error: unknown) => failures.push(error));
        }
      };
      await Promise.all(Array.from({ length: concurrentDependents }, work));
      after = page.next;
    } while (after !== undefined);
    if (failures.length > 0) throw failures[0];
  }
}

function blocksOwner(dependent: Dependent): boolean {
  return dependent.references.some((reference) => reference.blockOwnerDeletion);
}
