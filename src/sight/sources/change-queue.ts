/**
 * Changes on their way from whoever reads a source to whoever keeps a graph: merged by object while nobody takes them, and bounded.
 */
import { gapKey } from "../facts/coverage-gap.ts";
import { factKey } from "../facts/fact-set.ts";
import type { FactChange, FactChanges } from "./source.ts";

export interface QueueBounds {
  /** Objects that wait, beyond which readers wait too. */
  readonly waitingMax: number;
  /** Changes that are taken at once. */
  readonly batchMax: number;
}

export const queueBounds: QueueBounds = { waitingMax: 20_000, batchMax: 5_000 };

export class ChangeQueue implements AsyncIterable<FactChanges> {
  readonly #bounds: QueueBounds;
  readonly #now: () => Date;
  /** In the order of the last change of each. */
  readonly #waiting = new Map<string, FactChange>();
  #lastAt: Date;
  #ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(bounds: QueueBounds = queueBounds, now: () => Date = () => new Date()) {
    this.#bounds = bounds;
    this.#now = now;
    this.#lastAt = now();
  }

  /** Takes the place of what waits of the same object. Whoever pushes much asks for {@link room} first. */
  push(change: FactChange): void {
    const key = keyOf(change);
    this.#waiting.delete(key);
    this.#waiting.set(key, change);
    this.#lastAt = this.#now();
    this.#wake();
  }

  /** Resolves when there is room, or the queue has ended. */
  async room(): Promise<void> {
    while (this.#waiting.size >= this.#bounds.waitingMax && !this.#ended) await this.#changed.promise;
  }

  /** What waits is still taken; then the iteration ends. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FactChanges> {
    for (;;) {
      const changes = this.#take();
      if (changes.length > 0) yield { changes, at: this.#lastAt };
      else if (this.#ended) return;
      else await this.#changed.promise;
    }
  }

  #take(): FactChange[] {
    const changes: FactChange[] = [];
    for (const [key, change] of this.#waiting) {
      if (changes.length >= this.#bounds.batchMax) break;
      changes.push(change);
      this.#waiting.delete(key);
    }
    if (changes.length > 0) this.#wake();
    return changes;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** A gap and its end are about one thing, and so are a fact and its end. */
function keyOf(change: FactChange): string {
  switch (change.type) {
    case "put":
      return `fact\n${factKey(change.fact)}`;
    case "delete":
      return `fact\n${factKey(change)}`;
    case "gap":
      return `gap\n${gapKey(change.gap)}`;
    case "known":
      return `gap\n${gapKey(change)}`;
    case "problem":
      return `problem\n${change.problem.at.file}\n${change.problem.message}`;
    default:
      return change satisfies never;
  }
}
