/** A store as plainly as it can be said: a copy of everything for every revision. */
import type { Compare, Operation } from "../store.ts";

export interface ModelRecord {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

type ModelState = ReadonlyMap<string, ModelRecord>;

export interface ModelTransaction {
  readonly compares: readonly Compare[];
  readonly thens: readonly ModelOperation[];
  readonly elses: readonly ModelOperation[];
}

export type ModelOperation =
  | { readonly type: "put"; readonly key: string; readonly value: string }
  | Exclude<Operation, { type: "put" }>;

export interface ModelEvent {
  readonly type: "put" | "delete";
  readonly key: string;
  readonly revision: number;
  readonly value: string | undefined;
  readonly previous: string | undefined;
}

export class Model {
  readonly #states: ModelState[] = [new Map()];
  compacted = 0;

  get revision(): number {
    return this.#states.length - 1;
  }

  at(revision: number = this.revision): ModelState {
    return this.#states[revision]!; // callers stay at or below the newest
  }

  range(prefix: string, revision?: number): ModelRecord[] {
    return [...this.at(revision).values()]
      .filter(({ key }) => key.startsWith(prefix))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Returns whether it succeeded, and what each operation found or removed. */
  txn({ compares, thens, elses }: ModelTransaction): { succeeded: boolean; results: (ModelRecord | undefined)[] } {
    const succeeded = compares.every((compare) => holds(compare, this.at().get(compare.key)));
    const next = new Map(this.at());
    const revision = this.revision + 1;
    let hasWritten = false;
    const results = (succeeded ? thens : elses).map((operation) => {
      const { key } = operation;
      const before = next.get(key);
      if (operation.type === "get") return before;
      if (operation.type === "delete") {
        hasWritten = next.delete(key) || hasWritten;
        return before;
      }
      hasWritten = true;
      next.set(key, {
        key,
        value: operation.value,
        createRevision: before?.createRevision ?? revision,
        modRevision: revision,
        version: (before?.version ?? 0) + 1,
      });
      return undefined;
    });
    if (hasWritten) this.#states.push(next);
    return { succeeded, results };
  }

  /** The bytes change in every revision at which this record was the current one. */
  rewrite(key: string, expected: number, value: string): boolean {
    const current = this.at().get(key);
    if (current?.modRevision !== expected) return false;
    for (let revision = expected; revision <= this.revision; revision++) {
      const state = new Map(this.at(revision));
      this.#states[revision] = state.set(key, { ...state.get(key)!, value }); // it was current from `expected` on
    }
    return true;
  }

  /** Every event of a prefix from a revision on, in no order within one revision. */
  events(prefix: string, from: number): ModelEvent[] {
    const events: ModelEvent[] = [];
    for (let revision = from; revision <= this.revision; revision++) {
      const before = this.at(revision - 1);
      const after = this.at(revision);
      for (const key of new Set([...before.keys(), ...after.keys()])) {
        const record = after.get(key);
        const previous = before.get(key);
        const hasChanged = record ? record.modRevision === revision : previous !== undefined;
        if (!hasChanged || !key.startsWith(prefix)) continue;
        // Deleted and put again cannot happen within one revision: a key is written at most once.
        events.push({
          type: record ? "put" : "delete",
          key,
          revision,
          value: record?.value,
          previous: previous?.value,
        });
      }
    }
    return events;
  }
}

function holds({ target, relation, value }: Compare, record: ModelRecord | undefined): boolean {
  const actual =
    target === "version" ? record?.version : target === "mod-revision" ? record?.modRevision : record?.createRevision;
  const number = actual ?? 0;
  return { "=": number === value, "!=": number !== value, "<": number < value, ">": number > value }[relation];
}
